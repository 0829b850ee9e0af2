import type { Clock, Random } from '../../../base/runtime/index.ts';
import type { CongestionParams, CreateAnswer, RelayKeys } from '../../../protocol/circuit/index.ts';

export interface CreateRequest {
  readonly command: number;
  /** A copy: the cell's buffer is used again. */
  readonly body: Uint8Array;
  /** False once the circuit went away: no work is done for it. */
  readonly wanted: () => boolean;
}

/** Answers CREATE cells, at once or elsewhere. Exactly one of the callbacks is called, once. */
export interface HandshakeQueue {
  /** `failed` gets QUEUE_FULL when it waited too long or too many came after it, else what the handshake threw. */
  submit(request: CreateRequest, answered: (answer: CreateAnswer) => void, failed: (error: unknown) => void): void;
  /** Waiting now. */
  readonly depth: number;
  close(): void;
}

export interface HandshakeQueueDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Calls back later in this turn: `setImmediate`. */
  readonly later: (callback: () => void) => void;
}

export interface HandshakeQueueOptions {
  readonly keys: () => RelayKeys;
  readonly congestion: () => CongestionParams;
  readonly cgo: boolean;
  /** MaxOnionQueueDelay: who waited longer is dropped. Default 1750 ms. */
  readonly maxDelayMs?: () => number;
  readonly maxDepth?: number;
}

export const defaultMaxDelayMs = 1750;
export const defaultMaxDepth = 4096;
