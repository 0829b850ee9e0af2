import { fromLatin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import {
  type ConsensusContent,
  parseAuthorityCertificates,
  parseConsensus,
  parseMicrodescriptors,
} from '../../src/wire/netdoc/index.ts';
import { documentText } from '../support/documents.ts';

export const name = 'network-documents';

/** Fields are read late: touch them all. */
function touch(content: ConsensusContent): void {
  void content.digests.sha256;
  for (const relay of content.relays) {
    if (relay.rsaId.length !== 20 || relay.nickname === '' || relay.address.length !== 4)
      throw new Error('a bad relay');
    void relay.policy;
    void relay.descriptorDigest;
    void relay.protover.size;
  }
}

const readers: readonly ((text: Uint8Array) => unknown)[] = [
  (text) => touch(parseConsensus(text).dangerouslyUnverified()),
  (text) => touch(parseConsensus(text, { archive: true }).dangerouslyUnverified()),
  (text) => parseMicrodescriptors(text, { annotations: true }),
  parseAuthorityCertificates,
];

/** The first byte chooses the kind of document. */
export function fuzz(data: Uint8Array): void {
  try {
    readers[(data[0] ?? 0) % readers.length]?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

export const seeds = (): Uint8Array[] =>
  [
    `\x00${documentText('network-0.4.9.11/cons-md-2026-11-21T072340')}`,
    `\x00${documentText('network-0.4.9.11/cons-ns-2026-11-21T072340')}`,
    `\x01${documentText('metrics_consensus.txt')}`,
    `\x02${documentText('network-0.4.9.11/client0.cached-microdescs.new').slice(0, 3000)}`,
    `\x03${documentText('network-0.4.9.11/auth0.certificate')}`,
  ].map(fromLatin1);
