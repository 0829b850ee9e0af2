import { createHash, createHmac, type Hash, hash } from 'node:crypto';

/** One-shot digests. spec: tor-spec 0.3 */
export const sha1 = (data: Uint8Array): Uint8Array => bare(hash('sha1', data, 'buffer'));
export const sha256 = (data: Uint8Array): Uint8Array => bare(hash('sha256', data, 'buffer'));
export const sha512 = (data: Uint8Array): Uint8Array => bare(hash('sha512', data, 'buffer'));
export const sha3_256 = (data: Uint8Array): Uint8Array => bare(hash('sha3-256', data, 'buffer'));

/** SHAKE-256 squeezed to `length` bytes. */
export function shake256(data: Uint8Array, length: number): Uint8Array {
  return bare(createHash('shake256', { outputLength: length }).update(data).digest());
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return bare(createHmac('sha256', key).update(data).digest());
}

/** MAC of the onion service protocol: SHA3-256 over the key's length (8 bytes), the key and the message. spec: rend-spec-v3 0.3 */
export function sha3Mac(key: Uint8Array, ...message: readonly Uint8Array[]): Uint8Array {
  const running = new RunningHash('sha3-256');
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(4, key.length);
  running.update(length).update(key);
  for (const part of message) running.update(part);
  return running.digest();
}

export type HashName = 'sha1' | 'sha256' | 'sha512' | 'sha3-256';

/** A digest over data that comes in pieces. */
export class RunningHash {
  readonly #hash: Hash;

  /** A fresh digest, or a copy of another that goes its own way from here. */
  constructor(from: HashName | RunningHash) {
    this.#hash = typeof from === 'string' ? createHash(from) : from.#hash.copy();
  }

  update(data: Uint8Array): this {
    this.#hash.update(data);
    return this;
  }

  /** The digest of everything so far; more may follow. */
  peek(): Uint8Array {
    return bare(this.#hash.copy().digest());
  }

  /** The final digest: call it once. */
  digest(): Uint8Array {
    return bare(this.#hash.digest());
  }
}

/** The platform's digests are Buffers, some of them cut from a shared pool; ours are plain and own their bytes. */
function bare(buffer: Buffer): Uint8Array {
  if (buffer.byteLength === buffer.buffer.byteLength) return new Uint8Array(buffer.buffer);
  return Uint8Array.prototype.slice.call(buffer);
}
