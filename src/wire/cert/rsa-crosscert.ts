import { bytesEqual, concatBytes, fromLatin1, Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { type RsaPublicKey, sha256 } from '../../crypto/primitives/index.ts';

const prefix = fromLatin1('Tor TLS RSA/Ed25519 cross-certificate');
const hourMs = 3_600_000;

/** The RSA identity vouching for an Ed25519 identity. spec: cert-spec 2.3 */
export interface RsaCrossCert {
  readonly ed25519: Uint8Array;
  readonly expiresAtMs: number;
  readonly signature: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Throws TRUNCATED, TRAILING_BYTES. */
export function parseRsaCrossCert(encoded: Uint8Array): RsaCrossCert {
  const reader = new Reader(encoded);
  const ed25519 = reader.bytes(32);
  const expiresAtMs = reader.u32() * hourMs;
  const signature = reader.bytes(reader.u8());
  reader.end();
  return { ed25519, expiresAtMs, signature, encoded };
}

/** Proves that `rsa` vouches for `ed25519` now. Throws BAD_CERTIFICATE, CERTIFICATE_EXPIRED, BAD_SIGNATURE. */
export function verifyRsaCrossCert(
  cert: RsaCrossCert,
  check: { readonly rsa: RsaPublicKey; readonly ed25519: Uint8Array; readonly nowMs: number },
): void {
  if (!bytesEqual(cert.ed25519, check.ed25519)) {
    throw new TorError('BAD_CERTIFICATE', 'RSA cross-certificate for another Ed25519 key');
  }
  if (cert.expiresAtMs < check.nowMs) {
    throw new TorError('CERTIFICATE_EXPIRED', 'RSA cross-certificate expired', {
      facts: { expiresAtMs: cert.expiresAtMs },
    });
  }
  if (!check.rsa.verifyDigest(cert.signature, signedDigest(cert.encoded.subarray(0, 36)))) {
    throw new TorError('BAD_SIGNATURE', 'RSA cross-certificate signature');
  }
}

/** Encodes and signs; `signDigest` is the RSA identity key's PKCS#1 v1.5 signature without DigestInfo. */
export function makeRsaCrossCert(
  fields: { readonly ed25519: Uint8Array; readonly expiresAtMs: number },
  signDigest: (digest: Uint8Array) => Uint8Array,
): Uint8Array {
  const writer = new Writer(170).bytes(fields.ed25519).u32(Math.ceil(fields.expiresAtMs / hourMs));
  const signature = signDigest(signedDigest(writer.finish()));
  return writer.u8(signature.length).bytes(signature).finish();
}

const signedDigest = (signed: Uint8Array): Uint8Array => sha256(concatBytes(prefix, signed));
