import { base16Upper, bytesEqual, compareBytes } from '../../../base/bytes/index.ts';
import type {
  AuthorityCertificate,
  ConsensusFlavor,
  DetachedFlavor,
  DetachedSignatures,
  DocumentSignature,
  Vote,
} from '../../../wire/netdoc/index.ts';
import { encodeDetachedSignatures, formatConsensusSignatures } from '../../../wire/netdoc/index.ts';
import { type ConsensusSigner, type ConsensusTextDigests, digestsOf, signConsensus } from './sign.ts';

/** Finds the certificate of an identity's signing key. */
export type CertificateFinder = (
  identity: Uint8Array,
  signingKeyDigest: Uint8Array,
) => AuthorityCertificate | undefined;

export interface ConsensusTimes {
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
}

export interface PendingVoter {
  readonly nickname: string;
  /** Own identities and legacy ones. */
  readonly identity: Uint8Array;
}

type State = 'good' | 'bad' | 'unknown';

/** What came of adding signatures; `problem` is what C tor answers. */
export type AddResult = { readonly added: readonly string[] } | { readonly problem: string };

/** The voters of a consensus in its order, legacy identities among them. */
export function votersOf(votes: readonly Vote[]): PendingVoter[] {
  return votes
    .flatMap(({ voter, legacyIdentity }) => {
      const own = { nickname: voter.nickname, identity: voter.identity };
      if (legacyIdentity === undefined) return [own];
      return [own, { nickname: `${voter.nickname}-legacy`, identity: legacyIdentity }];
    })
    .sort((a, b) => compareBytes(a.identity, b.identity));
}

/** A consensus that gathers signatures. spec: dir-spec 3.10 */
export class PendingConsensus {
  readonly flavor: ConsensusFlavor;
  readonly unsigned: string;
  readonly digests: ConsensusTextDigests;
  readonly times: ConsensusTimes;
  readonly #voters: readonly PendingVoter[];
  /** By voter in hexadecimal. */
  readonly #signatures = new Map<string, { signature: DocumentSignature; state: State }[]>();

  constructor(flavor: ConsensusFlavor, unsigned: string, times: ConsensusTimes, voters: readonly PendingVoter[]) {
    this.flavor = flavor;
    this.unsigned = unsigned;
    this.times = times;
    this.digests = digestsOf(unsigned);
    this.#voters = voters;
  }

  /** Adds a signature of our own. */
  sign(signer: ConsensusSigner): void {
    const signature = signConsensus(this.digests, this.flavor, signer);
    this.#list(signer.identity).push({ signature, state: 'good' });
  }

  #list(identity: Uint8Array): { signature: DocumentSignature; state: State }[] {
    const key = base16Upper(identity);
    let list = this.#signatures.get(key);
    if (list === undefined) {
      list = [];
      this.#signatures.set(key, list);
    }
    return list;
  }

  /** Signatures that are not known to be bad, in the order of the voters. */
  get signatures(): DocumentSignature[] {
    return this.#voters.flatMap(({ identity }) =>
      this.#list(identity).flatMap(({ signature, state }) => (state === 'bad' ? [] : [signature])),
    );
  }

  /** How many voters have a good signature. */
  get goodVoters(): number {
    return this.#voters.filter(({ identity }) => this.#list(identity).some(({ state }) => state === 'good')).length;
  }

  get text(): string {
    return this.unsigned + formatConsensusSignatures(this.flavor, this.signatures);
  }

  get detached(): DetachedFlavor {
    const { sha1, sha256 } = this.digests;
    return { digests: this.flavor === 'ns' ? { sha1 } : { sha256 }, signatures: this.signatures };
  }

  /** Takes over signatures that are new, or better than what was here. Names the voters whose were added. */
  add(detached: DetachedSignatures, findCertificate: CertificateFinder): AddResult {
    const problem = this.#problemOf(detached);
    if (problem !== undefined) return { problem };
    const added: string[] = [];
    for (const signature of detached.flavors.get(this.flavor)?.signatures ?? []) {
      const voter = this.#voters.find(({ identity }) => bytesEqual(identity, signature.identity));
      if (voter !== undefined && this.#addOne(signature, findCertificate)) added.push(voter.nickname);
    }
    return { added };
  }

  #problemOf(detached: DetachedSignatures): string | undefined {
    const when = 'times do not match when adding detached signatures to consensus';
    if (detached.validAfterMs !== this.times.validAfterMs) return `Valid-After ${when}`;
    if (detached.freshUntilMs !== this.times.freshUntilMs) return `Fresh-until ${when}`;
    if (detached.validUntilMs !== this.times.validUntilMs) return `Valid-until ${when}`;
    const flavor = detached.flavors.get(this.flavor);
    if (flavor === undefined || flavor.signatures.length === 0) return 'No signatures for given consensus flavor';
    const { sha1, sha256 } = flavor.digests;
    if (sha1 === undefined && sha256 === undefined) return 'No digests for given consensus flavor';
    const differs =
      (sha1 !== undefined && !bytesEqual(sha1, this.digests.sha1)) ||
      (sha256 !== undefined && !bytesEqual(sha256, this.digests.sha256));
    return differs ? 'Mismatched digest.' : undefined;
  }

  #addOne(signature: DocumentSignature, findCertificate: CertificateFinder): boolean {
    const list = this.#list(signature.identity);
    const known = list.findIndex((each) => each.signature.algorithm === signature.algorithm);
    const old = list[known];
    if (old?.state === 'good') return false;
    const certificate = findCertificate(signature.identity, signature.signingKeyDigest);
    const state = certificate === undefined ? 'unknown' : this.#verify(signature, certificate);
    if (state !== 'good' && old !== undefined && old.state !== 'bad') return false;
    if (known !== -1) list.splice(known, 1);
    list.push({ signature, state });
    return true;
  }

  #verify(signature: DocumentSignature, certificate: AuthorityCertificate): State {
    return certificate.signingKey.verifyDigest(signature.signature, this.digests[signature.algorithm]) ? 'good' : 'bad';
  }

  /** Looks at signatures again whose certificates were missing. */
  recheck(findCertificate: CertificateFinder): void {
    for (const list of this.#signatures.values()) {
      for (const each of list) {
        const { identity, signingKeyDigest } = each.signature;
        const certificate = each.state === 'unknown' ? findCertificate(identity, signingKeyDigest) : undefined;
        if (certificate !== undefined) each.state = this.#verify(each.signature, certificate);
      }
    }
  }
}

/** The detached signatures of pending consensuses, which are for the same time. */
export function detachedSignatures(pending: readonly PendingConsensus[]): string {
  const [first] = pending;
  if (first === undefined) return '';
  return encodeDetachedSignatures({
    ...first.times,
    flavors: new Map(pending.map((each) => [each.flavor, each.detached])),
  });
}
