import { base16Upper } from '../../base/bytes/index.ts';
import type { DirDocuments } from '../../network/directory/index.ts';
import type { AuthorityCertificate, Consensus, ConsensusFlavor } from '../../wire/netdoc/index.ts';
import type { DirContent, ServedConsensus, ServedDescriptor } from './content.ts';
import type { DiffHistory } from './diff-history.ts';

export interface ServedContentDeps {
  readonly documents: DirDocuments;
  readonly diffs: Pick<DiffHistory, 'find'>;
}

/** What the directory manager keeps, in the form that it is served in. */
export class ServedContent implements DirContent {
  readonly #deps: ServedContentDeps;
  readonly #consensuses = new WeakMap<Consensus, ServedConsensus>();

  constructor(deps: ServedContentDeps) {
    this.#deps = deps;
  }

  consensus(flavor: ConsensusFlavor): ServedConsensus | undefined {
    const consensus = this.#deps.documents.consensus(flavor);
    if (consensus === undefined) return undefined;
    let served = this.#consensuses.get(consensus);
    if (served === undefined) {
      served = servedConsensus(consensus);
      this.#consensuses.set(consensus, served);
    }
    return served;
  }

  consensusDiff(flavor: ConsensusFlavor, fromSha3: string): string | undefined {
    return this.#deps.diffs.find(flavor, fromSha3);
  }

  certificates(): readonly AuthorityCertificate[] {
    return this.#deps.documents.certificates();
  }

  microdescriptor(digest: Uint8Array): string | undefined {
    return this.#deps.documents.microdescriptor(digest)?.text;
  }

  descriptorByDigest(digest: Uint8Array): ServedDescriptor | undefined {
    return this.#deps.documents.descriptor(digest);
  }

  descriptorById(rsaId: Uint8Array): ServedDescriptor | undefined {
    return this.#deps.documents.descriptorOf(rsaId);
  }

  /** Caches keep no extra-infos, as C tor without DownloadExtraInfo. */
  extraInfoByDigest(): ServedDescriptor | undefined {
    return undefined;
  }

  extraInfoById(): ServedDescriptor | undefined {
    return undefined;
  }

  *relayIds(): Iterable<Uint8Array> {
    for (const { rsaId } of this.#deps.documents.descriptorsOfAll()) yield rsaId;
  }
}

function servedConsensus(consensus: Consensus): ServedConsensus {
  const { flavor, text, validAfterMs, freshUntilMs, validUntilMs } = consensus;
  return {
    flavor,
    text,
    sha3: base16Upper(consensus.digests.sha3),
    validAfterMs,
    freshUntilMs,
    validUntilMs,
    signers: consensus.signatures.map(({ identity }) => base16Upper(identity)),
  };
}
