import { TorError } from '../../../base/errors/index.ts';
import { DestroyReason } from '../../../wire/cell/index.ts';
import { ConfluxUx, encodeConfluxSwitch, RelayCommand } from '../../../wire/relaymsg/index.ts';
import {
  type StreamPort,
  StreamTable,
  type StreamTableDeps,
  type StreamTableEvents,
  type StreamTableSettings,
} from '../../stream/index.ts';
import { ConfluxLeg, type EarlyMessage, type LegOwner } from './leg.ts';

export interface ConfluxOptions {
  readonly settings: StreamTableSettings;
  readonly events?: StreamTableEvents;
  /** cfx_max_legs_set */
  readonly maxLegs: number;
  /** cfx_max_oooq_bytes, or less: what may wait for messages that other legs still carry. */
  readonly maxEarlyBytes: number;
  /** Called when the last leg is gone. */
  readonly closed?: () => void;
}

/** What a queued message costs beside its body. */
const earlyOverheadBytes = 100;
const maxRelativeSequence = 0xffffffff;

const violation = (what: string): TorError =>
  new TorError('CIRCUIT_PROTOCOL', `conflux: the far end broke the protocol: ${what}`);

/**
 * Circuits that end at the same two ends and carry one table of streams together. Messages of streams are numbered by
 * their order over all circuits; a SWITCH tells how many went over the others, and what comes too early waits here.
 *
 * C tor never moves what a closed leg still carried: a set that loses a leg in use is torn down.
 *
 * spec: proposal 329; C tor `conflux.c`, `conflux_pool.c`
 */
export class ConfluxSet implements StreamPort {
  readonly congestionControlled = true;
  readonly streams: StreamTable;
  readonly #options: ConfluxOptions;
  #legs: ConfluxLeg[] = [];
  #current: ConfluxLeg | undefined;
  #receiving: ConfluxLeg | undefined;
  /** Legs with messages that came too early, closed legs too. */
  #waiting: ConfluxLeg[] = [];
  #earlyBytes = 0;
  #delivered = 0;
  #minimumRtt = false;
  #closing = false;

  constructor(deps: Omit<StreamTableDeps, 'port'>, options: ConfluxOptions) {
    this.#options = options;
    this.streams = new StreamTable({ ...deps, port: this }, options.settings, options.events ?? {});
  }

  get legCount(): number {
    return this.#legs.length;
  }

  /** Bytes that wait for their turn. */
  get earlyBytes(): number {
    return this.#earlyBytes;
  }

  /** What the set holds in memory, told of one of its legs only. */
  heldBytes(leg: ConfluxLeg): number {
    return leg === this.#legs[0] ? this.#earlyBytes + this.streams.backlogBytes : 0;
  }

  /** Of all that was handed to streams. */
  get delivered(): number {
    return this.#delivered;
  }

  get maxSent(): number {
    return this.#legs.reduce((most, leg) => Math.max(most, leg.lastSent), 0);
  }

  /** At exits: streams and look-ups are answered by the leg over which they are asked for. */
  acceptStreams(): void {
    this.streams.acceptStreams((begin, stream) => {
      const accept = (this.#receiving ?? this.#legs[0])?.owner.acceptStream;
      if (accept === undefined) throw violation(`a ${begin.kind}`);
      return accept(begin, stream);
    });
    this.streams.acceptResolves((name, answer) => {
      const accept = (this.#receiving ?? this.#legs[0])?.owner.acceptResolve;
      if (accept === undefined) throw violation('a RESOLVE');
      return accept(name, answer);
    });
  }

  // Legs.

  /**
   * One more leg. `theirs` is what the far end said in LINK or LINKED. Throws CIRCUIT_PROTOCOL: for too many legs the
   * circuit is closed, for lost data (`setBroken`) the set is.
   */
  addLeg(
    owner: LegOwner,
    theirs: { readonly lastSent: bigint; readonly lastReceived: bigint; readonly desiredUx: number },
  ): ConfluxLeg {
    if (this.#closing) throw violation('a leg for a set that is being closed');
    if (this.#legs.length >= this.#options.maxLegs) throw violation('too many legs');
    if (theirs.lastSent > BigInt(this.#delivered) || theirs.lastReceived > BigInt(this.maxSent)) {
      this.tearDown(DestroyReason.TORPROTOCOL);
      throw violation('data was lost before a leg was added');
    }
    const leg = new ConfluxLeg(owner, {
      lastSent: Number(theirs.lastReceived),
      lastReceived: Number(theirs.lastSent),
    });
    this.#legs.push(leg);
    this.#minimumRtt = theirs.desiredUx !== ConfluxUx.NO_OPINION && theirs.desiredUx !== ConfluxUx.HIGH_THROUGHPUT;
    return leg;
  }

  /** The leg's circuit is closed. With the last one all streams end; with one in use the other legs go too. */
  legClosed(leg: ConfluxLeg, remote: boolean): void {
    const at = this.#legs.indexOf(leg);
    if (at < 0) return;
    this.#legs.splice(at, 1);
    if (this.#legs.length === 0) {
      this.#closing = true;
      this.#waiting = [];
      this.#earlyBytes = 0;
      this.streams.close(remote);
      this.#options.closed?.();
      return;
    }
    const maxReceived = this.#legs.reduce((most, other) => Math.max(most, other.lastReceived), 0);
    const inUse =
      leg === this.#current ||
      leg.end.hasUnacknowledged ||
      leg.lastSent > this.maxSent ||
      leg.lastReceived > maxReceived;
    if (this.#current === leg) this.#current = undefined;
    if (inUse) this.tearDown(DestroyReason.FINISHED);
  }

  tearDown(reason: number): void {
    if (this.#closing) return;
    this.#closing = true;
    for (const leg of [...this.#legs]) leg.owner.close(reason);
  }

  // Receiving.

  /** SWITCH: what follows on this leg comes after so many messages on others. */
  receiveSwitch(leg: ConfluxLeg, relativeSequence: number): void {
    leg.lastReceived += relativeSequence;
  }

  /** A stream message on a leg; handed on, with all that waited for it, or kept until its turn. As `StreamTable.receive`. */
  receive(
    leg: ConfluxLeg,
    command: number,
    streamId: number,
    cell: Uint8Array,
    span: { readonly from: number; readonly to: number },
  ): boolean {
    const sequence = ++leg.lastReceived;
    if (sequence <= this.#delivered) throw violation('a message that was delivered already');
    if (sequence > this.#delivered + 1) {
      this.#keep(leg, { sequence, command, streamId, body: cell.slice(span.from, span.to) });
      return true;
    }
    this.#receiving = leg;
    try {
      this.#delivered++;
      const valid = this.streams.receive(command, streamId, cell, span.from, span.to);
      if (this.#waiting.length > 0) this.#drain();
      return valid;
    } finally {
      this.#receiving = undefined;
    }
  }

  #keep(leg: ConfluxLeg, message: EarlyMessage): void {
    this.#earlyBytes += message.body.length + earlyOverheadBytes;
    if (this.#earlyBytes > this.#options.maxEarlyBytes) {
      throw new TorError('QUEUE_FULL', 'conflux: too many messages wait for those before them');
    }
    if (leg.early.length === 0) this.#waiting.push(leg);
    leg.early.push(message);
  }

  #drain(): void {
    for (;;) {
      const leg = this.#waiting.find(({ early }) => (early[0]?.sequence ?? 0) <= this.#delivered + 1);
      const message = leg?.early.shift();
      if (leg === undefined || message === undefined) return;
      if (leg.early.length === 0) this.#waiting = this.#waiting.filter((other) => other !== leg);
      if (message.sequence <= this.#delivered) throw violation('two messages with one number');
      this.#earlyBytes -= message.body.length + earlyOverheadBytes;
      this.#delivered++;
      this.#receiving = leg;
      this.streams.receive(message.command, message.streamId, message.body, 0, message.body.length);
    }
  }

  // Sending.

  get maxRttMs(): number {
    return this.#legs.reduce((most, leg) => Math.max(most, leg.end.maxRttMs), 0);
  }

  room(): number {
    return this.#nextLeg()?.end.room() ?? 0;
  }

  nextDataLength(available: number): number {
    return (this.#nextLeg() ?? this.#pick()).end.nextDataLength(available);
  }

  sendData(streamId: number, bytes: Uint8Array, from: number, to: number): void {
    const leg = this.#switchTo(this.#nextLeg() ?? this.#pick());
    leg.lastSent++;
    leg.end.sendData(streamId, bytes, from, to);
  }

  /** Messages that are no DATA are never held back; they stay on the leg in use when no leg has room. */
  send(command: number, streamId: number, message: Uint8Array): void {
    if (command === RelayCommand.BEGIN_DIR || command === RelayCommand.SENDME) {
      throw new TorError('INTERNAL', 'a set of circuits carries no such message');
    }
    const leg = this.#switchTo(this.#nextLeg() ?? this.#pick());
    leg.lastSent++;
    leg.end.send(command, streamId, message);
  }

  /** The leg to send on: the quickest of all, or the quickest of those with room. Undefined when it has none. */
  #nextLeg(): ConfluxLeg | undefined {
    if (this.#closing) return undefined;
    let best: ConfluxLeg | undefined;
    for (const leg of this.#legs) {
      const { rttMs } = leg;
      if (rttMs === 0 || (best !== undefined && rttMs >= best.rttMs)) continue;
      if (this.#minimumRtt || leg.end.room() > 0) best = leg;
    }
    return best !== undefined && best.end.room() > 0 ? best : undefined;
  }

  /** The leg in use; at first the quickest. An exit may be asked before any round trip is known. */
  #pick(): ConfluxLeg {
    if (this.#current !== undefined) return this.#current;
    let best = this.#legs[0];
    for (const leg of this.#legs) {
      if (leg.rttMs > 0 && (best === undefined || best.rttMs === 0 || leg.rttMs < best.rttMs)) best = leg;
    }
    if (best === undefined) throw new TorError('CIRCUIT_CLOSED');
    this.#current = best;
    return best;
  }

  #switchTo(leg: ConfluxLeg): ConfluxLeg {
    const current = this.#pick();
    if (leg === current) return leg;
    const relative = current.lastSent - leg.lastSent;
    if (relative < 0 || relative >= maxRelativeSequence) {
      this.tearDown(DestroyReason.TORPROTOCOL);
      throw violation('numbers that do not fit');
    }
    this.#current = leg;
    leg.lastSent = current.lastSent;
    if (relative > 0) leg.end.send(RelayCommand.CONFLUX_SWITCH, 0, encodeConfluxSwitch(relative));
    return leg;
  }
}
