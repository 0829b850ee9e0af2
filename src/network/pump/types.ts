import type { Socket } from 'node:net';

export interface PumpDeps {
  readonly socket: Socket;
}

export interface PumpOptions {
  /** Bytes waiting in the socket's write queue above which the far end is told to stop. */
  readonly highWaterBytes?: number;
  /** And at or below which it may go on. */
  readonly lowWaterBytes?: number;
}

/** How a pump came to its end. */
export interface PumpEnd {
  /** The `EndReason` the stream ended with. */
  readonly reason: number;
  /** The far end of the stream ended it; else the socket did, or `abort`. */
  readonly remote: boolean;
  readonly bytesToSocket: number;
  readonly bytesToStream: number;
}
