import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { TorError } from '../../base/errors/index.ts';

type Curve = 'Ed25519' | 'X25519';

/**
 * Raw 32-byte keys as the platform's key objects. JWK is the fast door: with OpenSSL 3.0 reading one costs 10 µs where
 * DER costs 140; with 3.5, which is in Node.js that takes no JWK of a secret alone, DER costs little more.
 */
export function okpPublicKey(curve: Curve, bytes: Uint8Array): KeyObject {
  checkLength(bytes);
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: curve, x: base64url(bytes) }, format: 'jwk' });
  } catch (error) {
    throw new TorError('BAD_KEY', `not an ${curve} public key`, { cause: error });
  }
}

export function okpPrivateKey(curve: Curve, secret: Uint8Array): KeyObject {
  checkLength(secret);
  if (!halvesAreCompared) {
    try {
      // The public half must be there; Node.js up to 24 does not read it, since the platform derives it from the secret.
      const key = { kty: 'OKP', crv: curve, x: placeholder, d: base64url(secret) };
      return createPrivateKey({ key, format: 'jwk' });
    } catch {
      halvesAreCompared = true;
    }
  }
  return createPrivateKey({ key: Buffer.concat([pkcs8Start[curve], secret]), format: 'der', type: 'pkcs8' });
}

/** The public half of a key object, 32 bytes. */
export function okpRawPublic(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw new TorError('INTERNAL', 'a key without a public half');
  const bytes = Buffer.from(x, 'base64url');
  return new Uint8Array(bytes);
}

/** Known once the platform refused a JWK for the public half that does not belong to the secret. */
let halvesAreCompared = false;

/** PKCS#8 up to the 32 bytes of the secret. spec: RFC 8410 7 */
const pkcs8Start: Readonly<Record<Curve, Uint8Array>> = {
  Ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  X25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
};

const placeholder = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

function checkLength(bytes: Uint8Array): void {
  if (bytes.length !== 32)
    throw new TorError('BAD_KEY', 'a key of 32 bytes is needed', { facts: { length: bytes.length } });
}
