import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { concatBytes, fromBase16, isAllZero } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';

const pkcs8Prefix = fromBase16('302e020100300506032b656e04220420');
const spkiPrefix = fromBase16('302a300506032b656e032100');

export interface X25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, clamped. */
  readonly secretKey: Uint8Array;
}

const secretObject = (secretKey: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concatBytes(pkcs8Prefix, secretKey)), format: 'der', type: 'pkcs8' });
const publicObject = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(concatBytes(spkiPrefix, publicKey)), format: 'der', type: 'spki' });

export function x25519PublicKey(secretKey: Uint8Array): Uint8Array {
  if (secretKey.length !== 32) throw new TorError('BAD_KEY', 'an x25519 key has 32 bytes');
  const der = createPublicKey(secretObject(secretKey)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - 32));
}

export function x25519KeyPair(random: Random): X25519KeyPair {
  const secretKey = random.bytes(32);
  secretKey[0] = (secretKey[0] as number) & 248;
  secretKey[31] = ((secretKey[31] as number) & 127) | 64;
  return { publicKey: x25519PublicKey(secretKey), secretKey };
}

/** The shared secret, 32 bytes. Throws BAD_KEY when the result is all zero (a low-order point) or a length is wrong. */
export function x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  if (secretKey.length !== 32 || publicKey.length !== 32) throw new TorError('BAD_KEY', 'an x25519 key has 32 bytes');
  let shared: Uint8Array;
  try {
    shared = new Uint8Array(diffieHellman({ privateKey: secretObject(secretKey), publicKey: publicObject(publicKey) }));
  } catch (cause) {
    throw new TorError('BAD_KEY', 'x25519 with a low-order point', { cause });
  }
  if (isAllZero(shared)) throw new TorError('BAD_KEY', 'x25519 with a low-order point');
  return shared;
}
