import { TorError } from '../errors/index.ts';

/** Appends big-endian fields to a growing block. */
export class Writer {
  #data: Uint8Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#data = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #room(extra: number): number {
    const at = this.#length;
    const end = at + extra;
    if (end > this.#data.length) {
      const grown = new Uint8Array(Math.max(end, this.#data.length * 2));
      grown.set(this.#data.subarray(0, at));
      this.#data = grown;
    }
    this.#length = end;
    return at;
  }

  u8(value: number): this {
    check(value, 0xff);
    const at = this.#room(1);
    this.#data[at] = value;
    return this;
  }

  u16(value: number): this {
    check(value, 0xffff);
    const at = this.#room(2);
    this.#data[at] = value >>> 8;
    this.#data[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    check(value, 0xffffffff);
    const at = this.#room(4);
    this.#data[at] = value >>> 24;
    this.#data[at + 1] = value >>> 16;
    this.#data[at + 2] = value >>> 8;
    this.#data[at + 3] = value;
    return this;
  }

  u64(value: bigint): this {
    this.u32(Number((value >> 32n) & 0xffffffffn));
    return this.u32(Number(value & 0xffffffffn));
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#data.set(value, at);
    return this;
  }

  zeros(count: number): this {
    this.#room(count);
    return this;
  }

  /** A view of what was written; valid until the next write. */
  view(): Uint8Array {
    return this.#data.subarray(0, this.#length);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#data.slice(0, this.#length);
  }
}

function check(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new TorError('INTERNAL', `cannot write ${value} in a field of at most ${max}`);
  }
}
