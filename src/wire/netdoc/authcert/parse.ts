import { bytesEqual } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { sha1 } from '../../../crypto/primitives/index.ts';
import { atLeast, KeywordTable, maybe, noWords, once } from '../meta/rules.ts';
import { bytesOf, signatureError, signedRange, syntaxError, textOf } from '../meta/text.ts';
import { rsaKeyOf, type Section, type Token, tokenize } from '../meta/tokenizer.ts';
import type { AddressPort, DocumentText, Parsed, Refused } from '../meta/types.ts';
import { parseAddressPort, parseHex20, parseIsoTime } from '../meta/values.ts';
import type { AuthorityCertificate } from './types.ts';

const certificateLimit = 128 * 1024;

/** The keywords of a certificate; votes hold one, so that their table has them too. */
export const certificateRules = {
  'dir-key-certificate-version': once(atLeast(1)),
  'dir-identity-key': once(noWords, { object: 'rsa-key' }),
  'dir-key-published': once('line'),
  'dir-key-expires': once('line'),
  'dir-signing-key': once(noWords, { object: 'rsa-key' }),
  'dir-key-crosscert': once(noWords, { object: 'needed' }),
  'dir-key-certification': once(noWords, { object: 'needed' }),
  'dir-address': maybe(atLeast(1)),
} as const;

const table = new KeywordTable({ ...certificateRules, fingerprint: once('line') });

/**
 * Reads and checks one certificate: its certification by the identity key and the signing key's cross-certificate.
 * White space before it is skipped; what stands after it is not looked at.
 *
 * @throws TorError NETDOC_SYNTAX, NETDOC_SIGNATURE
 */
export function parseAuthorityCertificate(document: DocumentText): AuthorityCertificate {
  const text = textOf(document);
  const start = skipSpace(text, 0);
  return readCertificate(text.slice(start, certificateEnd(text, start)));
}

/** Reads a file of certificates (`cached-certs`, an answer to `/tor/keys/...`). */
export function parseAuthorityCertificates(document: DocumentText): Parsed<AuthorityCertificate> {
  const text = textOf(document);
  const documents: AuthorityCertificate[] = [];
  const refused: Refused[] = [];
  for (let at = skipSpace(text, 0); at < text.length; ) {
    const start = at;
    let end = text.length;
    try {
      end = certificateEnd(text, start);
      documents.push(readCertificate(text.slice(start, end)));
    } catch (error) {
      if (!TorError.is(error)) throw error;
      refused.push({ digest: undefined, offset: start, reason: error.message });
    }
    at = skipSpace(text, end);
  }
  return { documents, refused };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
  return at;
}

/** The offset after the certificate that begins at `start`. Throws NETDOC_SYNTAX. */
export function certificateEnd(text: string, start: number): number {
  const footer = '\n-----END SIGNATURE-----\n';
  const last = text.indexOf('\ndir-key-certification', start);
  const end = last === -1 ? -1 : text.indexOf(footer, last);
  if (end === -1) throw syntaxError('a key certificate without its certification');
  return end + footer.length;
}

function readCertificate(text: string): AuthorityCertificate {
  if (text.length > certificateLimit) throw syntaxError('a key certificate far too big');
  const section = tokenize(text, table);
  const range = signedRange(text, 'dir-key-certificate-version', '\ndir-key-certification', '\n');
  if (range === undefined) throw syntaxError('a key certificate without a signed part');
  const [first, last] = [section.tokens[0], section.tokens.at(-1)] as [Token, Token];
  if (first.keyword !== 'dir-key-certificate-version' || first.args[0] !== '3') {
    throw section.error(first, 'not a key certificate of version 3');
  }
  if (last.keyword !== 'dir-key-certification') throw section.error(last, 'the certification does not end it');

  const identityKey = rsaKeyOf(section.need('dir-identity-key'));
  const signingKey = rsaKeyOf(section.need('dir-signing-key'));
  const identity = identityKey.fingerprint;
  const declared = parseHex20(section.need('fingerprint').args[0] as string);
  if (declared === undefined || !bytesEqual(declared, identity)) {
    throw syntaxError('the fingerprint is not that of the identity key');
  }
  const digest = sha1(bytesOf(text.slice(range.start, range.end)));
  const certification = section.need('dir-key-certification').object;
  if (certification?.type !== 'SIGNATURE' || !identityKey.verifyDigest(certification.bytes, digest)) {
    throw signatureError('the certification does not verify');
  }
  const crossCert = section.need('dir-key-crosscert').object;
  if (crossCert === undefined || !signingKey.verifyDigest(crossCert.bytes, identity)) {
    throw signatureError('the cross-certificate does not verify');
  }
  return {
    text,
    identity,
    identityKey,
    signingKeyDigest: signingKey.fingerprint,
    signingKey,
    publishedMs: timeOf(section, 'dir-key-published'),
    expiresMs: timeOf(section, 'dir-key-expires'),
    dirAddress: dirAddress(section),
    digest,
  };
}

function timeOf(section: Section, keyword: string): number {
  const token = section.need(keyword);
  const ms = parseIsoTime(token.args[0] as string);
  if (ms === undefined) throw section.error(token, `${keyword} is not a time`);
  return ms;
}

function dirAddress(section: Section): AddressPort | undefined {
  const token = section.first('dir-address');
  if (token === undefined) return undefined;
  const found = parseAddressPort(token.args[0] as string);
  if (found === undefined || found.address.length !== 4) throw section.error(token, 'dir-address is not an address');
  return found;
}
