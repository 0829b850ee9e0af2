import type { Clock, Random } from '../../base/runtime/index.ts';
import {
  type Ed25519SecretKey,
  ed25519KeyPair,
  ed25519Sign,
  generateTlsKey,
  makeX509,
  type RsaPrivateKey,
  sha256,
  x509Pem,
} from '../../crypto/primitives/index.ts';
import type { LinkCredentials } from '../../protocol/channel/index.ts';
import { CertKeyType, CertType, makeEd25519Cert, makeRsaCrossCert } from '../../wire/cert/index.ts';
import { randomHostName } from './tls-settings.ts';

/** A relay's long-lived keys, as far as links need them. */
export interface LinkKeys {
  readonly rsaIdentity: RsaPrivateKey;
  /** Master identity, 32 bytes. */
  readonly ed25519Identity: Uint8Array;
  /** Medium-term signing key. */
  readonly signingKey: Ed25519SecretKey;
  /** The identity certifies the signing key; must carry the identity inside. */
  readonly signingCert: Uint8Array;
}

/** Credentials and the TLS key that goes with them. Make new ones every two hours, as C tor does. */
export interface LinkCredentialSet extends LinkCredentials {
  /** For the TLS listener. */
  readonly tlsKeyPem: string;
  readonly tlsCertPem: string;
}

const dayMs = 86_400_000;
const linkCertMs = 2 * dayMs;
const crossCertMs = 180 * dayMs;
const identityCertMs = 365 * dayMs;

/** Makes a fresh TLS key and everything a relay shows on links. */
export async function makeLinkCredentials(
  deps: { readonly clock: Clock; readonly random: Random },
  keys: LinkKeys,
  options: { readonly tlsKeyBits?: number | undefined } = {},
): Promise<LinkCredentialSet> {
  const { random } = deps;
  const nowMs = deps.clock.now();
  const tlsKeyPem = await generateTlsKey(options.tlsKeyBits);
  const identityPem = keys.rsaIdentity.toPem();
  const issuer = randomHostName(random, 8, 20, 'www.', '.com');
  const subject = randomHostName(random, 8, 20, 'www.', '.net');
  const x509 = (fields: { subject: string; keyPem: string; lifetimeMs: number }): Uint8Array =>
    makeX509(
      {
        subject: fields.subject,
        issuer,
        keyPem: fields.keyPem,
        serial: random.bytes(8),
        ...lifetime(random, nowMs, fields.lifetimeMs),
      },
      identityPem,
    );
  const tlsCert = x509({ subject, keyPem: tlsKeyPem, lifetimeMs: tlsLifetimeMs(random) });
  const rsaIdentityCert = x509({ subject: issuer, keyPem: identityPem, lifetimeMs: identityCertMs });
  const authKey = ed25519KeyPair(random.bytes(32));
  const sign = (message: Uint8Array): Uint8Array => ed25519Sign(message, keys.signingKey);
  return {
    ed25519: keys.ed25519Identity,
    rsaKey: keys.rsaIdentity.publicKey.der,
    rsaIdentityCert,
    signingCert: keys.signingCert,
    crossCert: makeRsaCrossCert({ ed25519: keys.ed25519Identity, expiresAtMs: nowMs + crossCertMs }, (digest) =>
      keys.rsaIdentity.signDigest(digest),
    ),
    tlsCert,
    linkCert: makeEd25519Cert(
      {
        type: CertType.SIGNING_LINK,
        keyType: CertKeyType.SHA256_OF_X509,
        certifiedKey: sha256(tlsCert),
        expiresAtMs: nowMs + linkCertMs,
      },
      sign,
    ),
    authCert: makeEd25519Cert(
      { type: CertType.SIGNING_AUTH, certifiedKey: authKey.publicKey, expiresAtMs: nowMs + linkCertMs },
      sign,
    ),
    signAuth: (message) => ed25519Sign(message, authKey),
    tlsKeyPem,
    tlsCertPem: x509Pem(tlsCert),
  };
}

/** Between 5 days and a year, whole days, half the time a second less: certificates in the wild look like that. */
function tlsLifetimeMs(random: Random): number {
  return (5 + random.below(360)) * dayMs - random.below(2) * 1000;
}

/** Starts some days ago at midnight and leaves at least a day. */
function lifetime(random: Random, nowMs: number, lifetimeMs: number): { notBeforeMs: number; notAfterMs: number } {
  const earliestMs = Math.min(nowMs + 2 * dayMs - lifetimeMs, nowMs - 1000);
  const startMs = earliestMs + random.below(Math.floor(nowMs - earliestMs));
  const notBeforeMs = startMs - (startMs % dayMs);
  return { notBeforeMs, notAfterMs: notBeforeMs + lifetimeMs };
}
