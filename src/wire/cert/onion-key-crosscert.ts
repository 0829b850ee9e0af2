import { bytesEqual, concatBytes } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { ed25519FromCurve25519, type RsaPublicKey } from '../../crypto/primitives/index.ts';
import { CertType, type Ed25519Cert, verifyEd25519Cert } from './ed25519-cert.ts';

/** Proves that the holder of a curve25519 onion key belongs to `ed25519`. spec: dir-spec 2.1.1 "ntor-onion-key-crosscert" */
export function verifyNtorCrossCert(
  cert: Ed25519Cert,
  check: {
    readonly ntorKey: Uint8Array;
    readonly signBit: 0 | 1;
    readonly ed25519: Uint8Array;
    /** Left out, expiry is not checked. */
    readonly nowMs?: number;
  },
): void {
  const signedBy = ed25519FromCurve25519(check.ntorKey, check.signBit);
  const nowMs = check.nowMs === undefined ? {} : { nowMs: check.nowMs };
  verifyEd25519Cert(cert, { type: CertType.NTOR_ONION_IDENTITY, signedBy, ...nowMs });
  if (!bytesEqual(cert.certifiedKey, check.ed25519)) {
    throw new TorError('BAD_CERTIFICATE', 'onion key cross-certificate for another identity');
  }
}

/** What the RSA onion key signs: SHA-1 of the RSA identity, then the Ed25519 identity. spec: dir-spec 2.1.1 */
export const rsaOnionKeyCrossCertDigest = (rsa: Uint8Array, ed25519: Uint8Array): Uint8Array =>
  concatBytes(rsa, ed25519);

/** Throws BAD_SIGNATURE. C tor allows bytes after the two identities, so this does. */
export function verifyRsaOnionKeyCrossCert(
  signature: Uint8Array,
  check: { readonly onionKey: RsaPublicKey; readonly rsa: Uint8Array; readonly ed25519: Uint8Array },
): void {
  const recovered = check.onionKey.recoverDigest(signature);
  const wanted = rsaOnionKeyCrossCertDigest(check.rsa, check.ed25519);
  if (recovered === undefined || !bytesEqual(recovered.subarray(0, wanted.length), wanted)) {
    throw new TorError('BAD_SIGNATURE', 'RSA onion key cross-certificate');
  }
}
