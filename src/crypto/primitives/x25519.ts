import { diffieHellman, type KeyObject } from 'node:crypto';
import { isAllZero } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { okpPrivateKey, okpPublicKey, okpRawPublic } from './okp.ts';
import { secretEqual } from './secret-equal.ts';

export interface X25519KeyPair {
  readonly publicKey: Uint8Array;
  /** 32 bytes, already clamped, as key files hold it. */
  readonly secretKey: Uint8Array;
}

export function x25519KeyPair(random: Random): X25519KeyPair {
  const secretKey = random.bytes(32);
  secretKey[0] = (secretKey[0] as number) & 248;
  secretKey[31] = ((secretKey[31] as number) & 127) | 64;
  return { publicKey: x25519PublicKey(secretKey), secretKey };
}

/** Throws BAD_KEY unless the secret has 32 bytes. */
export const x25519PublicKey = (secretKey: Uint8Array): Uint8Array => okpRawPublic(privateKeyOf(secretKey));

/** The shared secret, 32 bytes. Throws BAD_KEY when it would be all zeros, or a length is wrong. */
export function x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const privateKey = privateKeyOf(secretKey);
  const peer = okpPublicKey('X25519', publicKey);
  let shared: Uint8Array;
  try {
    shared = new Uint8Array(diffieHellman({ privateKey, publicKey: peer }));
  } catch (error) {
    throw new TorError('BAD_KEY', smallOrder, { cause: error });
  }
  if (isAllZero(shared)) throw new TorError('BAD_KEY', smallOrder);
  return shared;
}

const smallOrder = 'X25519 public key of small order';

interface Prepared {
  readonly key: KeyObject;
  readonly bytes: Uint8Array;
}

const prepared = new WeakMap<Uint8Array, Prepared>();

/**
 * Making a private key object costs a scalar multiplication, as much as using it: so a block of bytes that was a key
 * once keeps its object, for as long as it holds the same bytes.
 */
function privateKeyOf(secretKey: Uint8Array): KeyObject {
  const known = prepared.get(secretKey);
  if (known !== undefined && secretEqual(known.bytes, secretKey)) return known.key;
  const key = okpPrivateKey('X25519', secretKey);
  prepared.set(secretKey, { key, bytes: secretKey.slice() });
  return key;
}
