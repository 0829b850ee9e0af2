import { bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import {
  cgoKeyLength,
  cgoRelayLayer,
  type RelayLayer,
  tor1KeyLength,
  tor1RelayLayer,
} from '../../crypto/relaycell/index.ts';
import { CellCommand, DestroyReason, decodeCreated2, encodeCreate2 } from '../../wire/cell/index.ts';
import {
  carriesStreamId,
  decodeConfluxSwitch,
  decodeTruncate,
  EndReason,
  encodeExtended2,
  encodeTruncate,
  maxMessageLength,
  type RelayCellFormat,
  RelayCommand,
  RelayHeader,
  type ResolvedAnswer,
} from '../../wire/relaymsg/index.ts';
import type { Channel, CircuitHandler } from '../channel/index.ts';
import type { AcceptResolve, AcceptStream, IncomingStream, StreamBegin, StreamHandler } from '../stream/index.ts';
import type { ExitConfluxSets, ExitLeg } from './conflux/exit-sets.ts';
import { type ExtendRequest, readExtendRequest } from './extend-request.ts';
import { HopEnd, type HopTransport, violation } from './hop-end.ts';
import { NextHop, type NextHopEvents } from './next-hop.ts';
import { FixedWindow } from './package-window.ts';
import type { CircuitParams } from './params.ts';
import type { CreateAnswer } from './server-handshake.ts';
import { exitStreams } from './stream-settings.ts';
import type { CircuitState, CongestionView } from './types.ts';
import { Vegas } from './vegas.ts';

/** The relay's side of decisions. Everything is called synchronously, while a cell is handled. */
export interface RelayCircuitRole {
  /**
   * EXTEND2 came: find a channel to the target (policy on addresses is the role's), then `circuit.connectNext()`, or
   * `circuit.close(CONNECTFAILED)`.
   */
  extend?(circuit: RelayCircuit, request: ExtendRequest): void;
  /** BEGIN and BEGIN_DIR: a handler, or an END reason. */
  acceptStream?(circuit: RelayCircuit, begin: StreamBegin, stream: IncomingStream): StreamHandler | number;
  /** RESOLVE: answer once, now or later; what is returned is called when the asker is gone. */
  resolve?(
    circuit: RelayCircuit,
    name: string,
    answer: (answers: readonly ResolvedAnswer[]) => void,
  ): (() => void) | undefined;
  /** Any other message with stream id 0: introduction and rendezvous, padding. `body` is a view. */
  message?(circuit: RelayCircuit, command: number, body: Uint8Array): void;
  /** A queue is over its limit, the one toward the next relay (`outward`) or the client's, and the circuit closes. */
  queueFull?(circuit: RelayCircuit, outward: boolean): void;
  /** Once, whatever the cause. `reason` is what went out or came in. */
  closed?(circuit: RelayCircuit, reason: number): void;
}

/** Kept by every circuit: make one for all. */
export interface RelayCircuitDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly role: RelayCircuitRole;
  /** Sets of circuits; without it CONFLUX messages are violations. */
  readonly conflux?: ExitConfluxSets;
}

export interface RelayCircuitOptions {
  /** Toward the client. */
  readonly channel: Channel;
  readonly circId: number;
  readonly params: CircuitParams;
}

const maxRelayEarly = 8;

type HopSettings = Pick<CreateAnswer, 'keys' | 'cgo' | 'sendmeInc' | 'fast'>;
const notAgreed: HopSettings = { keys: new Uint8Array(0), cgo: false, sendmeInc: undefined, fast: false };
const layerKeyLength = (cgo: boolean): number => (cgo ? cgoKeyLength : tor1KeyLength);

/**
 * A circuit that passes through this relay or ends here. It claims the circuit id at once; `created()` answers the
 * handshake, `close()` refuses it.
 *
 * spec: tor-spec 5.5, 5.6, 6; where C tor drops a message without closing, this does too
 */
export class RelayCircuit implements CircuitHandler, HopTransport {
  static readonly #onNext: NextHopEvents<RelayCircuit> = {
    created: (circuit, reply) => circuit.#nextCreated(reply),
    relay: (circuit, cell) => circuit.#receiveInbound(cell),
    failed: (circuit, error) => circuit.#fail(error),
    destroyed: (circuit) => circuit.#nextDestroyed(),
  };
  readonly channel: Channel;
  readonly circId: number;
  readonly #deps: RelayCircuitDeps;
  readonly #params: CircuitParams;
  #state: 'creating' | CircuitState = 'creating';
  #layer: RelayLayer | undefined;
  /** What the handshake agreed on, and KH. */
  #agreed: HopSettings = notAgreed;
  #header: RelayHeader | undefined;
  #end: HopEnd | undefined;
  #relayEarlyLeft = maxRelayEarly;
  #blocked = false;
  #next: NextHop<RelayCircuit> | undefined;
  /** EXTEND2 came and `connectNext()` has not been called yet. */
  #extending: ExtendRequest | undefined;
  #spliced: RelayCircuit | undefined;
  #confluxLeg: ExitLeg | undefined;
  /** The channel toward the client has forgotten the circuit. */
  #previousGone = false;

  constructor(deps: RelayCircuitDeps, options: RelayCircuitOptions) {
    this.#deps = deps;
    this.#params = options.params;
    this.channel = options.channel;
    this.circId = options.circId;
    this.channel.acceptCircuit(options.circId, this);
  }

  get state(): 'creating' | CircuitState {
    return this.#state;
  }

  /** KH: what ESTABLISH_INTRO must be bound to. */
  get keyHash(): Uint8Array {
    const { keys, cgo } = this.#agreed;
    return keys.subarray(layerKeyLength(cgo));
  }

  /** Made with CREATE_FAST. */
  get fast(): boolean {
    return this.#agreed.fast;
  }

  get format(): RelayCellFormat {
    return this.#agreed.cgo ? 1 : 0;
  }

  get congestion(): CongestionView | undefined {
    return this.#end?.window.view;
  }

  /** The channel away from the client, once there is one. */
  get nextChannel(): Channel | undefined {
    return this.#next?.channel;
  }

  /** A leg of a set of circuits: directories do not answer here. */
  get isConflux(): boolean {
    return this.#confluxLeg !== undefined;
  }

  get isSpliced(): boolean {
    return this.#spliced !== undefined;
  }

  get openStreams(): number {
    return this.#end?.streams?.size ?? 0;
  }

  /** Cells that wait in both directions. */
  get waitingCells(): number {
    return this.queuedCells() + (this.#next?.queuedCells() ?? 0);
  }

  /** Bytes beside queued cells: what servers behind this exit do not take, and what waits for other legs of a set. */
  get heldBytes(): number {
    return this.#end?.heldBytes ?? 0;
  }

  /** Monotonic time when the oldest of them came: the out-of-memory handler begins there. */
  get oldestQueuedMs(): number | undefined {
    const inbound = this.#previousGone ? undefined : this.channel.oldestQueuedMs(this.circId);
    const outbound = this.#next?.oldestQueuedMs();
    if (inbound === undefined || outbound === undefined) return inbound ?? outbound;
    return Math.min(inbound, outbound);
  }

  // Creating.

  /** Sends CREATED_FAST or CREATED2; from now on relay cells are handled. */
  created(answer: CreateAnswer): void {
    if (this.#state !== 'creating') return;
    const { keys, cgo, sendmeInc, fast } = answer;
    this.#layer = cgo ? cgoRelayLayer(keys.subarray(0, cgoKeyLength)) : tor1RelayLayer(keys);
    this.#agreed = { keys, cgo, sendmeInc, fast };
    this.#state = 'open';
    this.channel.send(this.circId, answer.command, answer.body);
  }

  /** Made with the first message: many circuits never carry one for us. */
  #hopEnd(): HopEnd {
    if (this.#end !== undefined) return this.#end;
    const { cgo, sendmeInc, fast } = this.#agreed;
    const window =
      sendmeInc === undefined
        ? new FixedWindow(this.#params.circuitWindow)
        : new Vegas(this.#deps.clock, this.#params.congestion, 'exit', sendmeInc);
    this.#end = new HopEnd(this, this.#deps, {
      format: cgo ? 1 : 0,
      window,
      params: this.#params,
      tolerateOldSendmes: fast,
    });
    return this.#end;
  }

  #listenToStreams(end: HopEnd): void {
    const streams = end.useStreams(() => exitStreams(this.#params), {});
    const { acceptStream, acceptResolve } = this.#acceptors();
    if (acceptStream !== undefined) streams.acceptStreams(acceptStream);
    if (acceptResolve !== undefined) streams.acceptResolves(acceptResolve);
  }

  #acceptors(): { readonly acceptStream?: AcceptStream; readonly acceptResolve?: AcceptResolve } {
    const { role } = this.#deps;
    const { acceptStream, resolve } = role;
    return {
      ...(acceptStream && {
        acceptStream: (begin, stream) =>
          this.isConflux && begin.kind === 'begin-dir'
            ? EndReason.NOTDIRECTORY
            : acceptStream.call(role, this, begin, stream),
      }),
      ...(resolve && { acceptResolve: (name, answer) => resolve.call(role, this, name, answer) }),
    };
  }

  // Cells from the client's side.

  /** From the channel toward the client. Hostile cells close the circuit; nothing is thrown. */
  cell(command: number, body: Uint8Array): void {
    if (this.#state === 'closed') return;
    try {
      this.#receiveOutbound(command, body);
    } catch (error) {
      this.#fail(error);
    }
  }

  #receiveOutbound(command: number, cell: Uint8Array): void {
    const layer = this.#layer;
    if (layer === undefined) throw violation('a relay cell before the handshake was answered');
    if (command === CellCommand.RELAY_EARLY) {
      if (this.#relayEarlyLeft === 0) throw violation('too many RELAY_EARLY cells');
      this.#relayEarlyLeft--;
    } else if (command !== CellCommand.RELAY) {
      throw violation(`a cell with command ${command} from the client's side`);
    }
    const onward = layer.onward(command, cell);
    if (onward === undefined) this.#receiveMessage(command, cell);
    else this.#forward(command, onward);
  }

  #forward(command: number, cell: Uint8Array): void {
    const next = this.#next;
    if (next !== undefined) {
      if (!next.forward(command, cell) && next.queuedCells() > this.#params.maxQueuedCellsOut) this.#overflow(true);
    } else if (this.#spliced !== undefined) {
      this.#spliced.#receiveInbound(cell);
    } else {
      throw violation('a cell that is not for us, and the circuit ends here');
    }
  }

  #receiveMessage(linkCommand: number, cell: Uint8Array): void {
    this.#header ??= new RelayHeader();
    const header = this.#header;
    const end = this.#hopEnd();
    if (!header.read(cell, end.format)) throw violation('a malformed relay cell');
    if (end.streams === undefined && isStreamMessage(header)) this.#listenToStreams(end);
    if (end.receive(header, cell) !== undefined || header.streamId !== 0) return;
    this.#receiveControl(linkCommand, header.command, cell.subarray(header.offset, header.offset + header.length));
  }

  #receiveControl(linkCommand: number, command: number, body: Uint8Array): void {
    switch (command) {
      case RelayCommand.EXTEND2:
        if (linkCommand === CellCommand.RELAY_EARLY) this.#receiveExtend(body);
        return;
      case RelayCommand.EXTEND:
        throw violation('EXTEND, which no relay accepts any more');
      case RelayCommand.TRUNCATE:
        this.#receiveTruncate(body);
        return;
      case RelayCommand.EXTENDED:
      case RelayCommand.EXTENDED2:
      case RelayCommand.TRUNCATED:
        return;
      case RelayCommand.CONFLUX_LINK:
        this.#receiveConfluxLink(body);
        return;
      case RelayCommand.CONFLUX_LINKED_ACK:
        this.#needConfluxLeg().acknowledged();
        return;
      case RelayCommand.CONFLUX_SWITCH: {
        const { set, leg } = this.#needConfluxLeg();
        set.receiveSwitch(leg, decodeConfluxSwitch(body));
        return;
      }
      case RelayCommand.CONFLUX_LINKED:
        throw violation('CONFLUX_LINKED from a client');
      default:
        this.#deps.role.message?.(this, command, body);
    }
  }

  #needConfluxLeg(): ExitLeg {
    if (this.#confluxLeg === undefined || this.#next !== undefined) throw violation('a circuit that is not linked');
    return this.#confluxLeg;
  }

  /** Only a fresh circuit that ends here and has congestion control can be a leg. spec: proposal 329, 3 */
  #receiveConfluxLink(body: Uint8Array): void {
    const { conflux } = this.#deps;
    const end = this.#hopEnd();
    if (conflux === undefined || !end.congestionControlled) throw violation('CONFLUX_LINK, which was not agreed on');
    const grown = this.#next !== undefined || this.#extending !== undefined || this.#spliced !== undefined;
    if (grown || this.#confluxLeg !== undefined) throw violation('CONFLUX_LINK on a circuit in use');
    if (end.streams !== undefined && !end.streams.isIdle) throw violation('CONFLUX_LINK on a circuit with streams');
    const owner = { end, close: (reason: number) => this.close(reason), ...this.#acceptors() };
    const { leg, linked } = conflux.link(owner, body, this.#params);
    this.#confluxLeg = leg;
    end.joinConflux(leg.set, leg.leg);
    end.send(RelayCommand.CONFLUX_LINKED, 0, linked);
  }

  #receiveExtend(body: Uint8Array): void {
    if (this.#next !== undefined || this.#extending !== undefined) throw violation('a second EXTEND2');
    if (this.#confluxLeg !== undefined) throw violation('EXTEND2 beyond the end of a set of circuits');
    const request = readExtendRequest(body);
    const { target } = request;
    const { rsa, ed25519 } = this.channel.peer;
    const back =
      (rsa !== undefined && bytesEqual(rsa, target.rsa)) ||
      (ed25519 !== undefined && target.ed25519 !== undefined && bytesEqual(ed25519, target.ed25519));
    if (back) throw violation('EXTEND2 back to where the circuit comes from');
    const { role } = this.#deps;
    if (role.extend === undefined) throw violation('EXTEND2 to something that is not a relay');
    this.#extending = request;
    role.extend(this, request);
  }

  /** Goes on with the EXTEND2 that the role was told of: claims an id on the channel and sends CREATE2. */
  connectNext(channel: Channel): void {
    const request = this.#extending;
    if (this.#state !== 'open' || request === undefined) return;
    this.#extending = undefined;
    try {
      const next = new NextHop<RelayCircuit>(channel, this, RelayCircuit.#onNext);
      this.#next = next;
      next.create(encodeCreate2({ handshakeType: request.handshakeType, data: request.handshake }));
    } catch (error) {
      this.#fail(error);
    }
  }

  #nextCreated(body: Uint8Array): void {
    const handshake = decodeCreated2(body);
    if (handshake.length + 2 > maxMessageLength(this.format, RelayCommand.EXTENDED2)) {
      throw violation('CREATED2 that does not fit EXTENDED2');
    }
    this.sendMessage(RelayCommand.EXTENDED2, encodeExtended2(handshake));
  }

  #receiveTruncate(body: Uint8Array): void {
    this.#extending = undefined;
    if (this.#next !== undefined) {
      this.#next.destroy(decodeTruncate(body));
      this.#next = undefined;
    }
    this.sendMessage(RelayCommand.TRUNCATED, encodeTruncate(DestroyReason.REQUESTED));
  }

  // Cells toward the client.

  #receiveInbound(cell: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#sendInbound((this.#layer as RelayLayer).encrypted(CellCommand.RELAY, cell));
  }

  #sendInbound(cell: Uint8Array): void {
    if (this.channel.send(this.circId, CellCommand.RELAY, cell)) return;
    this.#blocked = true;
    if (this.channel.queuedCells(this.circId) > this.#params.maxQueuedCellsIn) this.#overflow(false);
  }

  #overflow(outward: boolean): void {
    this.#deps.role.queueFull?.(this, outward);
    this.#finish(DestroyReason.RESOURCELIMIT);
  }

  /** A message with stream id 0 to the client. */
  sendMessage(command: number, body: Uint8Array): void {
    if (this.#state === 'open') this.#hopEnd().send(command, 0, body);
  }

  runEnd(): void {
    this.#end?.streams?.runEnd();
  }

  writable(): void {
    this.#blocked = false;
    this.#end?.streams?.resume();
  }

  // For the end.

  get tagLength(): number {
    return this.#layer?.tagLength ?? 20;
  }

  get sentTag(): Uint8Array {
    return (this.#layer as RelayLayer).sentTag;
  }

  get receivedTag(): Uint8Array {
    return (this.#layer as RelayLayer).receivedTag;
  }

  output(_command: number, _length: number, cell: Uint8Array): void {
    if (this.#state !== 'open') throw new TorError('CIRCUIT_CLOSED');
    this.#sendInbound((this.#layer as RelayLayer).originated(CellCommand.RELAY, cell));
  }

  blocked(): boolean {
    return this.#blocked;
  }

  queuedCells(): number {
    return this.#previousGone ? 0 : this.channel.queuedCells(this.circId);
  }

  // Rendezvous.

  /** Joins two circuits that end here: what neither end recognises goes on to the other client. spec: rend-spec-v3 4.3 */
  splice(other: RelayCircuit): void {
    if (this.#state !== 'open' || other.#state !== 'open' || this === other) {
      throw new TorError('INTERNAL', 'only two open circuits can be joined');
    }
    this.#spliced = other;
    other.#spliced = this;
  }

  // Closing.

  /** DESTROY from the client's side: what is ahead learns no more than that. */
  destroyed(_reason: number): void {
    this.#previousGone = true;
    this.#finish(DestroyReason.DESTROYED);
  }

  #nextDestroyed(): void {
    this.#next = undefined;
    this.#finish(DestroyReason.DESTROYED);
  }

  /** Destroys the circuit in both directions. */
  close(reason: number): void {
    this.#finish(reason);
  }

  #fail(error: unknown): void {
    const { kind } = TorError.from(error);
    if (kind === 'protocol') this.#finish(DestroyReason.TORPROTOCOL);
    else if (kind === 'resource') this.#finish(DestroyReason.RESOURCELIMIT);
    else if (kind === 'network') this.#finish(DestroyReason.CONNECTFAILED);
    else this.#finish(DestroyReason.INTERNAL);
  }

  #finish(reason: number): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#extending = undefined;
    this.#next?.destroy(reason);
    this.#next = undefined;
    if (!this.#previousGone) this.channel.destroy(this.circId, reason);
    this.#previousGone = true;
    this.#end?.closeStreams(true);
    // They lie in a block with those of other circuits, which may live long.
    this.#agreed.keys.fill(0);
    const spliced = this.#spliced;
    this.#spliced = undefined;
    spliced?.close(reason);
    this.#deps.role.closed?.(this, reason);
  }
}

const isStreamMessage = ({ command, streamId }: RelayHeader): boolean =>
  carriesStreamId(command) && (command !== RelayCommand.SENDME || streamId !== 0);
