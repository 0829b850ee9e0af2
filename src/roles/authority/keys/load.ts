import { bytesEqual } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { RsaPrivateKey } from '../../../crypto/primitives/index.ts';
import type { DataStore } from '../../../network/storage/index.ts';
import { type AuthorityCertificate, parseAuthorityCertificate } from '../../../wire/netdoc/index.ts';

/** The key an authority signs with, and the certificate by which its identity vouches for it. */
export interface AuthorityKeys {
  readonly signingKey: RsaPrivateKey;
  readonly certificate: AuthorityCertificate;
}

/** Files below `keys/`. `legacy`: those of an older identity (V3AuthUseLegacyKey). */
export const authorityKeyFiles = (legacy: boolean): { readonly signingKey: string; readonly certificate: string } => {
  const prefix = legacy ? 'legacy' : 'authority';
  return { signingKey: `keys/${prefix}_signing_key`, certificate: `keys/${prefix}_certificate` };
};

/** Reads the keys that tor-gencert or `tropea gencert` has made. Throws BAD_KEY_FILE, STORAGE_FAILED. */
export async function loadAuthorityKeys(
  store: Pick<DataStore, 'readText'>,
  options: { readonly legacy?: boolean } = {},
): Promise<AuthorityKeys> {
  const names = authorityKeyFiles(options.legacy === true);
  const [keyText, certificateText] = await Promise.all([
    store.readText(names.signingKey, { maxBytes: 65_536 }),
    store.readText(names.certificate, { maxBytes: 131_072 }),
  ]);
  if (keyText === undefined) throw badFile(`No version 3 directory key found in ${names.signingKey}`);
  if (certificateText === undefined) {
    throw badFile(`Signing key found, but no certificate found in ${names.certificate}`);
  }
  const signingKey = reading(names.signingKey, () => RsaPrivateKey.fromPem(keyText));
  const certificate = reading(names.certificate, () => parseAuthorityCertificate(certificateText));
  if (!bytesEqual(signingKey.publicKey.der, certificate.signingKey.der)) {
    throw badFile('Stored signing key does not match signing key in certificate');
  }
  return { signingKey, certificate };
}

const badFile = (message: string, cause?: unknown): TorError =>
  new TorError('BAD_KEY_FILE', message, cause === undefined ? {} : { cause });

function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badFile(`Unable to read ${name}: ${TorError.from(error).message}`, error);
  }
}
