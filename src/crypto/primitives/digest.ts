import { createHash, createHmac, hkdfSync } from 'node:crypto';

const digest = (algorithm: string, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(algorithm).update(data).digest());

export const sha1 = (data: Uint8Array): Uint8Array => digest('sha1', data);
export const sha256 = (data: Uint8Array): Uint8Array => digest('sha256', data);
export const sha512 = (data: Uint8Array): Uint8Array => digest('sha512', data);
export const sha3_256 = (data: Uint8Array): Uint8Array => digest('sha3-256', data);

/** SHAKE-256 with `length` bytes of output. */
export const shake256 = (data: Uint8Array, length: number): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: length }).update(data).digest());

export const hmacSha256 = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac('sha256', key).update(data).digest());

/** RFC 5869, extract and expand. */
export const hkdfSha256 = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', ikm, salt, info, length));

/** KDF-TOR: SHA1(K0 | [00]) | SHA1(K0 | [01]) | … spec: tor-spec 5.2.1 */
export function kdfTor(k0: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(length / 20) * 20);
  const block = new Uint8Array(k0.length + 1);
  block.set(k0);
  for (let i = 0; i * 20 < length; i++) {
    block[k0.length] = i;
    out.set(sha1(block), i * 20);
  }
  return out.slice(0, length);
}

/** A digest that is fed piece by piece and can be looked at without ending it. */
export class RunningHash {
  readonly #hash: ReturnType<typeof createHash>;

  constructor(algorithm: 'sha1' | 'sha256' | 'sha3-256' | 'sha512') {
    this.#hash = createHash(algorithm);
  }

  update(data: Uint8Array): this {
    this.#hash.update(data);
    return this;
  }

  /** The digest of everything so far; more may follow. */
  peek(): Uint8Array {
    return new Uint8Array(this.#hash.copy().digest());
  }
}
