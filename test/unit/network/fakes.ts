import type { Clock, Random, Timer, Timers } from '../../../src/base/runtime/index.ts';

/** A clock and timers that move only when told; callbacks due run in order, and promises settle in between. */
export class FakeTime implements Clock, Timers {
  #nowMs: number;
  readonly #startMs: number;
  #queue: { dueMs: number; order: number; callback: () => void }[] = [];
  #order = 0;

  constructor(startMs = Date.UTC(2026, 10, 21, 7, 0, 0)) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }
  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }
  after(delayMs: number, callback: () => void): Timer {
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#queue.push(entry);
    return {
      cancel: () => {
        this.#queue = this.#queue.filter((other) => other !== entry);
      },
    };
  }
  soon(callback: () => void): void {
    this.after(0, callback);
  }
  get pending(): number {
    return this.#queue.length;
  }

  /** Lets everything run that is due within the next `ms`, in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#queue
        .filter((e) => e.dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.#queue = this.#queue.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Turns the clock without running anything: the machine slept, or somebody set it. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Promise jobs, immediates and the thread pool's answers (decompression) get their turn. */
export async function settle(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Advances until `done()` or `limitMs`; returns whether it was done. */
export async function advanceUntil(
  time: FakeTime,
  done: () => boolean,
  limitMs: number,
  stepMs = 1000,
): Promise<boolean> {
  for (let spent = 0; spent <= limitMs; spent += stepMs) {
    if (done()) return true;
    await time.advance(stepMs);
  }
  return done();
}

/** A small seeded generator (xorshift32): the same seed, the same run. */
export function seededRandom(seed = 1): Random {
  let state = seed | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    below: (limit) => (limit <= 1 ? 0 : Math.floor((next() / 2 ** 32) * limit)),
    unit: () => next() / 2 ** 32,
  };
}
