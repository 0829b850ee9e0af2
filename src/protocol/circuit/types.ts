import type { TorError } from '../../base/errors/index.ts';
import type { LinkSpecifier } from '../../wire/linkspec/index.ts';
import type { Protover } from '../../wire/protover/index.ts';
import type { RelayCellFormat } from '../../wire/relaymsg/index.ts';
import type { CongestionPath } from './params.ts';

export type CircuitState = 'building' | 'open' | 'closed';

/** A relay to create a circuit to, or to extend one to. */
export interface HopTarget {
  readonly ed25519?: Uint8Array;
  readonly rsa: Uint8Array;
  readonly ntorKey: Uint8Array;
  readonly linkSpecifiers: readonly LinkSpecifier[];
  /** Decides between ntor and ntor-v3, congestion control and CGO. */
  readonly protover: Protover;
}

export interface ExtendOptions {
  /**
   * The last hop of a circuit that is not internal to an onion service: congestion control is asked for when the relay
   * has FlowCtrl=2, and CGO when it also has Relay=5-6. Without it a hop gets neither. Default false.
   */
  readonly exit?: boolean;
}

/** One hop of an origin circuit. */
export interface Hop {
  /** 0 is the guard. */
  readonly index: number;
  readonly target: HopTarget | undefined;
  readonly handshake: 'fast' | 'ntor' | 'ntor-v3' | 'virtual';
  readonly format: RelayCellFormat;
  readonly cgo: boolean;
  /** Undefined when the hop runs fixed windows. */
  readonly congestion: CongestionView | undefined;
  /** KH: binds ESTABLISH_INTRO to this circuit; 20 bytes, empty for a virtual hop. */
  readonly keyHash: Uint8Array;
}

/** What the control port shows of congestion control. */
export interface CongestionView {
  readonly path: CongestionPath;
  readonly sendmeInc: number;
  readonly cwnd: number;
  readonly inflight: number;
  readonly inSlowStart: boolean;
  readonly rttMs: number;
  readonly minRttMs: number;
}

/** How to attach the end-to-end hop of an onion service circuit. */
export interface VirtualHopOptions {
  /** Set when both ends agreed on congestion control; the path is 'exit' for a single onion service, else 'onion'. */
  readonly congestion?: { readonly sendmeInc: number; readonly path?: CongestionPath };
}

export interface CircuitClosed {
  /** A `DestroyReason`. */
  readonly reason: number;
  /** The far side closed it (DESTROY or TRUNCATED came, or the channel went away). */
  readonly remote: boolean;
  readonly error: TorError;
}

export interface CircuitEvents {
  readonly extended: { readonly hop: Hop };
  readonly opened: { readonly hops: number };
  readonly closed: CircuitClosed;
  readonly streamOpened: { readonly streamId: number };
  readonly streamFlow: { readonly streamId: number; readonly signal: 'xoff' | 'xon' };
  readonly streamClosed: { readonly streamId: number; readonly reason: number; readonly remote: boolean };
}

/** For the control port (CIRC_BW): cells of 509 bytes, bytes of valid messages, and what those left unused. */
export interface CircuitCounters {
  readonly readCells: number;
  readonly writtenCells: number;
  readonly deliveredReadBytes: number;
  readonly overheadReadBytes: number;
  readonly deliveredWrittenBytes: number;
  readonly overheadWrittenBytes: number;
}

/** A relay message that was waited for. The body is a copy. */
export interface CircuitMessage {
  readonly command: number;
  readonly body: Uint8Array;
  readonly hop: Hop;
}
