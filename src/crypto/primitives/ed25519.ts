import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { TorError } from '../../base/errors/index.ts';
import { sha512 } from './digest.ts';
import { type ExpandedKey, signExpanded } from './ed25519-point.ts';
import { okpPrivateKey, okpPublicKey, okpRawPublic } from './okp.ts';

/** A key pair that follows from a seed of 32 random bytes, as in RFC 8032. */
export interface Ed25519KeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What signs: either form. */
export type Ed25519SecretKey = Ed25519KeyPair | ExpandedKey;

export const ed25519KeyPair = (seed: Uint8Array): Ed25519KeyPair => ({ seed, publicKey: ed25519PublicKey(seed) });

/** Throws BAD_KEY unless the seed has 32 bytes. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return okpRawPublic(createPublicKey(okpPrivateKey('Ed25519', seed)));
}

/** What expanded keys were made from, where that was here: key files have no place for it. */
const seeds = new WeakMap<ExpandedKey, Uint8Array>();

/** The key pair in the form of C tor's key files: SHA-512 of the seed with the scalar clamped. */
export function expandSeed(seed: Uint8Array): ExpandedKey {
  const expanded = sha512(seed);
  expanded[0] = (expanded[0] as number) & 248;
  expanded[31] = ((expanded[31] as number) & 63) | 64;
  const key = { expanded, publicKey: ed25519PublicKey(seed) };
  seeds.set(key, seed);
  return key;
}

const signers = new WeakMap<Ed25519SecretKey, KeyObject>();

/**
 * 64 bytes. A key whose seed is known takes the fast way (40 µs); an expanded key from a file, which the platform cannot
 * use, a slow one (1 ms).
 */
export function ed25519Sign(message: Uint8Array, key: Ed25519SecretKey): Uint8Array {
  let signer = signers.get(key);
  if (signer === undefined) {
    const seed = 'expanded' in key ? seeds.get(key) : key.seed;
    if (seed === undefined) return signExpanded(message, key as ExpandedKey);
    signer = okpPrivateKey('Ed25519', seed);
    signers.set(key, signer);
  }
  return new Uint8Array(sign(null, message, signer));
}

/** False for a bad signature and for a key that is no key; never throws. */
export function ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    return verify(null, message, okpPublicKey('Ed25519', publicKey), signature);
  } catch (error) {
    if (TorError.is(error)) return false;
    throw error;
  }
}
