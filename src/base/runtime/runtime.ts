/**
 * Everything the machines below `network/` may know of the outside world. `node/` is the real one; tests bring their
 * own clock and randomness. Times are milliseconds.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970: for documents, certificates and anything compared with other machines. */
  now(): number;
  /** Monotonic clock in milliseconds (fractions allowed): for round-trip times and deadlines. */
  monotonic(): number;
}

export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Calls back once, after at least `delayMs`. `background` timers do not keep the process alive. */
  after(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer;
  /** Calls back at the end of this turn of the event loop, before I/O: where batched writes are flushed. */
  soon(callback: () => void): void;
}

/** The one source of randomness. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform integer in [0, limit). */
  below(limit: number): number;
  /** Uniform double in [0, 1). */
  unit(): number;
}

export interface Runtime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}
