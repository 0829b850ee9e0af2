import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Random, Runtime, Timer, Timers } from '../runtime.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

const timers: Timers = {
  after(delayMs, callback, options): Timer {
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), 0x7fffffff));
    if (options?.background === true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};

const random: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  below: (limit) => (limit <= 1 ? 0 : randomInt(limit)),
  unit: () => randomInt(2 ** 48 - 1) / (2 ** 48 - 1),
};

/** The machine we run on. */
export const nodeRuntime: Runtime = { clock, timers, random };
