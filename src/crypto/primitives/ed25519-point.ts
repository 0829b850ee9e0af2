/**
 * The curve arithmetic the platform does not offer: signing with expanded keys, blinding, conversion from curve25519,
 * and tests of strange points. spec: rend-spec-v3 A; proposal 228
 */
import { bytesEqual, concatBytes, fromUtf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { sha512 } from './digest.ts';
import { type EdPoint, ed25519Curve } from './ed25519-curve.ts';

/** Of the group of the base point. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** A secret scalar (32 bytes, little-endian) and the prefix that hedges signatures (32): what C tor keeps on disk. */
export interface ExpandedKey {
  readonly expanded: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The key pair of 64 bytes from a key file. Throws BAD_KEY for another length. */
export function expandedKeyFrom(expanded: Uint8Array): ExpandedKey {
  return { expanded, publicKey: timesBase(scalarOf(expanded)).toBytes() };
}

export function signExpanded(message: Uint8Array, key: ExpandedKey): Uint8Array {
  const scalar = scalarOf(key.expanded);
  const nonce = fromLittleEndian(sha512(concatBytes(key.expanded.subarray(32), message))) % order;
  const r = timesBase(nonce).toBytes();
  const challenge = fromLittleEndian(sha512(concatBytes(r, key.publicKey, message))) % order;
  return concatBytes(r, toLittleEndian((nonce + challenge * scalar) % order));
}

/** The public key times the parameter. Throws BAD_KEY when `publicKey` is no point of the curve. */
export function blindPublicKey(publicKey: Uint8Array, param: Uint8Array): Uint8Array {
  const blinded = decode(publicKey)?.multiplyUnsafe(tweakOf(param) % order);
  if (blinded === undefined) throw new TorError('BAD_KEY', 'not an Ed25519 public key');
  return blinded.toBytes();
}

/** The secret key of the blinded public key: product of scalars, and a nonce prefix derived anew. */
export function blindExpandedKey(key: ExpandedKey, param: Uint8Array): ExpandedKey {
  const scalar = (scalarOf(key.expanded) * tweakOf(param)) % order;
  const prefix = sha512(concatBytes(blindedPrefix, key.expanded.subarray(32)));
  return expandedKeyFrom(concatBytes(toLittleEndian(scalar), prefix.subarray(0, 32)));
}

/** The Ed25519 public key with the given sign bit of a curve25519 public key: y = (u - 1) / (u + 1). spec: proposal 228 A */
export function ed25519FromCurve25519(publicKey: Uint8Array, signBit: 0 | 1): Uint8Array {
  if (publicKey.length !== 32) throw new TorError('BAD_KEY', 'not a curve25519 public key');
  const field = ed25519Curve().Fp;
  const u = field.create(fromLittleEndian(publicKey) & fieldMask);
  const y = u === field.neg(1n) ? 0n : field.div(field.sub(u, 1n), field.add(u, 1n));
  const out = toLittleEndian(y);
  out[31] = (out[31] as number) | (signBit << 7);
  return out;
}

/** A curve25519 secret key as an Ed25519 key, and the sign bit of its public key. spec: proposal 228 A */
export function expandedKeyFromCurve25519(secretKey: Uint8Array): {
  readonly key: ExpandedKey;
  readonly signBit: 0 | 1;
} {
  if (secretKey.length !== 32) throw new TorError('BAD_KEY', 'a curve25519 key has 32 bytes');
  const prefix = sha512(concatBytes(secretKey, conversionSuffix)).subarray(0, 32);
  const key = expandedKeyFrom(concatBytes(secretKey, prefix));
  return { key, signBit: (key.publicKey[31] as number) >= 128 ? 1 : 0 };
}

/** On the curve, not the identity, and without a torsion component: what C tor asks of a key before it trusts it. */
export function isValidEd25519PublicKey(publicKey: Uint8Array): boolean {
  if (bytesEqual(publicKey, identity)) return false;
  return decode(publicKey)?.isTorsionFree() ?? false;
}

const identity = Uint8Array.of(1, ...new Uint8Array(31));
const fieldMask = (1n << 255n) - 1n;
const blindedPrefix = fromUtf8('Derive temporary signing key hash input');
// With its terminating zero: the reference hashes the whole array.
const conversionSuffix = fromUtf8('Derive high part of ed25519 key from curve25519 key\0');

/** The reference reads y modulo p, and lets a sign bit stand on x = 0: so do we. */
function decode(publicKey: Uint8Array): EdPoint | undefined {
  if (publicKey.length !== 32) return undefined;
  try {
    return ed25519Curve().fromBytes(publicKey, true);
  } catch {
    return undefined;
  }
}

function scalarOf(expanded: Uint8Array): bigint {
  if (expanded.length !== 64) throw new TorError('BAD_KEY', 'an expanded Ed25519 key has 64 bytes');
  return fromLittleEndian(expanded.subarray(0, 32));
}

function tweakOf(param: Uint8Array): bigint {
  if (param.length !== 32) throw new TorError('BAD_KEY', 'a blinding parameter has 32 bytes');
  const clamped = param.slice();
  clamped[0] = (clamped[0] as number) & 248;
  clamped[31] = ((clamped[31] as number) & 63) | 64;
  return fromLittleEndian(clamped);
}

function timesBase(scalar: bigint): EdPoint {
  const Point = ed25519Curve();
  const reduced = scalar % order;
  return reduced === 0n ? Point.ZERO : Point.BASE.multiply(reduced);
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function toLittleEndian(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());
}
