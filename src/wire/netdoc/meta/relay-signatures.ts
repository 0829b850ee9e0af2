/** What server descriptors and extra-info documents have in common: where each begins and ends, and who signed it. */
import { base64Unpadded } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { ed25519Sign, ed25519Verify, type RsaPublicKey, sha1, sha256 } from '../../../crypto/primitives/index.ts';
import { CertType, type Ed25519Cert } from '../../cert/index.ts';
import type { RelaySigningKeys } from '../routerdesc/types.ts';
import { certOf, objectOf, proveCert } from './certs.ts';
import { bytesOf, detached, signatureError, signedRange, syntaxError } from './text.ts';
import type { Section } from './tokenizer.ts';
import type { Parsed, Refused } from './types.ts';
import { decodeBase64Of, formatObject } from './values.ts';

export type RelayDocument = 'router ' | 'extra-info ';

const prefix = 'Tor router descriptor signature v1';
const rsaKeyword = '\nrouter-signature';
const edKeyword = '\nrouter-sig-ed25519';
const lastLine = '\n-----END SIGNATURE-----\n';

/** SHA-1 of what the RSA key signs; undefined when the end cannot be found. */
export function relayDigest(text: string, kind: RelayDocument): Uint8Array | undefined {
  const range = signedRange(text, kind, rsaKeyword, '\n');
  return range === undefined ? undefined : sha1(bytesOf(text.slice(range.start, range.end)));
}

/** What the Ed25519 key signs: a digest of the document up to the space after the keyword. */
const edDigest = (signed: string): Uint8Array => sha256(bytesOf(prefix + signed));

/** The certificate of the signing key, the identity within it; nothing proven. Throws NETDOC_SYNTAX. */
export function identityCertOf(section: Section): { readonly cert: Ed25519Cert; readonly identity: Uint8Array } {
  const token = section.need('identity-ed25519');
  const cert = certOf(section, token);
  if (cert.type !== CertType.IDENTITY_SIGNING || cert.signingKey === undefined) {
    throw section.error(token, 'identity-ed25519 is not the certificate of a signing key');
  }
  return { cert, identity: cert.signingKey };
}

/** Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function checkEdSignature(section: Section, kind: RelayDocument, cert: Ed25519Cert): void {
  const token = section.need('router-sig-ed25519');
  if (token !== section.tokens.at(-2)) throw section.error(token, 'router-sig-ed25519 does not stand before the end');
  const signature = decodeBase64Of(token.args[0] ?? '', 64);
  const range = signedRange(section.text, kind, edKeyword, ' ');
  if (signature === undefined || range === undefined) throw section.error(token, 'router-sig-ed25519 cannot be read');
  proveCert(cert, { type: CertType.IDENTITY_SIGNING }, 'identity-ed25519');
  if (!ed25519Verify(signature, edDigest(section.text.slice(range.start, range.end)), cert.certifiedKey)) {
    throw signatureError('the Ed25519 signature is wrong');
  }
}

/** Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function checkRsaSignature(section: Section, digest: Uint8Array, key: RsaPublicKey): void {
  const signature = objectOf(section, section.need('router-signature'), 'SIGNATURE');
  if (!key.verifyDigest(signature, digest)) throw signatureError('the RSA signature is wrong');
}

/** The whole document: `body` ends with a line end. */
export function signRelayDocument(body: string, keys: RelaySigningKeys): string {
  const signed = `${body}router-sig-ed25519 `;
  const signature = ed25519Sign(edDigest(signed), keys.ed25519SigningKey);
  const text = `${signed}${base64Unpadded(signature)}\nrouter-signature\n`;
  return text + formatObject('SIGNATURE', keys.identityKey.signDigest(sha1(bytesOf(text))));
}

/** The lines of `identity-ed25519`. */
export const formatIdentityCert = (keys: RelaySigningKeys): string =>
  `identity-ed25519\n${formatObject('ED25519 CERT', keys.ed25519SigningCert)}`;

/** Without the blank lines at its end. */
export const trimmedEnd = (text: string): string => text.replace(/\n+$/, '\n');

interface Part {
  readonly kind: RelayDocument;
  /** With its annotations. */
  readonly start: number;
  readonly end: number;
}

/** The next document of either kind; undefined when no whole one is left. */
function nextPart(text: string, from: number): Part | undefined {
  let annotations = -1;
  for (let at = skipSpace(text, from); at < text.length; ) {
    const kind = text.startsWith('router ', at) ? 'router ' : text.startsWith('extra-info ', at) ? 'extra-info ' : '';
    if (kind !== '') {
      const last = text.indexOf(rsaKeyword, at);
      const end = last === -1 ? -1 : text.indexOf(lastLine, last);
      return end === -1
        ? undefined
        : { kind, start: annotations === -1 ? at : annotations, end: end + lastLine.length };
    }
    if (text[at] === '@' && annotations === -1) annotations = at;
    const lineEnd = text.indexOf('\n', at);
    if (lineEnd === -1) return undefined;
    at = skipSpace(text, lineEnd);
  }
  return undefined;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
  return at;
}

/** Reads each document of one kind, and skips those of the other. One without an end ends the reading. */
export function readRelayDocuments<T>(text: string, kind: RelayDocument, read: (part: string) => T): Parsed<T> {
  const documents: T[] = [];
  const refused: Refused[] = [];
  for (let part = nextPart(text, 0); part !== undefined; part = nextPart(text, part.end)) {
    if (part.kind !== kind) continue;
    // On its own, so that one descriptor does not keep a whole file in memory.
    const own = detached(text.slice(part.start, part.end));
    try {
      documents.push(read(own));
    } catch (error) {
      if (!TorError.is(error)) throw error;
      const digest = relayDigest(withoutAnnotations(own, kind), kind);
      refused.push({ digest, offset: part.start, reason: error.message });
    }
  }
  return { documents, refused };
}

/** From the first line that begins with `kind` on. */
export function withoutAnnotations(text: string, kind: RelayDocument): string {
  if (text.startsWith(kind)) return text;
  const at = text.indexOf(`\n${kind}`);
  if (at === -1) throw syntaxError(`no line begins with ${kind.trim()}`);
  return text.slice(at + 1);
}
