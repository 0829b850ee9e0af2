import type { RsaPublicKey } from '../../../crypto/primitives/index.ts';
import type { AddressPort } from '../meta/types.ts';

/** An authority's key certificate, its signatures checked. spec: dir-spec 3.1 */
export interface AuthorityCertificate {
  /** Text of the certificate, Latin-1. */
  readonly text: string;
  /** SHA-1 of the identity key, 20 bytes: who the authority is. */
  readonly identity: Uint8Array;
  readonly identityKey: RsaPublicKey;
  /** SHA-1 of the signing key, 20 bytes. */
  readonly signingKeyDigest: Uint8Array;
  readonly signingKey: RsaPublicKey;
  readonly publishedMs: number;
  readonly expiresMs: number;
  readonly dirAddress: AddressPort | undefined;
  /** SHA-1 of the signed part. */
  readonly digest: Uint8Array;
}
