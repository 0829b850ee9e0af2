import { fromLatin1 } from '../../../base/bytes/index.ts';
import { type RsaPrivateKey, sha1, sha256 } from '../../../crypto/primitives/index.ts';
import type { ConsensusFlavor, DocumentSignature } from '../../../wire/netdoc/index.ts';

/** Who signs: the identity and the key in its certificate. A legacy identity signs as a second one. */
export interface ConsensusSigner {
  readonly identity: Uint8Array;
  readonly signingKey: RsaPrivateKey;
}

/** Digests of a consensus: from its start to the space after the first `directory-signature`. */
export interface ConsensusTextDigests {
  readonly sha1: Uint8Array;
  readonly sha256: Uint8Array;
}

export function digestsOf(unsigned: string): ConsensusTextDigests {
  const signed = fromLatin1(`${unsigned}directory-signature `);
  return { sha1: sha1(signed), sha256: sha256(signed) };
}

/** Plain consensuses are signed over their SHA-1, the others over SHA-256. spec: dir-spec 3.9 */
export function signConsensus(
  digests: ConsensusTextDigests,
  flavor: ConsensusFlavor,
  signer: ConsensusSigner,
): DocumentSignature {
  const algorithm = flavor === 'ns' ? 'sha1' : 'sha256';
  return {
    algorithm,
    identity: signer.identity,
    signingKeyDigest: signer.signingKey.publicKey.fingerprint,
    signature: signer.signingKey.signDigest(digests[algorithm]),
  };
}
