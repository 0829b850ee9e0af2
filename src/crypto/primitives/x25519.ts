import { diffieHellman, type KeyObject } from 'node:crypto';
import { isAllZero } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { okpPrivateKey, okpPublicKey, okpRawPublic } from './okp.ts';

export interface X25519KeyPair {
  readonly publicKey: Uint8Array;
  /** 32 bytes, already clamped, as key files hold it. */
  readonly secretKey: Uint8Array;
}

/** Another's public key, ready for more than one exchange. */
export interface X25519Peer {
  readonly key: KeyObject;
}

export function x25519KeyPair(random: Random): X25519KeyPair {
  const secretKey = random.bytes(32);
  secretKey[0] = (secretKey[0] as number) & 248;
  secretKey[31] = ((secretKey[31] as number) & 127) | 64;
  return new MadeKeyPair(secretKey);
}

/** The pair of a secret that is kept, not copied. Throws BAD_KEY unless it has 32 bytes. */
export const x25519KeyPairFrom = (secretKey: Uint8Array): X25519KeyPair => new MadeKeyPair(secretKey);

/** Throws BAD_KEY unless the secret has 32 bytes. */
export const x25519PublicKey = (secretKey: Uint8Array): Uint8Array => okpRawPublic(okpPrivateKey('X25519', secretKey));

/** Throws BAD_KEY for a wrong length. */
export const x25519Peer = (publicKey: Uint8Array): X25519Peer => ({ key: okpPublicKey('X25519', publicKey) });

/**
 * The shared secret, 32 bytes. A pair that is used more than once is cheaper than its secret half alone. Throws BAD_KEY
 * when it would be all zeros, or a length is wrong.
 */
export function x25519(secret: Uint8Array | X25519KeyPair, peer: Uint8Array | X25519Peer): Uint8Array {
  const privateKey = secret instanceof Uint8Array ? okpPrivateKey('X25519', secret) : privateKeyOf(secret);
  const { key: publicKey } = peer instanceof Uint8Array ? x25519Peer(peer) : peer;
  let shared: Uint8Array;
  try {
    const out = diffieHellman({ privateKey, publicKey });
    shared = new Uint8Array(out.buffer, out.byteOffset, out.length);
  } catch (error) {
    throw new TorError('BAD_KEY', smallOrder, { cause: error });
  }
  if (isAllZero(shared)) throw new TorError('BAD_KEY', smallOrder);
  return shared;
}

const smallOrder = 'X25519 public key of small order';

/** Making a private key object costs a scalar multiplication, as much as using it: so a new pair keeps its own. */
class MadeKeyPair implements X25519KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
  readonly #key: KeyObject;

  constructor(secretKey: Uint8Array) {
    this.#key = okpPrivateKey('X25519', secretKey);
    this.secretKey = secretKey;
    this.publicKey = okpRawPublic(this.#key);
  }

  static keyOf(pair: X25519KeyPair): KeyObject | undefined {
    return #key in pair ? pair.#key : undefined;
  }
}

/** Key objects of pairs that were put together elsewhere, as by another thread. */
const prepared = new WeakMap<X25519KeyPair, KeyObject>();

function privateKeyOf(pair: X25519KeyPair): KeyObject {
  const known = MadeKeyPair.keyOf(pair) ?? prepared.get(pair);
  if (known !== undefined) return known;
  const key = okpPrivateKey('X25519', pair.secretKey);
  prepared.set(pair, key);
  return key;
}
