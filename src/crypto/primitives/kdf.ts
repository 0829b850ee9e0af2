import { hkdfSync } from 'node:crypto';
import { concatBytes } from '../../base/bytes/index.ts';
import { sha1 } from './digest.ts';

/** RFC 5869 with SHA-256. At most 8160 bytes. */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ikm, salt, info, length));
}

/** KDF-TOR: SHA1(K0 | 00) | SHA1(K0 | 01) | ... spec: tor-spec 5.2.1 */
export function kdfTor(k0: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0, at = 0; at < length; i++, at += 20) {
    out.set(sha1(concatBytes(k0, Uint8Array.of(i))).subarray(0, length - at), at);
  }
  return out;
}

/** Key material as a handshake leaves it: taken from the front, each byte once. */
export class KeyStream {
  readonly #expand: (length: number) => Uint8Array;
  #bytes: Uint8Array;
  #at: number;

  /**
   * `expand(n)` gives the first `n` bytes, always the same. `skip` bytes are passed over at the start. `expected` is
   * how many bytes will likely be taken: they are made in one go.
   */
  constructor(expand: (length: number) => Uint8Array, options: { skip?: number; expected?: number } = {}) {
    this.#expand = expand;
    this.#at = options.skip ?? 0;
    this.#bytes = expand(this.#at + (options.expected ?? 92));
  }

  /** The next `length` bytes, as a copy. */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) this.#bytes = this.#expand(Math.max(end, this.#bytes.length * 2));
    const out = this.#bytes.slice(this.#at, end);
    this.#bytes.fill(0, this.#at, end);
    this.#at = end;
    return out;
  }
}
