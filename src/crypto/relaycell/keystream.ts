import { AesCtr } from '../primitives/index.ts';
import type { Engine } from './engine.ts';
import type { SlotOwner } from './keystream-slots.ts';
import { bodyLength, keystreamAt } from './layout.ts';

const bodiesAheadMax = 32;
const zeros = new Uint8Array(bodyLength * bodiesAheadMax);
const none = new Uint8Array(0);

/**
 * AES-CTR keystream, made ahead. One call of the cipher for many cells costs a fifth of one call per cell, and the
 * keystream does not depend on the data. A circuit starts with one cell's worth and doubles as it is used, so that idle
 * circuits stay small; those that are busy have a slot in the engine's memory.
 */
export class Keystream implements SlotOwner {
  readonly #cipher: AesCtr;
  #ahead = 1;
  #block: Uint8Array = none;
  #at = 0;
  /** Address of a slot with a copy of the block. */
  #slot: number | undefined;

  constructor(key: Uint8Array) {
    this.#cipher = new AesCtr(key);
  }

  /** Adds the next 509 bytes of keystream to the cell in work. 1 when `recognized` is zero afterwards. */
  apply(engine: Engine): number {
    if (this.#at === this.#block.length) this.#makeMore(engine);
    const at = this.#at;
    this.#at = at + bodyLength;
    if (this.#slot !== undefined) return engine.xorKeystream(this.#slot + at);
    engine.memory.set(this.#block.subarray(at, at + bodyLength), keystreamAt);
    return engine.xorKeystream(keystreamAt);
  }

  #makeMore(engine: Engine): void {
    this.#at = 0;
    this.#block = this.#cipher.crypt(zeros.subarray(0, bodyLength * this.#ahead));
    if (this.#ahead < bodiesAheadMax) {
      this.#ahead *= 2;
      return;
    }
    this.#slot ??= engine.slots.take(this);
    engine.memory.set(this.#block, this.#slot);
  }

  /** The block itself is still there. */
  lostSlot(): void {
    this.#slot = undefined;
  }
}
