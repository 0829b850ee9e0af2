import { TorError } from '../../base/errors/index.ts';
import { type Deferred, deferred, Emitter } from '../../base/util/index.ts';
import { type ClientLayer, ClientLayers } from '../../crypto/relaycell/index.ts';
import { CellCommand, DestroyReason, decodeCreated2, destroyReasonName, encodeCreate2 } from '../../wire/cell/index.ts';
import {
  decodeConfluxSwitch,
  decodeExtended2,
  decodeTruncate,
  encodeExtend2,
  encodeTruncate,
  isKnownRelayCommand,
  maxMessageLength,
  RelayCommand,
  RelayHeader,
  type ResolvedAnswer,
  relayCommandName,
} from '../../wire/relaymsg/index.ts';
import type { Channel, CircuitHandler } from '../channel/index.ts';
import type { AcceptStream, Stream, StreamBegin, StreamHandler, StreamTable } from '../stream/index.ts';
import { CellCounters } from './cell-counters.ts';
import { type StartedHandshake, specifiersFor, startFast, startHandshake } from './client-handshake.ts';
import { type HopEnd, violation } from './hop-end.ts';
import { type AwaitOptions, Inbox } from './inbox.ts';
import { requestFor } from './negotiate.ts';
import type { OriginCircuitDeps, OriginCircuitOptions } from './origin-circuit-options.ts';
import { type HopOwner, OriginHop } from './origin-hop.ts';
import { FixedWindow } from './package-window.ts';
import type { CircuitParams, CongestionPath } from './params.ts';
import { askResolve } from './resolve.ts';
import { clientStreams, serviceStreams } from './stream-settings.ts';
import type {
  CircuitClosed,
  CircuitCounters,
  CircuitEvents,
  CircuitMessage,
  CircuitState,
  ExtendOptions,
  Hop,
  HopTarget,
  VirtualHopOptions,
} from './types.ts';
import { Vegas } from './vegas.ts';

/** A circuit can carry this many RELAY_EARLY cells; clients use this many or one less. spec: tor-spec 5.6 */
const maxRelayEarly = 8;

let lastId = 0;

interface Pending {
  readonly handshake: StartedHandshake;
  readonly target: HopTarget | undefined;
  readonly done: Deferred<Hop>;
}

/**
 * A circuit that starts here: built hop by hop, then carrying streams and messages to any of its hops.
 *
 * Violations by any hop close it. C tor drops many unexpected messages instead; dropping lets a hostile relay mark a
 * circuit for its accomplices, so here only commands nobody knows yet are dropped.
 *
 * spec: tor-spec 5, 6, 7
 */
export class OriginCircuit implements CircuitHandler, HopOwner {
  readonly id: number;
  readonly events = new Emitter<CircuitEvents>();
  readonly #deps: OriginCircuitDeps;
  readonly #params: CircuitParams;
  readonly #cgo: boolean;
  readonly #hops: OriginHop[] = [];
  readonly #layers = new ClientLayers();
  readonly #header = new RelayHeader();
  readonly #inbox: Inbox;
  readonly #counters = new CellCounters();
  #state: CircuitState = 'building';
  #circId: number | undefined;
  #pending: Pending | undefined;
  #relayEarlyLeft: number;
  #blocked = false;
  #closed: CircuitClosed | undefined;

  constructor(deps: OriginCircuitDeps, options: OriginCircuitOptions) {
    this.#deps = deps;
    this.#params = options.params;
    this.#cgo = options.cgo ?? true;
    this.id = options.id ?? ++lastId;
    this.#inbox = new Inbox(deps.timers);
    this.#relayEarlyLeft = maxRelayEarly - deps.random.below(2);
  }

  get state(): CircuitState {
    return this.#state;
  }

  get channel(): Channel {
    return this.#deps.channel;
  }

  /** The id on the link; undefined before `create`. */
  get circId(): number | undefined {
    return this.#circId;
  }

  get hops(): readonly Hop[] {
    return this.#hops;
  }

  get counters(): CircuitCounters {
    return this.#counters;
  }

  /** Streams of all hops that are not ended. */
  get openStreams(): number {
    let count = 0;
    for (const hop of this.#hops) count += hop.end.streams?.size ?? 0;
    return count;
  }

  /** Why it was closed. */
  get closed(): CircuitClosed | undefined {
    return this.#closed;
  }

  // Building.

  /** One hop without an onion key: a directory circuit. Rejects with HANDSHAKE_FAILED, CIRCUIT_DESTROYED and the like. */
  async createFast(): Promise<Hop> {
    return this.#create(startFast(this.#deps.random), undefined);
  }

  /** The first hop, with its onion key. */
  async create(target: HopTarget, options: ExtendOptions = {}): Promise<Hop> {
    return this.#create(this.#start(target, options), target);
  }

  /** One more hop, through the last one. */
  async extend(target: HopTarget, options: ExtendOptions = {}): Promise<Hop> {
    const last = this.#needHop();
    const handshake = this.#start(target, options);
    const body = encodeExtend2({
      linkSpecifiers: specifiersFor(target),
      handshakeType: handshake.type,
      handshake: handshake.onionskin,
    });
    const promise = this.#expect(handshake, target);
    this.#attempt(() => last.end.send(RelayCommand.EXTEND2, 0, body));
    return promise;
  }

  #start(target: HopTarget, options: ExtendOptions): StartedHandshake {
    const { congestion } = this.#params;
    const request = requestFor(target, { exit: options.exit ?? false, cgo: this.#cgo, congestion });
    return startHandshake(this.#deps.random, target, request, congestion);
  }

  #create(handshake: StartedHandshake, target: HopTarget | undefined): Promise<Hop> {
    this.#needLive();
    if (this.#circId !== undefined) throw new TorError('CIRCUIT_BUSY', 'the circuit has a first hop already');
    const { channel } = this.#deps;
    const promise = this.#expect(handshake, target);
    this.#attempt(() => {
      const fast = handshake.kind === 'fast';
      this.#circId = channel.openCircuit(this);
      const body = fast
        ? handshake.onionskin
        : encodeCreate2({ handshakeType: handshake.type, data: handshake.onionskin });
      channel.send(this.#circId, fast ? CellCommand.CREATE_FAST : CellCommand.CREATE2, body);
    });
    return promise;
  }

  /** A failure to send closes the circuit, and so rejects what waits for the answer. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(TorError.from(error));
    }
  }

  #expect(handshake: StartedHandshake, target: HopTarget | undefined): Promise<Hop> {
    if (this.#pending !== undefined) throw new TorError('CIRCUIT_BUSY');
    const done = deferred<Hop>();
    this.#pending = { handshake, target, done };
    return done.promise;
  }

  #finishHandshake(reply: Uint8Array): void {
    const pending = this.#pending;
    if (pending === undefined) throw violation('an answer to no handshake');
    const { layer, keyHash, cgo, sendmeInc } = pending.handshake.finish(reply);
    const index = this.#hops.length;
    const hop = this.#addHop({
      layer,
      keyHash,
      cgo,
      sendmeInc,
      path: index >= 2 ? 'exit' : 'sbws',
      target: pending.target,
      handshake: pending.handshake.kind,
    });
    this.#pending = undefined;
    this.events.emit('extended', { hop });
    pending.done.resolve(hop);
  }

  #addHop(options: {
    readonly layer: ClientLayer;
    readonly keyHash: Uint8Array;
    readonly cgo: boolean;
    readonly sendmeInc: number | undefined;
    readonly path: CongestionPath;
    readonly target: HopTarget | undefined;
    readonly handshake: Hop['handshake'];
  }): OriginHop {
    const { clock } = this.#deps;
    const window =
      options.sendmeInc === undefined
        ? new FixedWindow(this.#params.circuitWindow)
        : new Vegas(clock, this.#params.congestion, options.path, options.sendmeInc);
    const hop = new OriginHop(this, this.#deps, {
      ...options,
      index: this.#hops.length,
      window,
      params: this.#params,
    });
    this.#hops.push(hop);
    this.#layers.push(options.layer);
    return hop;
  }

  /** The end-to-end hop of an onion service circuit. spec: rend-spec-v3 4.2 */
  addVirtualHop(layer: ClientLayer, options: VirtualHopOptions = {}): Hop {
    this.#needHop();
    const hop = this.#addHop({
      layer,
      keyHash: new Uint8Array(0),
      cgo: false,
      sendmeInc: options.congestion?.sendmeInc,
      path: options.congestion?.path ?? 'onion',
      target: undefined,
      handshake: 'virtual',
    });
    this.events.emit('extended', { hop });
    return hop;
  }

  /** All hops are there. */
  markOpen(): void {
    this.#needHop();
    if (this.#state !== 'building') return;
    this.#state = 'open';
    this.events.emit('opened', { hops: this.#hops.length });
  }

  // Streams.

  /** Sends BEGIN or BEGIN_DIR to a hop, by default the last. Data may be written at once. */
  openStream(handler: StreamHandler, begin: StreamBegin, options: { readonly hop?: Hop } = {}): Stream {
    return this.#streamsOf(this.#own(options.hop)).open(handler, begin);
  }

  /** RESOLVE at the last hop; a reverse name (…in-addr.arpa, …ip6.arpa) asks for a host name. Rejects with STREAM_ENDED. */
  async resolve(name: string, options: { readonly timeoutMs?: number } = {}): Promise<readonly ResolvedAnswer[]> {
    return askResolve(this.#streamsOf(this.#needHop()), this.#deps.timers, name, options.timeoutMs);
  }

  /** The far end of a hop may open streams here: onion services. */
  acceptStreams(accept: AcceptStream, options: { readonly hop?: Hop } = {}): void {
    const hop = this.#own(options.hop);
    hop.end.useStreams(() => serviceStreams(this.#params), this.#streamEvents).acceptStreams(accept);
  }

  #streamsOf(hop: OriginHop): StreamTable {
    return hop.end.useStreams(() => clientStreams(this.#params, hop.handshake === 'virtual'), this.#streamEvents);
  }

  readonly #streamEvents = {
    opened: (streamId: number): void => this.events.emit('streamOpened', { streamId }),
    closed: (streamId: number, reason: number, remote: boolean): void =>
      this.events.emit('streamClosed', { streamId, reason, remote }),
    flow: (streamId: number, signal: 'xoff' | 'xon'): void => this.events.emit('streamFlow', { streamId, signal }),
  };

  // Messages.

  /** How long a message body to a hop may be. */
  maxMessageLength(command: number, hop?: Hop): number {
    return maxMessageLength(this.#own(hop).format, command);
  }

  /** A relay message with stream id 0 to a hop, by default the last. */
  sendMessage(command: number, body: Uint8Array, hop?: Hop): void {
    this.#own(hop).end.send(command, 0, body);
  }

  /**
   * The next message with one of these commands, from a hop (by default the last). Rejects with TIMEOUT, ABORTED, or why
   * the circuit was closed. A message that nobody waits for is a violation: ask before sending what will be answered.
   */
  async awaitMessage(command: number | readonly number[], options: AwaitOptions = {}): Promise<CircuitMessage> {
    if (this.#closed !== undefined) throw this.#closed.error;
    const commands = typeof command === 'number' ? [command] : command;
    return this.#inbox.wait(commands, { ...options, hop: this.#own(options.hop) });
  }

  /** Every message with one of these commands from a hop (by default the last), until the returned function is called. */
  onMessage(
    command: number | readonly number[],
    listener: (message: CircuitMessage) => void,
    options: { readonly hop?: Hop } = {},
  ): () => void {
    const commands = typeof command === 'number' ? [command] : command;
    return this.#inbox.listen(commands, listener, this.#own(options.hop));
  }

  /** For sets of circuits: the far end of the last hop, before it has any stream. Throws CIRCUIT_BUSY, CIRCUIT_CLOSED. */
  confluxEnd(): HopEnd {
    const { end } = this.#needHop();
    if (!end.congestionControlled) throw new TorError('INTERNAL', 'conflux needs congestion control');
    const fresh = end.conflux === undefined && (end.streams === undefined || end.streams.isIdle);
    if (!fresh) throw new TorError('CIRCUIT_BUSY', 'the circuit is in use');
    return end;
  }

  /** A cell of padding to a hop, by default the last. */
  sendDrop(hop?: Hop): void {
    this.#own(hop).end.send(RelayCommand.DROP, 0, new Uint8Array(0));
  }

  /** Cuts off the hops after `last`. Rejects when the circuit is closed instead. */
  async truncate(last: Hop): Promise<void> {
    const hop = this.#own(last);
    const answer = this.awaitMessage(RelayCommand.TRUNCATED, { hop });
    hop.end.send(RelayCommand.TRUNCATE, 0, encodeTruncate(DestroyReason.NONE));
    await answer;
    this.#layers.truncate(hop.index + 1);
    for (const gone of this.#hops.splice(hop.index + 1)) gone.end.closeStreams(false);
  }

  // Cells.

  /** From the channel. Hostile cells close the circuit; nothing is thrown. */
  cell(command: number, body: Uint8Array): void {
    if (this.#state === 'closed') return;
    try {
      if (command === CellCommand.RELAY) this.#receiveRelay(body);
      else this.#receiveCreated(command, body);
    } catch (error) {
      this.#fail(TorError.from(error));
    }
  }

  #receiveCreated(command: number, body: Uint8Array): void {
    const kind = this.#pending?.handshake.kind;
    const expected = kind === 'fast' ? CellCommand.CREATED_FAST : CellCommand.CREATED2;
    if (kind === undefined || this.#hops.length > 0 || command !== expected) {
      throw violation(`an unexpected cell with command ${command}`);
    }
    this.#finishHandshake(kind === 'fast' ? body : decodeCreated2(body));
  }

  #receiveRelay(cell: Uint8Array): void {
    this.#counters.readCells++;
    const hop = this.#hops[this.#layers.decrypt(CellCommand.RELAY, cell)];
    if (hop === undefined) throw violation('a cell that no hop sent');
    this.#receiveMessage(hop, cell);
  }

  #receiveMessage(hop: OriginHop, cell: Uint8Array): void {
    const header = this.#header;
    if (!header.read(cell, hop.end.format)) throw violation('a malformed relay cell');
    const { length } = header;
    const valid = hop.end.receive(header, cell) ?? this.#receiveControl(hop, header, cell);
    if (valid) this.#counters.readDelivered(length);
  }

  #receiveControl(hop: OriginHop, header: RelayHeader, cell: Uint8Array): boolean {
    const { command } = header;
    if (command === RelayCommand.DROP) return false;
    const body = cell.subarray(header.offset, header.offset + header.length);
    if (header.streamId === 0) {
      if (command === RelayCommand.EXTENDED2 && this.#pending !== undefined && hop === this.#hops.at(-1)) {
        this.#finishHandshake(decodeExtended2(body));
        return true;
      }
      if (command === RelayCommand.CONFLUX_SWITCH && hop.end.conflux !== undefined) {
        const { set, leg } = hop.end.conflux;
        set.receiveSwitch(leg, decodeConfluxSwitch(body));
        return true;
      }
      if (this.#inbox.deliver(command, body, hop)) return true;
      if (command === RelayCommand.TRUNCATED) {
        this.#finish(
          decodeTruncate(body),
          true,
          destroyed(decodeTruncate(body), `truncated after hop ${hop.index + 1}`),
        );
        return true;
      }
    }
    if (isKnownRelayCommand(command)) throw violation(`an unexpected ${relayCommandName(command)}`);
    return false;
  }

  runEnd(): void {
    const hops = this.#hops;
    for (let i = 0; i < hops.length; i++) (hops[i] as OriginHop).end.streams?.runEnd();
  }

  destroyed(reason: number): void {
    this.#circId = undefined;
    this.#finish(reason, true, destroyed(reason, 'closed by a relay'));
  }

  writable(): void {
    this.#blocked = false;
    for (const hop of this.#hops) hop.end.streams?.resume();
  }

  // For its hops.

  sendFrom(hop: OriginHop, command: number, length: number, cell: Uint8Array): void {
    const circId = this.#circId;
    if (this.#state === 'closed' || circId === undefined) throw this.#closed?.error ?? new TorError('CIRCUIT_CLOSED');
    const early = this.#relayEarlyLeft > 0 && (hop.index > 0 || command === RelayCommand.EXTEND2);
    if (early) this.#relayEarlyLeft--;
    else if (command === RelayCommand.EXTEND2) throw new TorError('INTERNAL', 'no RELAY_EARLY cell is left to extend');
    const linkCommand = early ? CellCommand.RELAY_EARLY : CellCommand.RELAY;
    const sealed = this.#layers.originated(hop.index, linkCommand, cell);
    this.#counters.writtenCells++;
    this.#counters.writtenDelivered(length);
    if (!this.#deps.channel.send(circId, linkCommand, sealed)) this.#blocked = true;
  }

  blocked(): boolean {
    return this.#blocked;
  }

  queuedCells(): number {
    return this.#circId === undefined ? 0 : this.#deps.channel.queuedCells(this.#circId);
  }

  // Closing.

  /** Tells the first hop, without a reason as all clients do, and everybody here. */
  close(reason: number = DestroyReason.FINISHED): void {
    this.#finish(reason, false, new TorError('CIRCUIT_CLOSED'));
  }

  #fail(error: TorError): void {
    const reason =
      error.kind === 'protocol'
        ? DestroyReason.TORPROTOCOL
        : error.kind === 'resource'
          ? DestroyReason.RESOURCELIMIT
          : DestroyReason.INTERNAL;
    this.#finish(reason, false, error);
  }

  #finish(reason: number, remote: boolean, error: TorError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closed = { reason, remote, error };
    if (this.#circId !== undefined) this.#deps.channel.destroy(this.#circId, DestroyReason.NONE);
    this.#circId = undefined;
    this.#pending?.done.reject(error);
    this.#pending = undefined;
    this.#inbox.close(error);
    for (const hop of this.#hops) hop.end.closeStreams(remote);
    this.events.emit('closed', this.#closed);
  }

  #needLive(): void {
    if (this.#closed !== undefined) throw new TorError('CIRCUIT_CLOSED', undefined, { cause: this.#closed.error });
  }

  #needHop(): OriginHop {
    this.#needLive();
    const hop = this.#hops.at(-1);
    if (hop === undefined) throw new TorError('INTERNAL', 'the circuit has no hop yet');
    return hop;
  }

  #own(hop: Hop | undefined): OriginHop {
    const last = this.#needHop();
    if (hop === undefined) return last;
    const own = this.#hops[hop.index];
    if (own !== hop) throw new TorError('INTERNAL', 'a hop of another circuit');
    return own;
  }
}

function destroyed(reason: number, what: string): TorError {
  const reasonName = destroyReasonName(reason);
  return new TorError('CIRCUIT_DESTROYED', `the circuit was ${what}: ${reasonName}`, { facts: { reason, reasonName } });
}
