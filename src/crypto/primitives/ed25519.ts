import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base16, concatBytes, fromBase16, fromUtf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { LruMap } from '../../base/util/index.ts';
import { sha512 } from './digest.ts';

const pkcs8Prefix = fromBase16('302e020100300506032b657004220420');
const spkiPrefix = fromBase16('302a300506032b6570032100');
const Point = ed25519.Point;
const order = Point.CURVE().n;
const fieldPrime = Point.CURVE().p;

/** A key pair made from a 32-byte seed. */
export interface Ed25519KeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A scalar (32 bytes, little-endian) and the 32-byte prefix that hedges signatures: what C tor keeps on disk. */
export interface ExpandedKey {
  /** 64 bytes: scalar | prefix. */
  readonly expanded: Uint8Array;
  readonly publicKey: Uint8Array;
}

const privateObject = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concatBytes(pkcs8Prefix, seed)), format: 'der', type: 'pkcs8' });

export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new TorError('BAD_KEY', 'an Ed25519 seed has 32 bytes');
  const der = createPublicKey(privateObject(seed)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - 32));
}

export function ed25519KeyPair(seed: Uint8Array): Ed25519KeyPair {
  return { seed, publicKey: ed25519PublicKey(seed) };
}

const toScalar = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
};

function fromScalar(value: bigint): Uint8Array {
  const out = new Uint8Array(32);
  let rest = value;
  for (let i = 0; i < 32; i++) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}

const publicOfScalar = (scalar: bigint): Uint8Array => Point.BASE.multiply(scalar % order).toBytes();

export function expandSeed(seed: Uint8Array): ExpandedKey {
  const expanded = sha512(seed);
  expanded[0] = (expanded[0] as number) & 248;
  expanded[31] = ((expanded[31] as number) & 63) | 64;
  return { expanded, publicKey: ed25519PublicKey(seed) };
}

/** An expanded key as read from a file. */
export function expandedKeyFrom(expanded: Uint8Array): ExpandedKey {
  if (expanded.length !== 64) throw new TorError('BAD_KEY', 'an expanded Ed25519 key has 64 bytes');
  return { expanded, publicKey: publicOfScalar(toScalar(expanded.subarray(0, 32))) };
}

/** A 64-byte signature, by a seed key (fast) or an expanded or blinded key. */
export function ed25519Sign(message: Uint8Array, key: Ed25519KeyPair | ExpandedKey): Uint8Array {
  if ('seed' in key) return new Uint8Array(sign(null, message, privateObject(key.seed)));
  const scalar = toScalar(key.expanded.subarray(0, 32));
  const prefix = key.expanded.subarray(32);
  const r = toScalar(sha512(concatBytes(prefix, message))) % order;
  const R = publicOfScalar(r);
  const k = toScalar(sha512(concatBytes(R, key.publicKey, message))) % order;
  return concatBytes(R, fromScalar((r + k * scalar) % order));
}

const verifyKeys = new LruMap<string, KeyObject>(512);

function publicObject(publicKey: Uint8Array): KeyObject {
  const id = base16(publicKey);
  let key = verifyKeys.get(id);
  if (key === undefined) {
    key = createPublicKey({ key: Buffer.from(concatBytes(spkiPrefix, publicKey)), format: 'der', type: 'spki' });
    verifyKeys.set(id, key);
  }
  return key;
}

export function ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    return verify(null, message, publicObject(publicKey), signature);
  } catch {
    return false;
  }
}

function pointOf(publicKey: Uint8Array): InstanceType<typeof Point> {
  try {
    return Point.fromBytes(publicKey, true);
  } catch (cause) {
    throw new TorError('BAD_KEY', 'not a point of Ed25519', { cause });
  }
}

/** True for a point of the prime-order group other than the identity, as C tor's ed25519_validate_pubkey(). */
export function isValidEd25519PublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  try {
    const point = Point.fromBytes(publicKey, true);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/** The clamped blinding parameter as a scalar. spec: rend-spec-v3 A.2 */
function blindingScalar(parameter: Uint8Array): bigint {
  const clamped = parameter.slice();
  clamped[0] = (clamped[0] as number) & 248;
  clamped[31] = ((clamped[31] as number) & 63) | 64;
  return toScalar(clamped);
}

/** A' = h A. Throws BAD_KEY. */
export function blindPublicKey(publicKey: Uint8Array, parameter: Uint8Array): Uint8Array {
  return pointOf(publicKey)
    .multiplyUnsafe(blindingScalar(parameter) % order)
    .toBytes();
}

const blindString = fromUtf8('Derive temporary signing key hash input');

/** a' = h a, and a new prefix. */
export function blindExpandedKey(key: ExpandedKey, parameter: Uint8Array): ExpandedKey {
  const scalar = (blindingScalar(parameter) * toScalar(key.expanded.subarray(0, 32))) % order;
  const prefix = sha512(concatBytes(blindString, key.expanded.subarray(32))).subarray(0, 32);
  return { expanded: concatBytes(fromScalar(scalar), prefix), publicKey: publicOfScalar(scalar) };
}

const modPow = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  let b = base % fieldPrime;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = (result * b) % fieldPrime;
    b = (b * b) % fieldPrime;
  }
  return result;
};

/** The Ed25519 public key of a curve25519 public key: y = (u - 1) / (u + 1), with the given sign. spec: cert-spec A.1 */
export function ed25519FromCurve25519(publicKey: Uint8Array, signBit: 0 | 1): Uint8Array {
  const masked = publicKey.slice();
  masked[31] = (masked[31] as number) & 127;
  const u = toScalar(masked) % fieldPrime;
  const inverse = modPow((u + 1n) % fieldPrime, fieldPrime - 2n);
  const out = fromScalar(((u - 1n + fieldPrime) * inverse) % fieldPrime);
  out[31] = (out[31] as number) | (signBit << 7);
  return out;
}

const derivePrefix = fromUtf8('Derive high part of ed25519 key from curve25519 key\0');

/** The expanded Ed25519 key of a curve25519 secret key, and the sign bit of its public key. */
export function expandedKeyFromCurve25519(secretKey: Uint8Array): { readonly key: ExpandedKey; readonly signBit: 0 | 1 } {
  const prefix = sha512(concatBytes(secretKey, derivePrefix)).subarray(0, 32);
  const publicKey = publicOfScalar(toScalar(secretKey));
  const signBit = ((publicKey[31] as number) >> 7) as 0 | 1;
  return { key: { expanded: concatBytes(secretKey, prefix), publicKey }, signBit };
}
