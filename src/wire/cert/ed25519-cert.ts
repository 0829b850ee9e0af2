import { bytesEqual, Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { ed25519Verify } from '../../crypto/primitives/index.ts';

/** What an Ed25519 certificate is for. spec: cert-spec A.1; proposal 321 for the family */
export const CertType = {
  IDENTITY_SIGNING: 0x04,
  SIGNING_LINK: 0x05,
  SIGNING_AUTH: 0x06,
  HS_DESCRIPTOR_SIGNING: 0x08,
  HS_INTRO_AUTH: 0x09,
  NTOR_ONION_IDENTITY: 0x0a,
  HS_INTRO_ENCRYPTION: 0x0b,
  FAMILY_IDENTITY: 0x0c,
} as const;

/** What kind of thing is certified. spec: cert-spec A.2 */
export const CertKeyType = { ED25519: 1, SHA256_OF_RSA: 2, SHA256_OF_X509: 3 } as const;

const extensionSigningKey = 4;
const flagAffectsValidation = 1;
const signatureLength = 64;
const hourMs = 3_600_000;

/** A certificate as read: nothing about it is proven until `verifyEd25519Cert` returned. */
export interface Ed25519Cert {
  readonly type: number;
  readonly keyType: number;
  /** 32 bytes: a key, or the digest of one. */
  readonly certifiedKey: Uint8Array;
  /** Milliseconds since 1970; valid up to and including this moment. */
  readonly expiresAtMs: number;
  /** The signer's key when the certificate carries it. */
  readonly signingKey: Uint8Array | undefined;
  /** The whole certificate. */
  readonly encoded: Uint8Array;
}

/**
 * Reads one certificate, which must fill `encoded`. An unknown extension that affects validation, and a second signing
 * key, make it unreadable. Throws TRUNCATED, TRAILING_BYTES, BAD_CERTIFICATE. spec: cert-spec 2.1
 */
export function parseEd25519Cert(encoded: Uint8Array): Ed25519Cert {
  const reader = new Reader(encoded);
  const version = reader.u8();
  if (version !== 1) throw bad('version', { version });
  const type = reader.u8();
  const expiresAtMs = reader.u32() * hourMs;
  const keyType = reader.u8();
  const certifiedKey = reader.bytes(32);
  const signingKey = readExtensions(reader);
  reader.bytes(signatureLength);
  reader.end();
  return { type, keyType, certifiedKey, expiresAtMs, signingKey, encoded };
}

function readExtensions(reader: Reader): Uint8Array | undefined {
  let signingKey: Uint8Array | undefined;
  const count = reader.u8();
  for (let i = 0; i < count; i++) {
    const length = reader.u16();
    const type = reader.u8();
    const flags = reader.u8();
    const body = reader.bytes(length);
    if (type === extensionSigningKey) {
      if (length !== 32) throw bad('signing key extension of a wrong length', { length });
      if (signingKey !== undefined) throw bad('two signing keys');
      signingKey = body;
    } else if ((flags & flagAffectsValidation) !== 0) {
      throw bad('unknown extension that affects validation', { extension: type });
    }
  }
  return signingKey;
}

export interface Ed25519CertCheck {
  /** The type it must have. */
  readonly type: number;
  /** Who must have signed it; left out, the key inside is taken and must be there. */
  readonly signedBy?: Uint8Array;
  /** Left out, expiry is not checked. */
  readonly nowMs?: number;
}

/**
 * Proves type, signer, signature and time. Returns the key that signed.
 * Throws BAD_CERTIFICATE, CERTIFICATE_EXPIRED, BAD_SIGNATURE.
 */
export function verifyEd25519Cert(cert: Ed25519Cert, check: Ed25519CertCheck): Uint8Array {
  if (cert.type !== check.type) throw bad('wrong type', { type: cert.type, wanted: check.type });
  const signer = check.signedBy ?? cert.signingKey;
  if (signer === undefined) throw bad('no signing key inside');
  if (cert.signingKey !== undefined && !bytesEqual(cert.signingKey, signer)) throw bad('signed by another key');
  if (check.nowMs !== undefined && check.nowMs > cert.expiresAtMs) {
    throw new TorError('CERTIFICATE_EXPIRED', undefined, { facts: { type: cert.type, expiresAtMs: cert.expiresAtMs } });
  }
  const signedLength = cert.encoded.length - signatureLength;
  if (!ed25519Verify(cert.encoded.subarray(signedLength), cert.encoded.subarray(0, signedLength), signer)) {
    throw new TorError('BAD_SIGNATURE', 'certificate signature', { facts: { type: cert.type } });
  }
  return signer;
}

export interface Ed25519CertFields {
  readonly type: number;
  readonly keyType?: number;
  readonly certifiedKey: Uint8Array;
  /** Rounded up to the next whole hour. */
  readonly expiresAtMs: number;
  /** Put inside as the signing-key extension when given. */
  readonly signingKey?: Uint8Array;
}

/** Encodes and signs; `sign` returns 64 bytes over what it is given. */
export function makeEd25519Cert(fields: Ed25519CertFields, sign: (message: Uint8Array) => Uint8Array): Uint8Array {
  const writer = new Writer(140)
    .u8(1)
    .u8(fields.type)
    .u32(Math.ceil(fields.expiresAtMs / hourMs))
    .u8(fields.keyType ?? CertKeyType.ED25519)
    .bytes(fields.certifiedKey);
  if (fields.signingKey === undefined) writer.u8(0);
  else writer.u8(1).u16(32).u8(extensionSigningKey).u8(0).bytes(fields.signingKey);
  return writer.bytes(sign(writer.finish())).finish();
}

function bad(why: string, facts: Record<string, number> = {}): TorError {
  return new TorError('BAD_CERTIFICATE', `Ed25519 certificate: ${why}`, { facts });
}
