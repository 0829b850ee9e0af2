import { TorError } from '../../../base/errors/index.ts';
import type { AuthorityCertificate } from '../authcert/types.ts';
import { syntaxError, textOf } from '../meta/text.ts';
import { tokenize } from '../meta/tokenizer.ts';
import type { DocumentSignature, DocumentText } from '../meta/types.ts';
import { LazyDigests } from './digests.ts';
import { layoutOf, parseEntries } from './entries.ts';
import { parseFooter } from './footer.ts';
import { parseHeader } from './header.ts';
import { archiveEntryTable, consensusHeaderTable, entryTable } from './tables.ts';
import type {
  Consensus,
  ConsensusContent,
  ConsensusDigests,
  ConsensusFlavor,
  SignatureReport,
  TrustedAuthority,
  UnverifiedConsensus,
} from './types.ts';
import { checkSignatures } from './verify.ts';

export interface ConsensusOptions {
  /** Reads what public archives keep: `@type` before it, and entries from before 2017, which have no `pr` lines. */
  readonly archive?: boolean;
}

/**
 * Reads a consensus of either flavour; its digests and signatures wait for `verify`.
 *
 * @throws TorError NETDOC_SYNTAX, with the line in `facts`
 */
export function parseConsensus(document: DocumentText, options: ConsensusOptions = {}): UnverifiedConsensus {
  const text = textOf(document);
  const digests = new LazyDigests(text);
  const layout = layoutOf(text);
  const archive = options.archive === true;
  const header = parseHeader(tokenize(text.slice(0, layout.headerEnd), consensusHeaderTable, { annotations: archive }));
  const table = archive ? archiveEntryTable : entryTable;
  const relays = parseEntries(text, layout, header.flavor, table);
  const footer = parseFooter(
    text.slice(layout.footerStart),
    header.voters.map((voter) => voter.identity),
  );
  return new ParsedConsensus({ text, digests, ...header, relays, ...footer });
}

/** Reads a microdescriptor consensus. Throws NETDOC_SYNTAX. */
export function parseMicrodescConsensus(document: DocumentText, options: ConsensusOptions = {}): UnverifiedConsensus {
  return ofFlavor(parseConsensus(document, options), 'microdesc');
}

/** Reads a consensus of the flavour with server descriptors. Throws NETDOC_SYNTAX. */
export function parseNsConsensus(document: DocumentText, options: ConsensusOptions = {}): UnverifiedConsensus {
  return ofFlavor(parseConsensus(document, options), 'ns');
}

function ofFlavor(consensus: UnverifiedConsensus, flavor: ConsensusFlavor): UnverifiedConsensus {
  if (consensus.flavor !== flavor) throw syntaxError(`a consensus of flavour ${consensus.flavor}, not ${flavor}`);
  return consensus;
}

class ParsedConsensus implements UnverifiedConsensus {
  readonly #content: ConsensusContent;

  constructor(content: ConsensusContent) {
    this.#content = content;
  }

  get flavor(): ConsensusFlavor {
    return this.#content.flavor;
  }
  get digests(): ConsensusDigests {
    return this.#content.digests;
  }
  get validAfterMs(): number {
    return this.#content.validAfterMs;
  }
  get freshUntilMs(): number {
    return this.#content.freshUntilMs;
  }
  get validUntilMs(): number {
    return this.#content.validUntilMs;
  }
  get signatures(): readonly DocumentSignature[] {
    return this.#content.signatures;
  }

  checkSignatures(
    certificates: readonly AuthorityCertificate[],
    authorities: readonly TrustedAuthority[],
    options: { readonly nowMs: number },
  ): SignatureReport {
    return checkSignatures(this.#content, certificates, authorities, options.nowMs);
  }

  verify(
    certificates: readonly AuthorityCertificate[],
    authorities: readonly TrustedAuthority[],
    options: { readonly nowMs: number },
  ): Consensus {
    const report = this.checkSignatures(certificates, authorities, options);
    if (report.outcome === 'good') return { ...this.#content, verified: true };
    const code = report.outcome === 'waiting' ? 'CONSENSUS_CERTS_MISSING' : 'CONSENSUS_NOT_TRUSTED';
    throw new TorError(code, undefined, {
      facts: {
        good: report.good,
        needed: report.needed,
        bad: report.bad,
        missingCertificates: report.missingCertificates.length,
        unsigned: report.unsigned.length,
      },
    });
  }

  dangerouslyUnverified(): ConsensusContent {
    return this.#content;
  }
}
