import { base16Upper } from '../../../base/bytes/index.ts';
import type { AuthorityCertificate } from '../../../wire/netdoc/index.ts';

/** Certificates of all authorities, by identity and signing key. */
export class CertificateBook {
  readonly #certificates = new Map<string, AuthorityCertificate>();
  readonly #isAuthority: (identity: Uint8Array) => boolean;

  /** Certificates of others than the authorities are not kept. */
  constructor(isAuthority: (identity: Uint8Array) => boolean) {
    this.#isAuthority = isAuthority;
  }

  /** True when it was new. */
  add(certificate: AuthorityCertificate): boolean {
    const key = keyOf(certificate.identity, certificate.signingKeyDigest);
    if (this.#certificates.has(key) || !this.#isAuthority(certificate.identity)) return false;
    this.#certificates.set(key, certificate);
    return true;
  }

  readonly find = (identity: Uint8Array, signingKeyDigest: Uint8Array): AuthorityCertificate | undefined =>
    this.#certificates.get(keyOf(identity, signingKeyDigest));

  all(): AuthorityCertificate[] {
    return [...this.#certificates.values()];
  }
}

const keyOf = (identity: Uint8Array, signingKeyDigest: Uint8Array): string =>
  `${base16Upper(identity)} ${base16Upper(signingKeyDigest)}`;
