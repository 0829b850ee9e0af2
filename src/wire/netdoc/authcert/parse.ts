import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText, Parsed } from '../meta/types.ts';
import type { AuthorityCertificate } from './types.ts';

const later = (): never => {
  throw new TorError('INTERNAL', 'not there yet');
};

/** Reads and checks one certificate. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function parseAuthorityCertificate(_text: DocumentText): AuthorityCertificate {
  return later();
}

/** Reads a file of certificates (`cached-certs`, `/tor/keys/...`). */
export function parseAuthorityCertificates(_text: DocumentText): Parsed<AuthorityCertificate> {
  return later();
}
