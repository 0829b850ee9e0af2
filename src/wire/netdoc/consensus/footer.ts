import { base16 } from '../../../base/bytes/index.ts';
import { numbersField } from '../meta/fields.ts';
import { isDigestName, signatureOf } from '../meta/signatures.ts';
import { syntaxError } from '../meta/text.ts';
import { type Section, type Token, tokenize } from '../meta/tokenizer.ts';
import type { DocumentSignature } from '../meta/types.ts';
import { footerTable } from './tables.ts';

export interface ConsensusFooter {
  readonly bandwidthWeights: ReadonlyMap<string, number>;
  readonly signatures: readonly DocumentSignature[];
}

/**
 * The footer of a consensus or vote. Signatures with digests we do not know are skipped; of two by one authority with
 * one digest the first counts. Throws NETDOC_SYNTAX, also when a signature is by none of `identities`.
 */
export function parseFooter(text: string, identities: readonly Uint8Array[]): ConsensusFooter {
  const next = text.indexOf('\nnetwork-status-version ');
  const section = tokenize(next === -1 ? text : text.slice(0, next + 1), footerTable);
  checkOrder(section);
  const voters = new Set(identities.map(base16));
  const seen = new Set<string>();
  const signatures: DocumentSignature[] = [];
  for (const token of section.all('directory-signature')) {
    const signature = readSignature(section, token);
    if (signature === undefined) continue;
    const voter = base16(signature.identity);
    if (!voters.has(voter)) throw section.error(token, 'a signature by no declared authority');
    const key = `${voter} ${signature.algorithm}`;
    if (seen.has(key)) continue;
    seen.add(key);
    signatures.push(signature);
  }
  if (signatures.length === 0) throw syntaxError('no signatures');
  return { bandwidthWeights: numbersField(section, 'bandwidth-weights', false), signatures };
}

function readSignature(section: Section, token: Token): DocumentSignature | undefined {
  const words = token.args;
  if (words.length === 2) return signatureOf(section, token, 'sha1', words[0] as string, words[1] as string);
  const algorithm = words[0] as string;
  if (!isDigestName(algorithm)) return undefined;
  return signatureOf(section, token, algorithm, words[1] as string, words[2] as string);
}

function checkOrder(section: Section): void {
  let signed = false;
  for (const [i, token] of section.tokens.entries()) {
    if (token.rule?.keyword === 'directory-signature') signed = true;
    else if (signed) throw section.error(token, 'something after the first signature');
    if (token.rule?.keyword === 'directory-footer' && i > 0) throw section.error(token, 'a misplaced footer');
  }
}
