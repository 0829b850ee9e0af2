import { TorError } from '../../../base/errors/index.ts';
import { type Ed25519Cert, type Ed25519CertCheck, parseEd25519Cert, verifyEd25519Cert } from '../../cert/index.ts';
import { signatureError, syntaxError } from './text.ts';
import type { Section, Token } from './tokenizer.ts';

/** The bytes of an object of the type that a keyword's line demands. Throws NETDOC_SYNTAX. */
export function objectOf(section: Section, token: Token, type: string): Uint8Array {
  if (token.object?.type !== type) throw section.error(token, `the object of ${token.keyword} is not ${type}`);
  return token.object.bytes;
}

/** The certificate below a keyword's line, nothing about it proven. Throws NETDOC_SYNTAX. */
export function certOf(section: Section, token: Token): Ed25519Cert {
  const encoded = objectOf(section, token, 'ED25519 CERT');
  try {
    return parseEd25519Cert(encoded);
  } catch (error) {
    if (!TorError.is(error)) throw error;
    throw section.error(token, `the certificate of ${token.keyword} cannot be read`);
  }
}

/** As `verifyEd25519Cert`. Returns the key that signed. Throws NETDOC_SIGNATURE, CERTIFICATE_EXPIRED. */
export function proveCert(cert: Ed25519Cert, check: Ed25519CertCheck, what: string): Uint8Array {
  return proving(what, () => verifyEd25519Cert(cert, check));
}

/** Gives what is wrong with a key, a certificate or its signature the code of a document's. */
export function proving<T>(what: string, prove: () => T): T {
  try {
    return prove();
  } catch (error) {
    if (!TorError.is(error) || error.code === 'CERTIFICATE_EXPIRED') throw error;
    throw signatureError(`${what}: ${error.message}`);
  }
}

/** A line's key or digest in base64. Throws NETDOC_SYNTAX. */
export function needed<T>(value: T | undefined, keyword: string): T {
  if (value === undefined) throw syntaxError(`${keyword} cannot be read`);
  return value;
}
