import { type Cipher, createCipheriv } from 'node:crypto';
import { TorError } from '../../base/errors/index.ts';

const zeroIv = new Uint8Array(16);

/** AES in counter mode, 128 or 256 bits by the key's length; one continuous stream. spec: tor-spec 0.3 */
export class AesCtr {
  readonly #cipher: Cipher;

  /** `iv` defaults to zeros. Throws BAD_KEY for a wrong length. */
  constructor(key: Uint8Array, iv: Uint8Array = zeroIv) {
    if ((key.length !== 16 && key.length !== 32) || iv.length !== 16) {
      throw new TorError('BAD_KEY', 'AES-CTR wants a key of 16 or 32 bytes and an IV of 16');
    }
    this.#cipher = createCipheriv(key.length === 16 ? 'aes-128-ctr' : 'aes-256-ctr', key, iv);
  }

  /** Encrypts or decrypts the next bytes of the stream into a new block. */
  crypt(data: Uint8Array): Uint8Array {
    const out = this.#cipher.update(data);
    return new Uint8Array(out.buffer, out.byteOffset, out.length);
  }

  cryptInPlace(data: Uint8Array): void {
    data.set(this.#cipher.update(data));
  }
}
