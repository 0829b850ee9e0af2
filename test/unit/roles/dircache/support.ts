import { base16Upper, base64Unpadded, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import type { Asker, DirContent, ServedConsensus, ServedDescriptor } from '../../../../src/roles/dircache/index.ts';
import type { ServerRequest } from '../../../../src/roles/dircache/request.ts';
import {
  type ConsensusFlavor,
  parseAuthorityCertificates,
  parseConsensus,
  parseMicrodescriptors,
} from '../../../../src/wire/netdoc/index.ts';
import { documentText } from '../../../support/documents.ts';

const folder = 'network-0.4.9.11';

/** The consensus of a flavour and time (`072820`) of the recorded network. */
export function consensusOf(flavor: ConsensusFlavor, time: string): ServedConsensus {
  const text = documentText(`${folder}/cons-${flavor === 'ns' ? 'ns' : 'md'}-2026-11-21T${time}`);
  const { digests, validAfterMs, freshUntilMs, validUntilMs, signatures } = parseConsensus(text);
  const signers = signatures.map(({ identity }) => base16Upper(identity));
  return { flavor, text, sha3: base16Upper(digests.sha3), validAfterMs, freshUntilMs, validUntilMs, signers };
}

export const nowMs = Date.UTC(2026, 10, 21, 7, 28, 30);
export const certificates = parseAuthorityCertificates(documentText(`${folder}/keys-all`)).documents;
export const microdescs = new Map(
  parseMicrodescriptors(documentText(`${folder}/cached-microdescs.new`), { annotations: true }).documents.map(
    (each) => [base64Unpadded(each.digest), each.text],
  ),
);

/** Relays whose identity and digest are one byte repeated. */
export const relays: readonly { readonly id: Uint8Array; readonly descriptor: ServedDescriptor }[] = [
  { id: new Uint8Array(20).fill(1), descriptor: { text: 'router one\n', publishedMs: nowMs - 3600_000 } },
  { id: new Uint8Array(20).fill(2), descriptor: { text: 'router two\n', publishedMs: nowMs - 2 * 86_400_000 } },
  {
    id: new Uint8Array(20).fill(3),
    descriptor: { text: 'router bridge\n', publishedMs: nowMs - 3600_000, confidential: true },
  },
];

export class FakeContent implements DirContent {
  current = new Map<ConsensusFlavor, ServedConsensus>([
    ['ns', consensusOf('ns', '072820')],
    ['microdesc', consensusOf('microdesc', '072820')],
  ]);
  diffs = new Map<string, string>();

  consensus(flavor: ConsensusFlavor): ServedConsensus | undefined {
    return this.current.get(flavor);
  }
  consensusDiff(flavor: ConsensusFlavor, from: string): string | undefined {
    return this.diffs.get(`${flavor} ${from}`);
  }
  certificates() {
    return certificates;
  }
  microdescriptor(digest: Uint8Array): string | undefined {
    return microdescs.get(base64Unpadded(digest));
  }
  descriptorByDigest(digest: Uint8Array): ServedDescriptor | undefined {
    return this.descriptorById(digest);
  }
  descriptorById(rsaId: Uint8Array): ServedDescriptor | undefined {
    return relays.find(({ id }) => base16Upper(id) === base16Upper(rsaId))?.descriptor;
  }
  extraInfoByDigest(): undefined {}
  extraInfoById(): undefined {}
  relayIds(): Iterable<Uint8Array> {
    return relays.map(({ id }) => id);
  }
}

export const client: Asker = { address: '198.51.100.7', encrypted: true, anonymous: false };
export const stranger: Asker = { address: '198.51.100.7', encrypted: false, anonymous: false };
export const throughTor: Asker = { address: '198.51.100.8', encrypted: true, anonymous: true };

export function get(path: string, headers: Readonly<Record<string, string>> = {}): ServerRequest {
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { method: 'GET', path, headers: new Map(lowered), body: new Uint8Array(0) };
}

export const post = (path: string, body: string): ServerRequest => ({
  method: 'POST',
  path,
  headers: new Map(),
  body: fromLatin1(body),
});
