import type { Socket } from 'node:net';
import type { Stream, StreamHandler } from '../../protocol/stream/index.ts';

export interface PumpOptions {
  /** Bytes waiting in the socket's write queue above which the far end is told to stop. */
  readonly highWaterBytes?: number;
  /** And below which it may go on. */
  readonly lowWaterBytes?: number;
}

export interface PumpEnd {
  /** An `EndReason` when the stream ended; DONE when the socket closed first. */
  readonly reason: number;
  readonly remote: boolean;
  readonly bytesToSocket: number;
  readonly bytesToStream: number;
}

/**
 * Moves bytes between a socket and a stream in both directions until both are done. Its `handler` is given to whoever
 * opens the stream; `start` binds the stream once it is there. Data of one run of cells goes out in one socket write.
 */
export interface SocketPump {
  readonly handler: StreamHandler;
  /** Binds the stream. Bytes read from the socket before (`early`) go first. */
  start(stream: Stream, early?: Uint8Array): void;
  readonly finished: Promise<PumpEnd>;
}

export interface PumpDeps {
  readonly socket: Socket;
}
