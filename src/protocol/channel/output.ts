import { invariant } from '../../base/errors/index.ts';
import type { Clock, Timers } from '../../base/runtime/index.ts';
import { cellBodyLength, cellLength } from '../../wire/cell/index.ts';
import { blockLength, type CellBuffers, recordLength } from './buffers.ts';
import { CellQueue } from './cell-queue.ts';
import { CircuitHeap } from './circuit-heap.ts';
import type { CircuitSlot } from './circuit-slot.ts';
import type { ChannelParams } from './params.ts';
import type { ChannelTransport } from './transport.ts';

export interface OutputDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly buffers: CellBuffers;
  readonly transport: ChannelTransport;
}

export interface OutputHooks {
  /** Something was given to the socket. */
  wrote(cells: number, nowMs: number): void;
  /** Multiply `sent` of every circuit: their order stays. */
  rescale(factor: number): void;
}

/** A write that the socket did not take within this time means a congested link. */
const slowWriteMs = 5;
/** How long the last write may take once the channel is closed. */
const closeGraceMs = 5000;
/** Half-lives after which `CircuitSlot.sent` is scaled back, long before it could overflow. */
const maxHalflives = 400;

/**
 * What goes out. While the socket keeps up, cells are copied straight into the block of this turn, in order. When it does
 * not, they wait in their circuits' queues, and the circuit that sent least lately goes first (EWMA).
 */
export class ChannelOutput {
  readonly #deps: OutputDeps;
  readonly #hooks: OutputHooks;
  readonly #heap = new CircuitHeap();
  readonly #control = new CellQueue();
  readonly #blocked = new Set<CircuitSlot>();
  readonly #flushSoon = (): void => this.#flush();
  readonly #writeDone = (): void => this.#done();
  #params: ChannelParams;
  #block: Uint8Array | undefined;
  /** Bytes and cells in `#block`. */
  #fill = 0;
  #cells = 0;
  #flying: Uint8Array | undefined;
  #flyingSinceMs = 0;
  #slow = false;
  #scheduled = false;
  #closed = false;
  #ending = false;
  /** What one cell sent now adds to `sent`: doubles every half-life instead of halving everybody's past. */
  #weight = 1;
  #weightEpochMs: number;
  #nowMs: number;

  constructor(deps: OutputDeps, hooks: OutputHooks, params: ChannelParams) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.#params = params;
    this.#nowMs = deps.clock.monotonic();
    this.#weightEpochMs = this.#nowMs;
  }

  setParams(params: ChannelParams): void {
    this.#params = params;
  }

  /** Nothing waits here and the socket has taken everything. */
  get idle(): boolean {
    return this.#fill === 0 && this.#flying === undefined && this.#heap.length === 0 && this.#control.length === 0;
  }

  get controlCells(): number {
    return this.#control.length;
  }

  /** Copies a cell of a circuit; false when the circuit should wait for `writable`. */
  send(slot: CircuitSlot, command: number, body: Uint8Array): boolean {
    if (this.#heap.length === 0 && this.#room() && this.#control.length === 0) {
      this.#append(slot.key, command, body);
      slot.sent += this.#weight;
      return true;
    }
    const cell = this.#deps.buffers.takeCell();
    fillCell(cell, 0, slot.key, command, body);
    slot.queue.push(cell, this.#deps.clock.monotonic());
    if (slot.heapIndex < 0) this.#heap.add(slot);
    if (slot.queue.length < this.#params.queueHighWater) return true;
    slot.blocked = true;
    this.#blocked.add(slot);
    return false;
  }

  /** A cell of the channel itself (DESTROY, padding, NETINFO): before all circuits. */
  sendControl(key: number, command: number, body: Uint8Array): void {
    if (this.#control.length === 0 && this.#room()) {
      this.#append(key, command, body);
      return;
    }
    const cell = this.#deps.buffers.takeCell();
    fillCell(cell, 0, key, command, body);
    this.#control.push(cell, this.#nowMs);
  }

  /** Handshake bytes of any length; only before the first circuit. */
  sendRaw(bytes: Uint8Array): void {
    if (this.#closed) return;
    const block = this.#openBlock();
    invariant(this.#fill + bytes.length <= block.length, 'the link handshake fits one block');
    block.set(bytes, this.#fill);
    this.#fill += bytes.length;
    this.#schedule();
  }

  /** Drops what a circuit has queued. */
  forget(slot: CircuitSlot): void {
    this.#heap.remove(slot);
    this.#blocked.delete(slot);
    for (let cell = slot.queue.shift(); cell !== undefined; cell = slot.queue.shift())
      this.#deps.buffers.giveCell(cell);
  }

  /** Writes what is in the block, then closes the transport. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    for (let cell = this.#control.shift(); cell !== undefined; cell = this.#control.shift()) {
      if (!this.#closed && this.#room()) this.#appendCell(cell);
      this.#deps.buffers.giveCell(cell);
    }
    if (this.#closed || (this.#fill === 0 && this.#flying === undefined)) this.#close();
    else {
      this.#deps.timers.after(closeGraceMs, () => this.#deps.transport.destroy(), { background: true });
      this.#flush();
    }
  }

  /** Whether a cell may join the block of this turn: less when the socket is slow to take the last one. */
  #room(): boolean {
    if (this.#fill < recordLength) return !this.#closed;
    if (this.#closed || this.#slow || this.#fill + cellLength > blockLength) return false;
    // Asked once for each record.
    if (this.#flying !== undefined && this.#fill % recordLength === 0 && this.#flyingMs() > slowWriteMs) {
      this.#slow = true;
      return false;
    }
    return true;
  }

  #flyingMs(): number {
    return this.#deps.clock.monotonic() - this.#flyingSinceMs;
  }

  #openBlock(): Uint8Array {
    if (this.#block === undefined) {
      this.#block = this.#deps.buffers.takeBlock();
      this.#touch();
    }
    return this.#block;
  }

  #append(key: number, command: number, body: Uint8Array): void {
    fillCell(this.#openBlock(), this.#fill, key, command, body);
    this.#grown();
  }

  #appendCell(cell: Uint8Array): void {
    this.#openBlock().set(cell, this.#fill);
    this.#grown();
  }

  #grown(): void {
    this.#fill += cellLength;
    this.#cells++;
    if (this.#scheduled) {
      if (this.#fill + cellLength > blockLength && this.#flying === undefined) this.#flush();
    } else this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#flying !== undefined) return;
    this.#scheduled = true;
    this.#deps.timers.soon(this.#flushSoon);
  }

  /** Once for each block: the time, and the weight of a cell at this time. */
  #touch(): void {
    this.#nowMs = this.#deps.clock.monotonic();
    const halflives = (this.#nowMs - this.#weightEpochMs) / this.#params.priorityHalflifeMs;
    if (halflives > maxHalflives) {
      this.#hooks.rescale(2 ** -Math.min(halflives, 1000));
      this.#weightEpochMs = this.#nowMs;
      this.#weight = 1;
    } else this.#weight = 2 ** halflives;
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#closed || this.#flying !== undefined) return;
    this.#refill();
    const block = this.#block;
    if (block === undefined || this.#fill === 0) return;
    const bytes = block.subarray(0, this.#fill);
    const cells = this.#cells;
    this.#flying = block;
    this.#flyingSinceMs = this.#nowMs;
    this.#block = undefined;
    this.#fill = 0;
    this.#cells = 0;
    this.#hooks.wrote(cells, this.#nowMs);
    this.#deps.transport.write(bytes, this.#writeDone);
    this.#wake();
  }

  /** Fills the block from the queues: control first, then circuits by their past. */
  #refill(): void {
    const limit = this.#slow ? recordLength : blockLength;
    while (this.#fill + cellLength <= limit) {
      const control = this.#control.shift();
      if (control !== undefined) {
        this.#take(control);
        continue;
      }
      const slot = this.#heap.top;
      if (slot === undefined) return;
      const cell = slot.queue.shift();
      if (cell !== undefined) this.#take(cell);
      slot.sent += this.#weight;
      if (slot.queue.length === 0) this.#heap.remove(slot);
      else this.#heap.sinkTop();
    }
  }

  #take(cell: Uint8Array): void {
    this.#openBlock().set(cell, this.#fill);
    this.#fill += cellLength;
    this.#cells++;
    this.#deps.buffers.giveCell(cell);
  }

  #done(): void {
    const block = this.#flying;
    if (block === undefined) return;
    this.#flying = undefined;
    this.#deps.buffers.giveBlock(block);
    this.#slow = this.#flyingMs() > slowWriteMs;
    if (this.#fill > 0 || this.#heap.length > 0 || this.#control.length > 0) this.#flush();
    else if (this.#ending) this.#close();
  }

  /** Tells circuits that have room again. */
  #wake(): void {
    for (const slot of this.#blocked) {
      if (slot.queue.length > this.#params.queueLowWater) continue;
      this.#blocked.delete(slot);
      slot.blocked = false;
      slot.handler.writable();
    }
  }

  #close(): void {
    this.#closed = true;
    if (this.#block !== undefined) this.#deps.buffers.giveBlock(this.#block);
    this.#block = undefined;
    this.#fill = 0;
    this.#deps.transport.close();
  }
}

function fillCell(target: Uint8Array, at: number, key: number, command: number, body: Uint8Array): void {
  target[at] = key >>> 24;
  target[at + 1] = key >>> 16;
  target[at + 2] = key >>> 8;
  target[at + 3] = key;
  target[at + 4] = command;
  target.set(body, at + 5);
  if (body.length < cellBodyLength) target.fill(0, at + 5 + body.length, at + cellLength);
}
