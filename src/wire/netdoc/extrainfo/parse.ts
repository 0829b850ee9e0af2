import { base16Upper } from '../../../base/bytes/index.ts';
import { type RsaPublicKey, sha256 } from '../../../crypto/primitives/index.ts';
import { needed } from '../meta/certs.ts';
import { timeField } from '../meta/fields.ts';
import {
  checkEdSignature,
  checkRsaSignature,
  identityCertOf,
  readRelayDocuments,
  relayDigest,
  trimmedEnd,
} from '../meta/relay-signatures.ts';
import { signatureOfLength } from '../meta/signatures.ts';
import { bytesOf, textOf } from '../meta/text.ts';
import { type Section, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText, Parsed } from '../meta/types.ts';
import { isNickname, parseHex20 } from '../meta/values.ts';
import { currentTable, historicTable } from './table.ts';
import type { ExtraInfo } from './types.ts';

export interface ExtraInfoOptions {
  /** The identity key of a relay, by its fingerprint in upper-case hexadecimal: to check the RSA signature. */
  readonly identityKey?: (fingerprint: string) => RsaPublicKey | undefined;
  /** Takes what relays wrote before they had Ed25519 keys: no use for it but archives. */
  readonly historic?: boolean;
  readonly dangerouslySkipSignatures?: boolean;
}

/** Reads one extra-info document. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function parseExtraInfo(document: DocumentText, options: ExtraInfoOptions = {}): ExtraInfo {
  return readExtraInfo(textOf(document), options);
}

export function parseExtraInfos(document: DocumentText, options: ExtraInfoOptions = {}): Parsed<ExtraInfo> {
  return readRelayDocuments(textOf(document), 'extra-info ', (part) => readExtraInfo(part, options));
}

/** Archives write the type of a document before it. */
const withoutType = (part: string): string => part.replace(/^@type [^\n]*\n/, '');

function readExtraInfo(whole: string, options: ExtraInfoOptions): ExtraInfo {
  const text = trimmedEnd(withoutType(whole));
  const section = tokenize(text, options.historic === true ? historicTable : currentTable);
  const digest = needed(relayDigest(text, 'extra-info '), 'the end of the document');
  const first = section.need('extra-info');
  const [nickname = '', fingerprint = ''] = first.args;
  const rsaId = parseHex20(fingerprint);
  if (!isNickname(nickname) || rsaId === undefined) throw section.error(first, 'extra-info does not name a relay');
  const prove = options.dangerouslySkipSignatures !== true;
  signatureOfLength(section, section.need('router-signature'));
  const keys = edKeysOf(section, prove);
  const key = prove ? options.identityKey?.(base16Upper(rsaId)) : undefined;
  if (key !== undefined) checkRsaSignature(section, digest, key);
  return {
    text,
    digest,
    digest256: sha256(bytesOf(text)),
    nickname,
    rsaId,
    publishedMs: timeField(section, 'published'),
    ...keys,
    rsaChecked: key !== undefined,
    lines: linesOf(section),
  };
}

function edKeysOf(section: Section, prove: boolean): Pick<ExtraInfo, 'ed25519Id' | 'ed25519SigningKey'> {
  const token = section.first('identity-ed25519');
  if (token === undefined) return { ed25519Id: undefined, ed25519SigningKey: undefined };
  if (section.tokens[1] !== token) throw section.error(token, 'identity-ed25519 is not the second line');
  const { cert, identity } = identityCertOf(section);
  if (prove) checkEdSignature(section, 'extra-info ', cert);
  return { ed25519Id: identity, ed25519SigningKey: cert.certifiedKey };
}

function linesOf(section: Section): ExtraInfo['lines'] {
  return section.tokens.map(({ keyword, start }) => {
    const end = section.text.indexOf('\n', start);
    const line = section.text.slice(start, end === -1 ? undefined : end);
    return { keyword, args: line.slice(keyword.length).trimStart() };
  });
}
