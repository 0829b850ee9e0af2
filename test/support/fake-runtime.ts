import type { Clock, Random, Runtime, Timer, Timers } from '../../src/base/runtime/index.ts';

/** A repeatable source: splitmix32 seeded with a number. Never for anything but tests. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next32 = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const unit = (): number => (next32() * 2 ** 21 + (next32() >>> 11)) / 2 ** 53;
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next32() & 0xff),
    below: (limit) => Math.floor(unit() * limit),
    unit,
  };
}

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that moves only when told, timers on it, and seeded randomness. */
export class FakeRuntime implements Runtime {
  readonly random: Random;
  #nowMs: number;
  #monotonicMs = 0;
  readonly #pending = new Set<Pending>();

  readonly clock: Clock = { now: () => this.#nowMs, monotonic: () => this.#monotonicMs };

  readonly timers: Timers = {
    after: (delayMs, callback): Timer => {
      const pending = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback };
      this.#pending.add(pending);
      return { cancel: () => this.#pending.delete(pending) };
    },
    soon: (callback) => {
      setImmediate(callback);
    },
  };

  constructor(nowMs = Date.UTC(2026, 10, 21, 12), seed = 1) {
    this.#nowMs = nowMs;
    this.random = seededRandom(seed);
  }

  /** Moves the clock on, calls timers in order of their time, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    for (;;) {
      await settle();
      let next: Pending | undefined;
      for (const each of this.#pending) if (next === undefined || each.dueMs < next.dueMs) next = each;
      if (next === undefined || next.dueMs > untilMs) break;
      this.#pending.delete(next);
      this.#move(next.dueMs - this.#monotonicMs);
      next.callback();
    }
    this.#move(untilMs - this.#monotonicMs);
    await settle();
  }

  /** Moves the clock on without calling any timer. */
  skip(ms: number): void {
    this.#move(ms);
  }

  #move(ms: number): void {
    if (ms <= 0) return;
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }
}

/** Lets promise chains run that need no outside event. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
