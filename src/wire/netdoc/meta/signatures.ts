import type { Section, Token } from './tokenizer.ts';
import type { DigestName, DocumentSignature } from './types.ts';
import { parseHex20 } from './values.ts';

const algorithms: readonly string[] = ['sha1', 'sha256'] satisfies readonly DigestName[];

export const isDigestName = (name: string): name is DigestName => algorithms.includes(name);

/**
 * The signature in a token's object, with the identity and the signing key that the last two words name. C tor takes
 * objects of 128 to 512 bytes. Throws NETDOC_SYNTAX.
 */
export function signatureOf(
  section: Section,
  token: Token,
  algorithm: DigestName,
  identityHex: string,
  signingKeyHex: string,
): DocumentSignature {
  const signature = signatureOfLength(section, token);
  const identity = parseHex20(identityHex);
  const signingKeyDigest = parseHex20(signingKeyHex);
  if (identity === undefined || signingKeyDigest === undefined) {
    throw section.error(token, `${token.keyword} does not name its keys`);
  }
  return { algorithm, identity, signingKeyDigest, signature };
}

/** The object of a token when it can be a signature: 128 to 512 bytes. Throws NETDOC_SYNTAX. */
export function signatureOfLength(section: Section, token: Token): Uint8Array {
  const { object } = token;
  if (object?.type !== 'SIGNATURE' || object.bytes.length < 128 || object.bytes.length > 512) {
    throw section.error(token, `${token.keyword} has an object of a wrong type or length`);
  }
  return object.bytes;
}
