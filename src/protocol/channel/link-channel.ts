import { Reader } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIp, type IpBytes } from '../../base/ip/index.ts';
import type { Timer } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import {
  CellCommand,
  cellBodyLength,
  DestroyReason,
  decodeDestroy,
  decodePaddingNegotiate,
  encodeDestroy,
  encodePaddingNegotiate,
} from '../../wire/cell/index.ts';
import { CellReader, type CellSink } from './cell-reader.ts';
import type { ProvenIdentity } from './certificates.ts';
import type { Channel, ChannelPeer, ChannelState, CircuitHandler } from './channel.ts';
import { CircuitSlot } from './circuit-slot.ts';
import { type HandshakeResult, LinkHandshake } from './handshake.ts';
import {
  handshakeOptions,
  type LinkChannelDeps,
  type LinkChannelEvents,
  type LinkChannelOptions,
  noCounters,
} from './link-channel-options.ts';
import { type ChannelUsage, NetflowPadding } from './netflow-padding.ts';
import { ChannelOutput } from './output.ts';
import { type ChannelParams, defaultChannelParams } from './params.ts';
import { isUsableCreate } from './usable-create.ts';

const maxHandshakeBody = 8192;
const maxVariableBody = 0xffff;
/** DESTROYs and the like that a peer who does not read may leave with us. */
const maxControlCells = 8192;
const maxIdAttempts = 64;
const highBit = 0x80000000 | 0;
const defaultHandshakeTimeoutMs = 30_000;

/**
 * A channel over a TLS connection: `receive` takes what comes, `transport.write` gets what goes. Pure: time, randomness
 * and the socket are handed in. spec: tor-spec 3, 4, 5
 */
export class LinkChannel implements Channel, CellSink {
  readonly id: number;
  readonly role: 'initiator' | 'responder';
  readonly events = new Emitter<LinkChannelEvents>();
  readonly counters = noCounters();
  /** Monotonic. */
  readonly createdMs: number;
  /** As our socket sees it. */
  readonly peerAddress: IpBytes | undefined;
  readonly #deps: LinkChannelDeps;
  readonly #options: LinkChannelOptions;
  readonly #reader: CellReader;
  readonly #output: ChannelOutput;
  readonly #circuits = new Map<number, CircuitSlot>();
  #handshake: LinkHandshake | undefined;
  #handshakeTimer: Timer | undefined;
  #padding: NetflowPadding | undefined;
  #params: ChannelParams;
  #state: ChannelState = 'handshaking';
  #linkProtocol = 0;
  #peer: ChannelPeer;
  #result: HandshakeResult | undefined;
  #error: TorError | undefined;
  /** The circuit of the run of cells that is being handed out. */
  #run: CircuitSlot | undefined;
  #lastTransferMs: number;
  /** The padding machine knows the highest usage already: nothing to note for a cell. */
  #carriesTraffic = false;
  /** When the last circuit went, or the channel began. */
  #emptySinceMs: number;

  constructor(deps: LinkChannelDeps, options: LinkChannelOptions) {
    this.#deps = deps;
    this.#options = options;
    this.id = options.id;
    this.role = options.role;
    this.peerAddress = options.peerAddress;
    this.#params = options.params ?? defaultChannelParams;
    const nowMs = deps.clock.monotonic();
    this.createdMs = nowMs;
    this.#lastTransferMs = nowMs;
    this.#emptySinceMs = nowMs;
    this.#peer = {
      address: options.peerAddress === undefined ? '' : formatIp(options.peerAddress),
      port: options.peerPort,
      authenticated: false,
    };
    this.#reader = new CellReader(this);
    this.#output = new ChannelOutput(
      deps,
      {
        wrote: (cells, ms) => this.#wrote(cells, ms),
        rescale: (factor) => this.#rescale(factor),
      },
      this.#params,
    );
    this.#handshake = new LinkHandshake(deps, handshakeOptions(options), {
      sendRaw: (cell) => this.#output.sendRaw(cell),
      sendFixed: (command, body) => this.#output.sendControl(0, command, body),
      agreed: (version) => this.#agreed(version),
      proved: (identity) => this.#proved(identity),
      open: (result) => this.#opened(result),
    });
  }

  get state(): ChannelState {
    return this.#state;
  }
  get linkProtocol(): number {
    return this.#linkProtocol;
  }
  get peer(): ChannelPeer {
    return this.#peer;
  }
  get openCircuits(): number {
    return this.#circuits.size;
  }
  /** What the handshake told; undefined before it is done. */
  get result(): HandshakeResult | undefined {
    return this.#result;
  }
  /** Why the channel closed. */
  get error(): TorError | undefined {
    return this.#error;
  }
  /** The peer claims the address we reach it at. */
  get canonical(): boolean {
    return this.#result?.canonical ?? false;
  }
  /** Monotonic time of the last cell in or out. */
  get lastTransferMs(): number {
    return this.#lastTransferMs;
  }
  /** Monotonic time since when no circuit is open; undefined while there are circuits. */
  get emptySinceMs(): number | undefined {
    return this.#circuits.size === 0 ? this.#emptySinceMs : undefined;
  }

  /** Begins the handshake: call once the TLS handshake is done. */
  start(): void {
    const timeoutMs = this.#options.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs;
    this.#handshakeTimer = this.#deps.timers.after(timeoutMs, () => this.close(new TorError('CHANNEL_TIMEOUT')));
    this.#handshake?.start();
  }

  /** Bytes from the TLS connection. The channel may change them and keeps none of them. */
  receive(chunk: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.#lastTransferMs = this.#deps.clock.monotonic();
    try {
      // A Buffer's `slice` does not copy: whoever keeps a piece of the chunk must be able to rely on it.
      this.#reader.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    } catch (error) {
      this.close(TorError.from(error));
    }
  }

  /** The connection ended or broke. */
  transportClosed(error?: TorError): void {
    this.#shut(error);
  }

  pauseReading(): void {
    this.#deps.transport.pauseReading();
  }

  resumeReading(): void {
    this.#deps.transport.resumeReading();
  }

  setParams(params: ChannelParams): void {
    this.#params = params;
    this.#output.setParams(params);
    this.#padding?.setParams(params);
  }

  /** How far this channel is used; grows by itself, so that only a special case needs to say it. */
  noteUsage(usage: ChannelUsage): void {
    this.#padding?.noteUsage(usage);
    this.#carriesTraffic = this.#padding?.usage === 'traffic';
  }

  // Channel

  openCircuit(handler: CircuitHandler): number {
    this.#mustBeOpen();
    const side = this.role === 'initiator' ? highBit : 0;
    for (let attempt = 0; attempt < maxIdAttempts; attempt++) {
      const low = new Reader(this.#deps.random.bytes(4)).u32() & 0x7fffffff;
      const key = low | side;
      if (low === 0 || this.#circuits.has(key)) continue;
      this.#circuits.set(key, new CircuitSlot(key, handler, true));
      return key >>> 0;
    }
    throw new TorError('CIRCUIT_IDS_EXHAUSTED', undefined, { facts: { open: this.#circuits.size } });
  }

  acceptCircuit(circId: number, handler: CircuitHandler): void {
    this.#mustBeOpen();
    const key = circId | 0;
    if (this.#circuits.has(key)) throw new TorError('CIRCUIT_ID_IN_USE', undefined, { facts: { circId } });
    this.#circuits.set(key, new CircuitSlot(key, handler, false));
  }

  send(circId: number, command: number, body: Uint8Array): boolean {
    const slot = this.#circuits.get(circId | 0);
    if (slot === undefined) return false;
    if (!this.#carriesTraffic && slot.ours) this.#noteCommand(command);
    if (this.#output.send(slot, command, body)) return true;
    if (slot.queue.length > this.#params.queueMax) this.#overflow(slot);
    return false;
  }

  queuedCells(circId: number): number {
    return this.#circuits.get(circId | 0)?.queue.length ?? 0;
  }

  /** Monotonic time when the circuit's oldest queued cell came; undefined when nothing is queued. */
  oldestQueuedMs(circId: number): number | undefined {
    return this.#circuits.get(circId | 0)?.queue.oldestMs;
  }

  destroy(circId: number, reason: number): void {
    const slot = this.#circuits.get(circId | 0);
    if (slot === undefined) return;
    this.#forget(slot);
    this.#sendDestroy(slot.key, reason);
  }

  release(circId: number): void {
    const slot = this.#circuits.get(circId | 0);
    if (slot !== undefined) this.#forget(slot);
  }

  close(error?: TorError): void {
    if (this.#state === 'closed') return;
    this.#output.end();
    this.#shut(error);
  }

  // CellSink

  fixed(circuit: number, command: number, data: Uint8Array, bodyAt: number): void {
    this.counters.cellsIn++;
    const handshake = this.#handshake;
    if (handshake !== undefined) {
      handshake.fixed(command, data.subarray(bodyAt, bodyAt + cellBodyLength));
      return;
    }
    if (command !== CellCommand.RELAY && command !== CellCommand.RELAY_EARLY) {
      this.#endRun();
      this.#other(circuit, command, data.subarray(bodyAt, bodyAt + cellBodyLength));
      return;
    }
    let slot = this.#run;
    if (slot === undefined || slot.key !== circuit) {
      if (slot !== undefined) this.#endRun();
      slot = this.#circuits.get(circuit);
      if (slot === undefined) {
        this.counters.strayIn++;
        return;
      }
      this.#run = slot;
    }
    if (!this.#carriesTraffic && !slot.ours) this.#noteCommand(command);
    // Half the cost of `subarray`, once for every cell.
    slot.handler.cell(command, new Uint8Array(data.buffer, data.byteOffset + bodyAt, cellBodyLength));
  }

  variable(circuit: number, command: number, whole: Uint8Array, bodyAt: number): void {
    this.counters.cellsIn++;
    const handshake = this.#handshake;
    if (handshake !== undefined) {
      handshake.variable(circuit, command, whole, bodyAt);
      return;
    }
    if (
      command === CellCommand.CERTS ||
      command === CellCommand.AUTH_CHALLENGE ||
      command === CellCommand.AUTHENTICATE
    ) {
      this.close(new TorError('CHANNEL_PROTOCOL', 'a handshake cell on an open link', { facts: { command } }));
    }
  }

  bodyLimit(command: number): number {
    if (this.#handshake === undefined) return maxVariableBody;
    return command === CellCommand.VPADDING || command > CellCommand.AUTHORIZE ? maxVariableBody : maxHandshakeBody;
  }

  oversized(command: number, length: number): void {
    this.close(new TorError('CHANNEL_PROTOCOL', 'a handshake cell that is too long', { facts: { command, length } }));
  }

  chunkEnd(): void {
    this.#endRun();
  }

  // Cells that are not RELAY

  #other(circuit: number, command: number, body: Uint8Array): void {
    switch (command) {
      case CellCommand.CREATED_FAST:
      case CellCommand.CREATED2:
      case CellCommand.CREATED:
        this.#created(circuit, command, body);
        return;
      case CellCommand.CREATE_FAST:
      case CellCommand.CREATE2:
      case CellCommand.CREATE:
        this.#create(circuit, command, body);
        return;
      case CellCommand.DESTROY:
        this.#destroyed(circuit, body);
        return;
      case CellCommand.PADDING:
        this.counters.paddingIn++;
        return;
      case CellCommand.PADDING_NEGOTIATE:
        this.#paddingNegotiate(body);
        return;
      default:
        // NETINFO after the handshake and unknown commands are dropped, as in C tor.
        return;
    }
  }

  #created(circuit: number, command: number, body: Uint8Array): void {
    const slot = this.#circuits.get(circuit);
    if (slot === undefined) {
      this.counters.strayIn++;
    } else if (slot.ours && command !== CellCommand.CREATED) {
      slot.handler.cell(command, body);
      if (slot.live) slot.handler.runEnd?.();
    } else {
      this.#fail(slot, DestroyReason.TORPROTOCOL);
    }
  }

  #create(circuit: number, command: number, body: Uint8Array): void {
    // C tor drops these two without an answer: a DESTROY would hit a circuit that is not meant.
    if (circuit === 0 || this.#circuits.has(circuit)) {
      this.counters.strayIn++;
      return;
    }
    const ourSide = circuit < 0 === (this.role === 'initiator');
    if (this.#options.onCreate === undefined || ourSide || !isUsableCreate(command, body)) {
      this.#sendDestroy(circuit, DestroyReason.TORPROTOCOL);
      return;
    }
    this.#options.onCreate(this, circuit >>> 0, command, body);
  }

  #destroyed(circuit: number, body: Uint8Array): void {
    this.counters.destroysIn++;
    const slot = this.#circuits.get(circuit);
    if (slot === undefined) return;
    this.#forget(slot);
    slot.handler.destroyed(decodeDestroy(body));
  }

  #paddingNegotiate(body: Uint8Array): void {
    // Only a relay listens to this, and only to whom it did not call: a relay must not steer a client's padding.
    if (this.role === 'initiator' || this.#linkProtocol < 5) return;
    try {
      this.#padding?.negotiated(decodePaddingNegotiate(body));
    } catch (error) {
      if (!TorError.is(error)) throw error;
    }
  }

  /** RELAY_EARLY builds circuits of more than one hop; RELAY after it is traffic on them. */
  #noteCommand(command: number): void {
    if (command === CellCommand.RELAY_EARLY) this.noteUsage('circuits');
    else if (command === CellCommand.RELAY && this.#padding?.usage === 'circuits') this.noteUsage('traffic');
  }

  // Circuits

  #endRun(): void {
    const slot = this.#run;
    if (slot === undefined) return;
    this.#run = undefined;
    slot.handler.runEnd?.();
  }

  #forget(slot: CircuitSlot): void {
    slot.live = false;
    this.#circuits.delete(slot.key);
    this.#output.forget(slot);
    if (this.#run === slot) this.#run = undefined;
    if (this.#circuits.size === 0) this.#emptySinceMs = this.#deps.clock.monotonic();
  }

  #fail(slot: CircuitSlot, reason: number): void {
    this.#forget(slot);
    this.#sendDestroy(slot.key, reason);
    slot.handler.destroyed(reason);
  }

  /** The handler is in the middle of sending: it hears of its end a moment later. */
  #overflow(slot: CircuitSlot): void {
    this.#forget(slot);
    this.#sendDestroy(slot.key, DestroyReason.RESOURCELIMIT);
    this.#deps.timers.soon(() => slot.handler.destroyed(DestroyReason.RESOURCELIMIT));
  }

  #sendDestroy(key: number, reason: number): void {
    if (this.#state !== 'open') return;
    this.#output.sendControl(key, CellCommand.DESTROY, encodeDestroy(reason));
    if (this.#output.controlCells > maxControlCells) {
      this.close(new TorError('QUEUE_FULL', 'the peer does not read what the channel has to say'));
    }
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw this.#error ?? new TorError('CHANNEL_CLOSED');
  }

  // Handshake and life

  #agreed(version: number): void {
    this.#linkProtocol = version;
    this.#reader.useWideIds();
  }

  #proved(identity: ProvenIdentity): void {
    const { address, port } = this.#peer;
    const ed25519 = identity.ed25519;
    this.#peer = { rsa: identity.rsa, ...(ed25519 && { ed25519 }), address, port, authenticated: true };
  }

  #opened(result: HandshakeResult): void {
    this.#handshakeTimer?.cancel();
    this.#handshake = undefined;
    this.#state = 'open';
    this.#result = result;
    this.#padding = new NetflowPadding(
      this.#deps,
      {
        lastTransferMs: () => this.#lastTransferMs,
        idle: () => this.#output.idle,
        sendPadding: () => {
          this.counters.paddingOut++;
          this.#output.sendControl(0, CellCommand.PADDING, emptyBody);
        },
        sendNegotiate: (message) => {
          this.#output.sendControl(0, CellCommand.PADDING_NEGOTIATE, encodePaddingNegotiate(message));
        },
      },
      {
        params: this.#params,
        linkProtocol: this.#linkProtocol,
        clientLink: this.#options.credentials === undefined || !this.#peer.authenticated,
      },
    );
    if (this.role === 'initiator') this.#padding.negotiate();
    this.events.emit('open', result);
  }

  #wrote(cells: number, nowMs: number): void {
    this.counters.cellsOut += cells;
    this.#lastTransferMs = nowMs;
  }

  #rescale(factor: number): void {
    for (const slot of this.#circuits.values()) slot.sent *= factor;
  }

  #shut(error: TorError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#error = error;
    this.#handshake = undefined;
    this.#handshakeTimer?.cancel();
    this.#padding?.stop();
    this.#reader.stop();
    this.#run = undefined;
    for (const slot of [...this.#circuits.values()]) {
      if (!slot.live) continue;
      this.#forget(slot);
      slot.handler.destroyed(DestroyReason.CHANNEL_CLOSED);
    }
    this.events.emit('closed', error);
  }
}

const emptyBody = new Uint8Array(0);
