import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { isAllZero } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { okpPrivateKey, okpPublicKey, okpRawPublic } from './okp.ts';

export interface X25519KeyPair {
  readonly publicKey: Uint8Array;
  /** 32 bytes, already clamped, as key files hold it. */
  readonly secretKey: Uint8Array;
}

/** A secret key made ready: worth keeping for a key that is used again and again, as an onion key is. */
export class X25519Secret {
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  /** Throws BAD_KEY unless `secretKey` has 32 bytes. */
  constructor(secretKey: Uint8Array) {
    this.#key = okpPrivateKey('X25519', secretKey);
    this.publicKey = okpRawPublic(this.#key);
  }

  /** The shared secret. Throws BAD_KEY when it would be all zeros, or the key has not 32 bytes. */
  exchange(publicKey: Uint8Array): Uint8Array {
    const peer = okpPublicKey('X25519', publicKey);
    let shared: Uint8Array;
    try {
      shared = new Uint8Array(diffieHellman({ privateKey: this.#key, publicKey: peer }));
    } catch (error) {
      throw new TorError('BAD_KEY', 'X25519 public key of small order', { cause: error });
    }
    if (isAllZero(shared)) throw new TorError('BAD_KEY', 'X25519 public key of small order');
    return shared;
  }
}

export function x25519KeyPair(random: Random): X25519KeyPair {
  const secretKey = random.bytes(32);
  secretKey[0] = (secretKey[0] as number) & 248;
  secretKey[31] = ((secretKey[31] as number) & 127) | 64;
  return { publicKey: x25519PublicKey(secretKey), secretKey };
}

export const x25519PublicKey = (secretKey: Uint8Array): Uint8Array =>
  okpRawPublic(createPublicKey(okpPrivateKey('X25519', secretKey)));

/** The shared secret, 32 bytes. Throws BAD_KEY when it would be all zeros. */
export const x25519 = (secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array =>
  new X25519Secret(secretKey).exchange(publicKey);
