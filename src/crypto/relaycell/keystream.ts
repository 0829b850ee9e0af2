import { AesCtr } from '../primitives/index.ts';
import type { Engine } from './engine.ts';
import type { SlotOwner } from './keystream-slots.ts';
import { bodyLength, keystreamAt } from './layout.ts';

const bodiesAheadMax = 32;
const zeros = new Uint8Array(bodyLength * bodiesAheadMax);
const none = new Uint8Array(0);
const blockLength = 16;
/** As many as it takes to build a circuit: most wait a long time before there are more. */
const cellsOneByOne = 4;

/** Where a key lies in what the layer was given. */
export interface KeyPlace {
  readonly at: number;
  readonly length: 16 | 32;
}

/**
 * AES-CTR keystream, made ahead. One call of the cipher for many cells costs a fifth of one call per cell, and the
 * keystream does not depend on the data. A circuit starts with one cell's worth at a time and doubles as it is used, so
 * that idle circuits stay small; those that are busy have a slot in the engine's memory. Until its first cell, and when too many
 * others have been used since its last, it has neither a cipher nor keystream, and begins anew from its place.
 */
export class Keystream implements SlotOwner {
  /** See `Sleeper`. */
  recent = false;
  readonly #keys: Uint8Array;
  readonly #place: KeyPlace;
  #cipher: AesCtr | undefined;
  #ahead = 1;
  #block: Uint8Array = none;
  #at = 0;
  /** Bytes of keystream up to the end of the block. */
  #made = 0;
  /** Address of a slot with a copy of the block. */
  #slot: number | undefined;

  /** `keys` is kept, not copied. */
  constructor(keys: Uint8Array, place: KeyPlace) {
    this.#keys = keys;
    this.#place = place;
  }

  /** Adds the next 509 bytes of keystream to the cell in work. 1 when `recognized` is zero afterwards. */
  apply(engine: Engine): number {
    if (this.#at === this.#block.length && this.#makeMore(engine)) return engine.xorKeystream(keystreamAt);
    const at = this.#at;
    this.#at = at + bodyLength;
    if (this.#slot !== undefined) return engine.xorKeystream(this.#slot + at);
    engine.memory.set(this.#block.subarray(at, at + bodyLength), keystreamAt);
    return engine.xorKeystream(keystreamAt);
  }

  /** True when it made what one cell needs, and left it at `keystreamAt`. */
  #makeMore(engine: Engine): boolean {
    if (this.#cipher === undefined) {
      this.#cipher = this.#cipherFrom(this.#made);
      engine.slots.wake(this);
    } else this.recent = true;
    const bodies = this.#ahead;
    const length = bodyLength * bodies;
    const block = this.#cipher.crypt(zeros.subarray(0, length));
    this.#made += length;
    if (bodies < bodiesAheadMax && this.#made >= cellsOneByOne * bodyLength) this.#ahead = 2 * bodies;
    if (bodies === 1) {
      engine.memory.set(block, keystreamAt);
      return true;
    }
    this.#at = 0;
    this.#block = block;
    if (bodies === bodiesAheadMax) {
      this.#slot ??= engine.slots.take(this);
      engine.memory.set(block, this.#slot);
    }
    return false;
  }

  #cipherFrom(position: number): AesCtr {
    const { at, length } = this.#place;
    const iv = new Uint8Array(blockLength);
    new DataView(iv.buffer).setBigUint64(8, BigInt(Math.floor(position / blockLength)));
    const cipher = new AesCtr(this.#keys.subarray(at, at + length), iv);
    const skipped = position % blockLength;
    if (skipped > 0) cipher.crypt(zeros.subarray(0, skipped));
    return cipher;
  }

  /** The block itself is still there. */
  lostSlot(): void {
    this.#slot = undefined;
  }

  /** Gives back all but the key. */
  sleep(): void {
    this.#made -= this.#block.length - this.#at;
    this.#block = none;
    this.#at = 0;
    this.#ahead = 1;
    this.#cipher = undefined;
    this.#slot = undefined;
    this.recent = false;
  }
}
