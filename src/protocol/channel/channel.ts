import type { TorError } from '../../base/errors/index.ts';

export type ChannelState = 'handshaking' | 'open' | 'closed';

/** Who is at the other end, as far as it is proven. */
export interface ChannelPeer {
  /** Ed25519 identity, proven by certificates (and, for an initiator we accepted, by AUTHENTICATE). */
  readonly ed25519?: Uint8Array;
  /** SHA-1 fingerprint of the RSA identity, proven the same way. */
  readonly rsa?: Uint8Array;
  readonly address: string;
  readonly port: number;
  /** False for a client on a responder's channel. */
  readonly authenticated: boolean;
}

/** One link to another Tor node, carrying cells of many circuits. */
export interface Channel {
  /** Unique in this process; the control port's ORCONN id. */
  readonly id: number;
  readonly role: 'initiator' | 'responder';
  /** 4 or 5 once open, 0 before. */
  readonly linkProtocol: number;
  readonly peer: ChannelPeer;
  readonly state: ChannelState;
  readonly openCircuits: number;
  /** Claims a free circuit id. Throws CHANNEL_CLOSED, CIRCUIT_IDS_EXHAUSTED. */
  openCircuit(handler: CircuitHandler): number;
  /** Relay side: claims an id that came in a CREATE cell. Throws CIRCUIT_ID_IN_USE. */
  acceptCircuit(circId: number, handler: CircuitHandler): void;
  /**
   * Queues one cell; `body` is copied and padded with zeros to 509 bytes. The cell is taken whatever comes back; false
   * says that the circuit's queue reached its limit and nothing more should come before `writable()`.
   */
  send(circId: number, command: number, body: Uint8Array): boolean;
  /** Cells of this circuit not yet given to the socket. */
  queuedCells(circId: number): number;
  /** Monotonic time when the oldest of them was queued. */
  oldestQueuedMs(circId: number): number | undefined;
  /** Sends DESTROY, drops what is queued for the circuit and forgets the id. */
  destroy(circId: number, reason: number): void;
  /** Forgets the id silently. */
  release(circId: number): void;
  close(error?: TorError): void;
}

/** What a circuit hears from its channel. All calls are synchronous. */
export interface CircuitHandler {
  /** A 509-byte view into the receive buffer: may be changed in place, must not be kept. */
  cell(command: number, body: Uint8Array): void;
  /** After the last of a run of consecutive cells of this circuit within one received chunk. */
  runEnd?(): void;
  /** DESTROY came, or the channel closed (reason 8, CHANNEL_CLOSED). The id is already forgotten. */
  destroyed(reason: number): void;
  /** Room again after `send` said false. */
  writable(): void;
}

/** A responder's owner hears of new circuits: CREATE_FAST or CREATE2 (anything else was refused already). */
export type OnCreate = (channel: Channel, circId: number, command: number, body: Uint8Array) => void;
