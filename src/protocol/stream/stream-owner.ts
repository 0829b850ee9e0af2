import type { TorError } from '../../base/errors/index.ts';
import type { Timer } from '../../base/runtime/index.ts';
import type { FlowParams } from './flow-params.ts';
import type { HalfClosed } from './half-closed.ts';
import type { StreamPort } from './port.ts';

export interface StreamTableSettings {
  readonly flow: FlowParams;
  /** Bytes that may wait on our side before XOFF. */
  readonly xoffLimitBytes: number;
  /** What the far end's limits are, to tell honest XOFF and XON; undefined where C tor does not check (exits). */
  readonly peerXoffLimitBytes: number | undefined;
  readonly peerXonLimitBytes: number | undefined;
  /** Clients never tell why a stream ends: every END says MISC. */
  readonly maskReasons: boolean;
  /**
   * At the origin: a message that no honest far end sends closes the circuit, and late ones are counted against what the
   * stream allowed. Relays ignore such messages, as C tor does.
   */
  readonly strict: boolean;
  /** How long late messages are fine under congestion control; default a minute. */
  readonly halfClosedMs?: number;
}

/** What one stream needs of its table. */
export interface StreamOwner<S> {
  readonly port: StreamPort;
  readonly settings: StreamTableSettings;
  nowMs(): number;
  after(delayMs: number, callback: () => void): Timer;
  /** Whether the stream may send one more DATA cell now; if not it is queued for when there is room. */
  takeTurn(stream: S): boolean;
  touch(stream: S): void;
  opened(streamId: number): void;
  signalled(streamId: number, signal: 'xoff' | 'xon'): void;
  endedHere(stream: S, reason: number, half: HalfClosed): void;
  halfClosedDeadlineMs(): number;
  unexpected(what: string): false;
  violation(what: string): TorError;
}
