import { AesCtr } from '../primitives/index.ts';

const bodyLength = 509;
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

  /** XORs the next 509 bytes of keystream into `body`. */
  apply(body: Uint8Array): void {
    if (this.#at === this.#block.length) {
      this.#block = this.#cipher.crypt(zeros.subarray(0, bodyLength * this.#ahead));
      this.#at = 0;
      if (this.#ahead < bodiesAheadMax) this.#ahead *= 2;
    }
    const block = this.#block;
    const at = this.#at;
    for (let i = 0; i < bodyLength; i++) body[i] = (body[i] as number) ^ (block[at + i] as number);
    this.#at = at + bodyLength;
  }
}
