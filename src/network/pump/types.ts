import type { Socket } from 'node:net';
import type { SharedReader } from './shared-reader.ts';

export interface PumpDeps {
  readonly socket: Socket;
  /** What the socket was connected with, when it reads into a buffer that all share. */
  readonly reader?: SharedReader | undefined;
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
