import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { TorError } from '../../base/errors/index.ts';
import { sha512 } from './digest.ts';
import { expandedPublicKey, signExpanded } from './ed25519-point.ts';
import { okpPrivateKey, okpPublicKey, okpRawPublic } from './okp.ts';

/** A secret key as RFC 8032 has it: everything follows from 32 random bytes. */
export interface Ed25519SeedKey {
  readonly publicKey: Uint8Array;
  readonly seed: Uint8Array;
}

/** A secret key as C tor's key files have it: the clamped scalar and the nonce prefix, 64 bytes. */
export interface Ed25519ExpandedKey {
  readonly publicKey: Uint8Array;
  readonly expanded: Uint8Array;
}

export type Ed25519SecretKey = Ed25519SeedKey | Ed25519ExpandedKey;

export const ed25519KeyPair = (seed: Uint8Array): Ed25519SeedKey => ({ publicKey: ed25519PublicKey(seed), seed });

export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return okpRawPublic(createPublicKey(okpPrivateKey('Ed25519', seed)));
}

/** The key pair of a 64-byte expanded secret. Throws BAD_KEY for another length. */
export function ed25519ExpandedKeyPair(expanded: Uint8Array): Ed25519ExpandedKey {
  return { publicKey: expandedPublicKey(expanded), expanded };
}

/** SHA-512 of the seed with the scalar clamped. */
export function expandSeed(seed: Uint8Array): Uint8Array {
  const expanded = sha512(seed);
  expanded[0] = (expanded[0] as number) & 248;
  expanded[31] = ((expanded[31] as number) & 63) | 64;
  return expanded;
}

const signers = new WeakMap<Ed25519SeedKey, KeyObject>();

/** A signature of 64 bytes. Seed keys take the fast way (40 µs); expanded keys, which the platform cannot use, a slow one (1 ms). */
export function ed25519Sign(message: Uint8Array, key: Ed25519SecretKey): Uint8Array {
  if ('expanded' in key) return signExpanded(message, key.expanded, key.publicKey);
  let signer = signers.get(key);
  if (signer === undefined) {
    signer = okpPrivateKey('Ed25519', key.seed);
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
