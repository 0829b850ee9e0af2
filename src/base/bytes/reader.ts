import { TorError } from '../errors/index.ts';

/** Reads big-endian fields from a byte block. `bytes()` returns views, not copies. Short input throws TRUNCATED. */
export class Reader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#data.length - this.#at;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#data.length) {
      throw new TorError('TRUNCATED', undefined, {
        facts: { position: at, wanted: length, have: this.#data.length - at },
      });
    }
    this.#at = at + length;
    return at;
  }

  u8(): number {
    return this.#data[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    const d = this.#data;
    return ((d[at] as number) << 8) | (d[at + 1] as number);
  }

  u32(): number {
    const at = this.#take(4);
    const d = this.#data;
    return (
      (((d[at] as number) << 24) |
        ((d[at + 1] as number) << 16) |
        ((d[at + 2] as number) << 8) |
        (d[at + 3] as number)) >>>
      0
    );
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#data.subarray(at, at + length);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Throws TRAILING_BYTES unless everything was read. */
  end(): void {
    if (this.remaining !== 0) {
      throw new TorError('TRAILING_BYTES', undefined, { facts: { position: this.#at, extra: this.remaining } });
    }
  }
}
