import { base16Upper } from '../../../base/bytes/index.ts';
import { formatIpPort } from '../../../base/ip/index.ts';
import { type RsaPrivateKey, sha1 } from '../../../crypto/primitives/index.ts';
import { bytesOf } from '../meta/text.ts';
import type { AddressPort } from '../meta/types.ts';
import { formatIsoTime, formatObject } from '../meta/values.ts';

export interface AuthorityCertificateFields {
  readonly identityKey: RsaPrivateKey;
  readonly signingKey: RsaPrivateKey;
  readonly publishedMs: number;
  readonly expiresMs: number;
  readonly dirAddress?: AddressPort | undefined;
}

/** The signed text of a key certificate, as tor-gencert writes it. spec: dir-spec 3.1 */
export function encodeAuthorityCertificate(fields: AuthorityCertificateFields): string {
  const { identityKey, signingKey } = fields;
  const identity = identityKey.publicKey.fingerprint;
  const signed = [
    'dir-key-certificate-version 3\n',
    fields.dirAddress === undefined
      ? ''
      : `dir-address ${formatIpPort(fields.dirAddress.address, fields.dirAddress.port)}\n`,
    `fingerprint ${base16Upper(identity)}\n`,
    `dir-key-published ${formatIsoTime(fields.publishedMs)}\n`,
    `dir-key-expires ${formatIsoTime(fields.expiresMs)}\n`,
    `dir-identity-key\n${identityKey.publicKey.toPem()}`,
    `dir-signing-key\n${signingKey.publicKey.toPem()}`,
    `dir-key-crosscert\n${formatObject('ID SIGNATURE', signingKey.signDigest(identity))}`,
    'dir-key-certification\n',
  ].join('');
  return signed + formatObject('SIGNATURE', identityKey.signDigest(sha1(bytesOf(signed))));
}
