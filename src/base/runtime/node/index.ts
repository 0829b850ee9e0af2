import { randomFillSync, randomInt } from 'node:crypto';
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

const poolLength = 8192;
const pool = new Uint8Array(poolLength);
let poolAt = poolLength;

/**
 * A call of the generator costs ten times what the bytes do, and cells want random padding: short pieces come from a
 * block made ahead, and are wiped there, since some become keys.
 */
function randomPiece(length: number): Uint8Array {
  if (length > poolLength / 8) return randomFillSync(new Uint8Array(length));
  if (poolAt + length > poolLength) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const piece = pool.slice(poolAt, poolAt + length);
  pool.fill(0, poolAt, poolAt + length);
  poolAt += length;
  return piece;
}

const random: Random = {
  bytes: randomPiece,
  below: (limit) => (limit <= 1 ? 0 : randomInt(limit)),
  unit: () => randomInt(2 ** 48 - 1) / (2 ** 48 - 1),
};

/** The machine we run on. */
export const nodeRuntime: Runtime = { clock, timers, random };
