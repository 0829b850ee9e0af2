import type { Clock } from '../../../base/runtime/index.ts';
import { RsaPrivateKey } from '../../../crypto/primitives/index.ts';
import { type AddressPort, encodeAuthorityCertificate } from '../../../wire/netdoc/index.ts';

const usualBits = { identity: 3072, signing: 2048 } as const;
export const minPassphraseLength = 4;
export const defaultMonths = 12;
export const maxMonths = 24;

export interface AuthorityKeyTexts {
  /** `authority_identity_key`: encrypted with the passphrase. Undefined when the identity was there before. */
  readonly identityKey: string | undefined;
  /** `authority_signing_key`. */
  readonly signingKey: string;
  /** `authority_certificate`. */
  readonly certificate: string;
  /** SHA-1 of the identity key: `v3ident` of DirAuthority lines. */
  readonly identity: Uint8Array;
}

export interface GencertInput {
  readonly passphrase: string;
  /** Text of an identity key to use on; a new one is made without. */
  readonly identityKey?: string | undefined;
  /** Text of a signing key to certify once more; a new one is made without. */
  readonly signingKey?: string | undefined;
  /** Lifetime of the certificate. */
  readonly months?: number | undefined;
  readonly dirAddress?: AddressPort | undefined;
  /** Of new keys. Default: 3072 and 2048; making them takes a second. */
  readonly bits?: { readonly identity: number; readonly signing: number } | undefined;
}

/** What tor-gencert does, in the formats of its files. Throws BAD_KEY: a wrong passphrase, or no key. */
export async function makeAuthorityKeys(input: GencertInput, clock: Clock): Promise<AuthorityKeyTexts> {
  const bits = input.bits ?? usualBits;
  const [identityKey, signingKey] = await Promise.all([
    input.identityKey === undefined
      ? RsaPrivateKey.generate(bits.identity)
      : RsaPrivateKey.fromPem(input.identityKey, input.passphrase),
    input.signingKey === undefined ? RsaPrivateKey.generate(bits.signing) : RsaPrivateKey.fromPem(input.signingKey),
  ]);
  const nowMs = clock.now();
  const certificate = encodeAuthorityCertificate({
    identityKey,
    signingKey,
    publishedMs: nowMs,
    expiresMs: addMonths(nowMs, input.months ?? defaultMonths),
    dirAddress: input.dirAddress,
  });
  return {
    identityKey: input.identityKey === undefined ? identityKey.toEncryptedPem(input.passphrase) : undefined,
    signingKey: signingKey.toPem(),
    certificate,
    identity: identityKey.publicKey.fingerprint,
  };
}

/** The same day and time some months later; a day that the month has not runs over into the next, as mktime does. */
export function addMonths(ms: number, months: number): number {
  const date = new Date(ms);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.getTime();
}
