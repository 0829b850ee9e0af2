import { base16Upper, bytesEqual } from '../../../base/bytes/index.ts';
import { timeField } from '../meta/fields.ts';
import { any, atLeast, KeywordTable, once, some } from '../meta/rules.ts';
import { isDigestName, signatureOf } from '../meta/signatures.ts';
import { textOf } from '../meta/text.ts';
import { type Section, type Token, tokenize } from '../meta/tokenizer.ts';
import type { DigestName, DocumentSignature, DocumentText } from '../meta/types.ts';
import { formatIsoTime, formatObject, parseHex20, parseHex32 } from '../meta/values.ts';
import type { DetachedFlavor, DetachedSignatures } from './types.ts';

const table = new KeywordTable({
  'consensus-digest': once(atLeast(1), { at: 'start' }),
  'additional-digest': any(atLeast(3)),
  'valid-after': once('line'),
  'fresh-until': once('line'),
  'valid-until': once('line'),
  'additional-signature': any(atLeast(4), { object: 'needed' }),
  'directory-signature': some(atLeast(2), { object: 'needed' }),
});

interface OpenFlavor {
  readonly digests: { [name in DigestName]?: Uint8Array };
  readonly signatures: DocumentSignature[];
}

/**
 * Reads detached signatures. Digests and signatures with unknown algorithms are skipped, and so are doubles.
 * Whether the signatures are good is for the caller to find out.
 *
 * spec: dir-spec 3.10
 *
 * @throws TorError NETDOC_SYNTAX
 */
export function parseDetachedSignatures(document: DocumentText): DetachedSignatures {
  const section = tokenize(textOf(document), table);
  const flavors = new Map<string, OpenFlavor>();
  const flavor = (name: string): OpenFlavor => {
    const known = flavors.get(name) ?? { digests: {}, signatures: [] };
    flavors.set(name, known);
    return known;
  };
  const [consensusDigest] = section.all('consensus-digest') as [Token];
  addDigest(section, consensusDigest, flavor('ns'), 'sha1', consensusDigest.args[0] as string);
  for (const token of section.all('additional-digest')) {
    const [name, algorithm, hex] = token.args as [string, string, string];
    if (isDigestName(algorithm)) addDigest(section, token, flavor(name), algorithm, hex);
  }
  for (const token of section.tokens) {
    if (token.keyword === 'directory-signature') {
      const [identity, key] = token.args as [string, string];
      addSignature(flavor('ns'), signatureOf(section, token, 'sha1', identity, key));
    } else if (token.keyword === 'additional-signature') {
      const [name, algorithm, identity, key] = token.args as [string, string, string, string];
      if (!isDigestName(algorithm)) continue;
      addSignature(flavor(name), signatureOf(section, token, algorithm, identity, key));
    }
  }
  return {
    validAfterMs: timeField(section, 'valid-after'),
    freshUntilMs: timeField(section, 'fresh-until'),
    validUntilMs: timeField(section, 'valid-until'),
    flavors,
  };
}

function addDigest(section: Section, token: Token, flavor: OpenFlavor, algorithm: DigestName, hex: string): void {
  const digest = algorithm === 'sha1' ? parseHex20(hex) : parseHex32(hex);
  if (digest === undefined) throw section.error(token, `${token.keyword} is no digest`);
  flavor.digests[algorithm] ??= digest;
}

function addSignature(flavor: OpenFlavor, signature: DocumentSignature): void {
  const known = flavor.signatures.some(
    (each) =>
      each.algorithm === signature.algorithm &&
      bytesEqual(each.identity, signature.identity) &&
      bytesEqual(each.signingKeyDigest, signature.signingKeyDigest),
  );
  if (!known) flavor.signatures.push(signature);
}

/** The signature block of a consensus of one flavour, as it stands at its end. */
export const formatConsensusSignatures = (flavor: string, signatures: readonly DocumentSignature[]): string =>
  signatures
    .map((each) => formatSignature('directory-signature', flavor === 'ns' ? '' : `${each.algorithm} `, each))
    .join('');

function formatSignature(keyword: string, words: string, signature: DocumentSignature): string {
  const names = `${base16Upper(signature.identity)} ${base16Upper(signature.signingKeyDigest)}`;
  return `${keyword} ${words}${names}\n${formatObject('SIGNATURE', signature.signature)}`;
}

/** The document as C tor writes it: other flavours' digests and signatures, then those of `ns`. */
export function encodeDetachedSignatures(signatures: DetachedSignatures): string {
  const ns = signatures.flavors.get('ns');
  const others = [...signatures.flavors].filter(([name]) => name !== 'ns');
  return [
    `consensus-digest ${base16Upper(ns?.digests.sha1 ?? new Uint8Array(20))}\n`,
    `valid-after ${formatIsoTime(signatures.validAfterMs)}\n`,
    `fresh-until ${formatIsoTime(signatures.freshUntilMs)}\n`,
    `valid-until ${formatIsoTime(signatures.validUntilMs)}\n`,
    ...others.map(([name, flavor]) => formatDigest(name, flavor)),
    ...others.flatMap(([name, flavor]) =>
      flavor.signatures.map((each) => formatSignature('additional-signature', `${name} ${each.algorithm} `, each)),
    ),
    formatConsensusSignatures('ns', ns?.signatures ?? []),
  ].join('');
}

const formatDigest = (name: string, { digests }: DetachedFlavor): string =>
  digests.sha256 === undefined ? '' : `additional-digest ${name} sha256 ${base16Upper(digests.sha256)}\n`;
