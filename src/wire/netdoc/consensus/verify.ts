import { base16, bytesEqual } from '../../../base/bytes/index.ts';
import type { AuthorityCertificate } from '../authcert/types.ts';
import type { DocumentSignature } from '../meta/types.ts';
import type { CertificateName, ConsensusContent, SignatureReport, TrustedAuthority } from './types.ts';

/** Which signatures are good. The rules are C tor's networkstatus_check_consensus_signature. */
export function checkSignatures(
  consensus: Pick<ConsensusContent, 'digests' | 'signatures' | 'voters'>,
  certificates: readonly AuthorityCertificate[],
  authorities: readonly TrustedAuthority[],
  nowMs: number,
): SignatureReport {
  const trusted = new Map(authorities.map(({ v3Identity }) => [base16(v3Identity), v3Identity]));
  const needed = Math.floor(trusted.size / 2) + 1;
  const missingCertificates: CertificateName[] = [];
  const unsigned: Uint8Array[] = [];
  let [good, bad, waiting] = [0, 0, 0];
  for (const identity of trusted.values()) {
    const states = consensus.signatures
      .filter((signature) => bytesEqual(signature.identity, identity))
      .map((signature) => {
        const state = stateOf(signature, consensus, certificates, nowMs);
        if (state === 'missing') {
          missingCertificates.push({ identity, signingKeyDigest: signature.signingKeyDigest });
        }
        return state;
      });
    if (states.includes('good')) good++;
    else if (states.includes('bad')) bad++;
    else if (states.includes('missing')) waiting++;
    else unsigned.push(identity);
  }
  const unknown = consensus.voters.map((voter) => voter.identity).filter((identity) => !trusted.has(base16(identity)));
  const outcome = good >= needed ? 'good' : good + waiting >= needed ? 'waiting' : 'bad';
  return { good, needed, bad, missingCertificates, unsigned, unknown, outcome };
}

function stateOf(
  signature: DocumentSignature,
  consensus: Pick<ConsensusContent, 'digests'>,
  certificates: readonly AuthorityCertificate[],
  nowMs: number,
): 'good' | 'bad' | 'missing' {
  const certificate = certificates.find(
    (each) =>
      each.expiresMs >= nowMs &&
      bytesEqual(each.signingKeyDigest, signature.signingKeyDigest) &&
      bytesEqual(each.identity, signature.identity),
  );
  if (certificate === undefined) return 'missing';
  const digest = consensus.digests[signature.algorithm];
  return certificate.signingKey.verifyDigest(signature.signature, digest) ? 'good' : 'bad';
}
