import { AesCtr } from '../primitives/index.ts';
import type { Engine } from './engine.ts';
import { bodyLength, keystreamAt } from './layout.ts';

const bodiesAheadMax = 32;
const zeros = new Uint8Array(bodyLength * bodiesAheadMax);

/**
 * AES-CTR keystream, made ahead. One call of the cipher for many cells costs a fifth of one call per cell, and the
 * keystream does not depend on the data. A circuit starts with one cell's worth and doubles as it is used, so that idle
 * circuits stay small.
 */
export class Keystream {
  readonly #cipher: AesCtr;
  #ahead = 1;
  #block: Uint8Array = zeros.subarray(0, 0);
  #at = 0;

  constructor(key: Uint8Array) {
    this.#cipher = new AesCtr(key);
  }

  /** Adds the next 509 bytes of keystream to the cell in work. 1 when `recognized` is zero afterwards. */
  apply(engine: Engine): number {
    const at = this.#at;
    if (at === this.#block.length) return this.#more(engine);
    engine.memory.set(this.#block.subarray(at, at + bodyLength), keystreamAt);
    this.#at = at + bodyLength;
    return engine.xorKeystream();
  }

  #more(engine: Engine): number {
    this.#block = this.#cipher.crypt(zeros.subarray(0, bodyLength * this.#ahead));
    this.#at = 0;
    if (this.#ahead < bodiesAheadMax) this.#ahead *= 2;
    return this.apply(engine);
  }
}
