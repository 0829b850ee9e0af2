import { createCipheriv } from 'node:crypto';
import { TorError } from '../../base/errors/index.ts';

const zeroIv = new Uint8Array(16);

/** AES in counter mode as one long keystream; encrypting and decrypting are the same. Keys of 16 or 32 bytes. */
export class AesCtr {
  readonly #cipher: ReturnType<typeof createCipheriv>;

  constructor(key: Uint8Array, iv: Uint8Array = zeroIv) {
    if (key.length !== 16 && key.length !== 32) throw new TorError('BAD_KEY', 'an AES key has 16 or 32 bytes');
    this.#cipher = createCipheriv(key.length === 16 ? 'aes-128-ctr' : 'aes-256-ctr', key, iv);
  }

  crypt(data: Uint8Array): Uint8Array {
    return this.#cipher.update(data);
  }

  cryptInPlace(data: Uint8Array): void {
    data.set(this.#cipher.update(data));
  }
}
