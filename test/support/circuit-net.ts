import type { TorError } from '../../src/base/errors/index.ts';
import type { Clock, Random, Timer, Timers } from '../../src/base/runtime/index.ts';
import { type X25519KeyPair, x25519KeyPair } from '../../src/crypto/primitives/index.ts';
import type { Channel, ChannelPeer, ChannelState, CircuitHandler } from '../../src/protocol/channel/index.ts';
import {
  answerCreate,
  type CircuitParams,
  defaultCircuitParams,
  type ExitConfluxSets,
  type ExtendRequest,
  type HopTarget,
  RelayCircuit,
  type RelayCircuitRole,
} from '../../src/protocol/circuit/index.ts';
import type { IncomingStream, StreamBegin, StreamHandler } from '../../src/protocol/stream/index.ts';
import { CellCommand, DestroyReason } from '../../src/wire/cell/index.ts';
import { parseProtover } from '../../src/wire/protover/index.ts';
import type { ResolvedAnswer } from '../../src/wire/relaymsg/index.ts';
import { seededRandom } from './fake-runtime.ts';

interface SimEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A world of its own time: everything that happens is an event in a queue, so a run is always the same. */
export class SimWorld {
  readonly random: Random;
  #nowMs = 1000;
  #order = 0;
  #events: SimEvent[] = [];

  readonly clock: Clock = { now: () => this.#nowMs, monotonic: () => this.#nowMs };
  readonly timers: Timers = {
    after: (delayMs, callback): Timer => {
      let cancelled = false;
      this.at(this.#nowMs + delayMs, () => {
        if (!cancelled) callback();
      });
      return {
        cancel: () => {
          cancelled = true;
        },
      };
    },
    soon: (callback) => this.at(this.#nowMs, callback),
  };

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, run: () => void): void {
    const event = { atMs, order: this.#order++, run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  /** Runs until nothing is left to happen, or `untilMs` have passed; promises settle in between. */
  async run(forMs = Number.POSITIVE_INFINITY): Promise<void> {
    const untilMs = this.#nowMs + forMs;
    for (;;) {
      for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#events.length === 0 || this.#events[0]!.atMs > untilMs) break;
      this.runSync(untilMs);
    }
    if (forMs !== Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** The same without promises. */
  runSync(untilMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) return;
      this.#events.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
  }
}

interface QueuedCell {
  readonly circId: number;
  readonly command: number;
  readonly body: Uint8Array;
}

export interface LinkOptions {
  readonly latencyMs?: number;
  /** Cells a millisecond; unlimited by default. */
  readonly rate?: number;
}

const highWater = 256;
const lowWater = 10;

/** One end of a link without TLS: same promises as the real channel. */
export class SimChannel implements Channel {
  static #ids = 0;
  readonly id = ++SimChannel.#ids;
  readonly linkProtocol = 5;
  readonly role: 'initiator' | 'responder';
  readonly peer: ChannelPeer;
  state: ChannelState = 'open';
  /** Sees each cell before the circuit does; may change it, or swallow it by saying false. */
  tap: ((circId: number, command: number, body: Uint8Array) => boolean | undefined) | undefined;
  onCreate: ((channel: Channel, circId: number, command: number, body: Uint8Array) => void) | undefined;
  /** What was sent, by command. */
  readonly sentCommands: number[] = [];
  readonly #world: SimWorld;
  readonly #options: LinkOptions;
  readonly #handlers = new Map<number, CircuitHandler>();
  readonly #waiting = new Map<number, number>();
  readonly #full = new Set<number>();
  #other: SimChannel | undefined;
  #queue: QueuedCell[] = [];
  #flushing = false;
  #nextId = 1;

  constructor(world: SimWorld, role: 'initiator' | 'responder', peer: ChannelPeer, options: LinkOptions) {
    this.#world = world;
    this.role = role;
    this.peer = peer;
    this.#options = options;
  }

  connect(other: SimChannel): void {
    this.#other = other;
  }

  get openCircuits(): number {
    return this.#handlers.size;
  }

  openCircuit(handler: CircuitHandler): number {
    const id = (this.role === 'initiator' ? 0x80000000 : 0) + this.#nextId++;
    this.#handlers.set(id, handler);
    return id;
  }

  acceptCircuit(circId: number, handler: CircuitHandler): void {
    if (this.#handlers.has(circId)) throw new Error('circuit id in use');
    this.#handlers.set(circId, handler);
  }

  send(circId: number, command: number, body: Uint8Array): boolean {
    const copy = new Uint8Array(509);
    copy.set(body);
    this.sentCommands.push(command);
    this.#queue.push({ circId, command, body: copy });
    const waiting = (this.#waiting.get(circId) ?? 0) + 1;
    this.#waiting.set(circId, waiting);
    this.#schedule();
    if (waiting < highWater) return true;
    this.#full.add(circId);
    return false;
  }

  queuedCells(circId: number): number {
    return this.#waiting.get(circId) ?? 0;
  }

  oldestQueuedMs(_circId: number): number | undefined {
    return undefined;
  }

  destroy(circId: number, reason: number): void {
    if (!this.#handlers.has(circId)) return;
    this.release(circId);
    this.#queue.push({ circId, command: CellCommand.DESTROY, body: Uint8Array.of(reason) });
    this.#schedule();
  }

  release(circId: number): void {
    this.#handlers.delete(circId);
    this.#queue = this.#queue.filter((cell) => cell.circId !== circId);
    this.#waiting.delete(circId);
    this.#full.delete(circId);
  }

  close(_error?: TorError): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    for (const [circId, handler] of [...this.#handlers]) {
      this.release(circId);
      handler.destroyed(DestroyReason.CHANNEL_CLOSED);
    }
    this.#other?.close();
  }

  /** Puts a cell before the other end as if it had come over the wire. */
  inject(circId: number, command: number, body: Uint8Array): void {
    const cell = new Uint8Array(509);
    cell.set(body);
    this.#other?.receive([{ circId, command, body: cell }]);
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    const { rate } = this.#options;
    this.#world.at(this.#world.nowMs + (rate === undefined ? 0 : 1), () =>
      this.#flush(rate ?? Number.POSITIVE_INFINITY),
    );
  }

  #flush(count: number): void {
    this.#flushing = false;
    const run = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(run.length);
    this.#world.at(this.#world.nowMs + (this.#options.latencyMs ?? 0), () => this.#other?.receive(run));
    for (const { circId } of run) {
      const waiting = (this.#waiting.get(circId) ?? 1) - 1;
      this.#waiting.set(circId, waiting);
      if (waiting > lowWater || !this.#full.delete(circId)) continue;
      this.#handlers.get(circId)?.writable();
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  receive(cells: readonly QueuedCell[]): void {
    cells.forEach(({ circId, command, body }, i) => {
      if (this.tap?.(circId, command, body) === false) return;
      const handler = this.#handlers.get(circId);
      if (handler === undefined) {
        if (command === CellCommand.CREATE_FAST || command === CellCommand.CREATE2) {
          this.onCreate?.(this, circId, command, body);
        }
        return;
      }
      if (command === CellCommand.DESTROY) {
        this.release(circId);
        handler.destroyed(body[0]!);
        return;
      }
      handler.cell(command, body);
      if (cells[i + 1]?.circId !== circId) handler.runEnd?.();
    });
  }
}

export const modernProtover = parseProtover('FlowCtrl=1-2 Relay=2-6 Link=3-5');
export const congestionProtover = parseProtover('FlowCtrl=1-2 Relay=2-4 Link=3-5');
export const oldProtover = parseProtover('FlowCtrl=1 Relay=2-3 Link=3-5');

export interface SimRelayOptions {
  readonly params?: CircuitParams;
  readonly protover?: HopTarget['protover'];
  readonly cgo?: boolean;
}

/** A relay that only makes and extends circuits; what it does with streams is up to the test. */
export class SimRelay implements RelayCircuitRole {
  readonly rsa: Uint8Array;
  readonly ed25519: Uint8Array;
  readonly onionKey: X25519KeyPair;
  readonly circuits: RelayCircuit[] = [];
  readonly messages: { readonly command: number; readonly body: Uint8Array }[] = [];
  readonly closedReasons: number[] = [];
  readonly options: SimRelayOptions;
  readonly net: SimNet;
  onStream: (stream: IncomingStream, begin: StreamBegin) => StreamHandler | number = () => 4;
  onResolve:
    | ((name: string, answer: (answers: readonly ResolvedAnswer[]) => void) => (() => void) | undefined)
    | undefined;
  onMessage: ((circuit: RelayCircuit, command: number, body: Uint8Array) => void) | undefined;
  /** Sets of circuits that end here. */
  conflux: ExitConfluxSets | undefined;
  /** Hold EXTEND2 instead of following it. */
  onExtend: ((circuit: RelayCircuit, request: ExtendRequest) => void) | undefined;

  constructor(net: SimNet, options: SimRelayOptions) {
    this.net = net;
    this.options = options;
    this.rsa = net.world.random.bytes(20);
    this.ed25519 = net.world.random.bytes(32);
    this.onionKey = x25519KeyPair(net.world.random);
  }

  get target(): HopTarget {
    return {
      rsa: this.rsa,
      ed25519: this.ed25519,
      ntorKey: this.onionKey.publicKey,
      linkSpecifiers: [{ kind: 'ipv4', address: Uint8Array.of(127, 0, 0, 1), port: 9001 }],
      protover: this.options.protover ?? congestionProtover,
    };
  }

  get params(): CircuitParams {
    return this.options.params ?? defaultCircuitParams;
  }

  accept(channel: Channel, circId: number, command: number, body: Uint8Array): void {
    const { world } = this.net;
    const { conflux } = this;
    const deps = { ...simDeps(world), role: this, ...(conflux && { conflux }) };
    const circuit = new RelayCircuit(deps, { channel, circId, params: this.params });
    this.circuits.push(circuit);
    try {
      const keys = { rsaId: this.rsa, ed25519Id: this.ed25519, onionKeys: [this.onionKey] };
      const { congestion } = this.params;
      circuit.created(answerCreate(world, { command, body }, { keys, congestion, cgo: this.options.cgo ?? true }));
    } catch {
      circuit.close(DestroyReason.TORPROTOCOL);
    }
  }

  extend(circuit: RelayCircuit, request: ExtendRequest): void {
    if (this.onExtend !== undefined) {
      this.onExtend(circuit, request);
      return;
    }
    const next = this.net.relays.find((relay) => Buffer.from(relay.rsa).equals(request.target.rsa));
    if (next === undefined) circuit.close(DestroyReason.CONNECTFAILED);
    else circuit.connectNext(this.net.channel(this, next));
  }

  acceptStream(_circuit: RelayCircuit, begin: StreamBegin, stream: IncomingStream): StreamHandler | number {
    return this.onStream(stream, begin);
  }

  resolve(
    _circuit: RelayCircuit,
    name: string,
    answer: (answers: readonly ResolvedAnswer[]) => void,
  ): (() => void) | undefined {
    return this.onResolve?.(name, answer);
  }

  message(circuit: RelayCircuit, command: number, body: Uint8Array): void {
    this.messages.push({ command, body: body.slice() });
    this.onMessage?.(circuit, command, body);
  }

  closed(_circuit: RelayCircuit, reason: number): void {
    this.closedReasons.push(reason);
  }
}

export const simDeps = (world: SimWorld) => ({ clock: world.clock, timers: world.timers, random: world.random });

/** Relays and the links between them. */
export class SimNet {
  readonly world: SimWorld;
  readonly relays: SimRelay[] = [];
  readonly #link: LinkOptions;
  readonly #channels = new Map<string, SimChannel>();

  constructor(options: LinkOptions & { readonly seed?: number } = {}) {
    this.world = new SimWorld(options.seed);
    this.#link = options;
  }

  addRelays(count: number, options: SimRelayOptions = {}): SimRelay[] {
    const added = Array.from({ length: count }, () => new SimRelay(this, options));
    this.relays.push(...added);
    return added;
  }

  /** A client's link to a relay; `far` is the relay's end of it. */
  clientChannel(to: SimRelay, options: LinkOptions = this.#link): { near: SimChannel; far: SimChannel } {
    const authenticated = { address: '127.0.0.1', port: 9001, authenticated: true };
    const near = new SimChannel(
      this.world,
      'initiator',
      { ...authenticated, rsa: to.rsa, ed25519: to.ed25519 },
      options,
    );
    const far = new SimChannel(this.world, 'responder', { ...authenticated, authenticated: false }, options);
    this.#join(near, far, to);
    return { near, far };
  }

  channel(from: SimRelay, to: SimRelay): SimChannel {
    const key = `${this.relays.indexOf(from)}-${this.relays.indexOf(to)}`;
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const ends = { address: '127.0.0.1', port: 9001, authenticated: true };
    const near = new SimChannel(this.world, 'initiator', { ...ends, rsa: to.rsa, ed25519: to.ed25519 }, this.#link);
    const far = new SimChannel(this.world, 'responder', { ...ends, rsa: from.rsa, ed25519: from.ed25519 }, this.#link);
    this.#join(near, far, to);
    this.#channels.set(key, near);
    return near;
  }

  #join(near: SimChannel, far: SimChannel, owner: SimRelay): void {
    near.connect(far);
    far.connect(near);
    far.onCreate = (channel, circId, command, body) => owner.accept(channel, circId, command, body);
  }
}

/** Remembers everything, takes everything. */
export class Recorder implements StreamHandler {
  readonly chunks: Uint8Array[] = [];
  readonly ends: { readonly reason: number; readonly remote: boolean }[] = [];
  connectedWith: unknown = 'nothing yet';
  bytes = 0;
  runs = 0;
  writables = 0;

  connected(address: unknown): void {
    this.connectedWith = address;
  }

  data(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
    this.bytes += bytes.length;
  }

  dataEnd(): void {
    this.runs++;
  }

  ended(end: { readonly reason: number; readonly remote: boolean }): void {
    this.ends.push(end);
  }

  writable(): void {
    this.writables++;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

/** Bytes that tell their place: any loss, doubling or swap shows. */
export function pattern(length: number, seed = 7): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = seed;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

/** Writes all of `bytes` as room comes, then calls back. */
export function feed(write: (bytes: Uint8Array) => number, bytes: Uint8Array, done?: () => void): () => void {
  let at = 0;
  let finished = false;
  return () => {
    if (finished) return;
    at += write(bytes.subarray(at));
    if (at < bytes.length) return;
    finished = true;
    done?.();
  };
}
