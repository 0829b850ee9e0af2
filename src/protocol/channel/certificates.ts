import { bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { RsaPublicKey, sha256, X509Cert } from '../../crypto/primitives/index.ts';
import { CertsCellType, type CertsEntry } from '../../wire/cell/index.ts';
import {
  CertType,
  type Ed25519Cert,
  parseEd25519Cert,
  parseRsaCrossCert,
  verifyEd25519Cert,
  verifyRsaCrossCert,
} from '../../wire/cert/index.ts';

const dayMs = 86_400_000;
/** C tor's tolerance for X.509 lifetimes, which the specification does not have. */
const pastSlopMs = 2 * dayMs;
const futureSlopMs = 30 * dayMs;

/** What a CERTS cell proved about the peer. */
export interface ProvenIdentity {
  /** Undefined only for a responder that has no Ed25519 identity. */
  readonly ed25519: Uint8Array | undefined;
  /** SHA-1 of the RSA identity key, 20 bytes. */
  readonly rsa: Uint8Array;
  /** SHA-256 of the RSA identity key, 32 bytes. */
  readonly rsaSha256: Uint8Array;
  /** The key that must sign AUTHENTICATE; for an initiator's certificates only. */
  readonly authKey: Uint8Array | undefined;
}

interface ReadCerts {
  readonly x509: ReadonlyMap<number, X509Cert>;
  readonly ed25519: ReadonlyMap<number, Ed25519Cert>;
  readonly cross: Uint8Array | undefined;
}

/**
 * Certificates of a responder, checked by the initiator; `tlsCert` is what it showed in TLS.
 * Throws BAD_CERTIFICATE, CERTIFICATE_EXPIRED, BAD_SIGNATURE. spec: tor-spec 4.2
 */
export function checkResponderCerts(
  entries: readonly CertsEntry[],
  tlsCert: Uint8Array,
  nowMs: number,
): ProvenIdentity {
  const certs = readCerts(entries);
  if (!certs.ed25519.has(CertsCellType.ED25519_SIGNING)) return checkRsaOnly(certs, tlsCert, nowMs);
  const { identity, signingKey, rsa } = checkEd25519(certs, nowMs);
  const link = wanted(certs.ed25519.get(CertsCellType.ED25519_LINK), 'Ed25519 link certificate');
  if (!bytesEqual(link.certifiedKey, sha256(tlsCert))) throw bad('link certificate is for another TLS certificate');
  verifyEd25519Cert(link, { type: CertType.SIGNING_LINK, signedBy: signingKey, nowMs });
  return proven(identity, rsa, undefined);
}

/** Certificates of an initiator that wants to authenticate; it has not until AUTHENTICATE verified with `authKey`. */
export function checkInitiatorCerts(entries: readonly CertsEntry[], nowMs: number): ProvenIdentity {
  const certs = readCerts(entries);
  const { identity, signingKey, rsa } = checkEd25519(certs, nowMs);
  const auth = wanted(certs.ed25519.get(CertsCellType.ED25519_AUTH), 'Ed25519 authentication certificate');
  verifyEd25519Cert(auth, { type: CertType.SIGNING_AUTH, signedBy: signingKey, nowMs });
  return proven(identity, rsa, auth.certifiedKey.slice());
}

/** Like C tor: a certificate that cannot be read counts as not sent; one sent twice is refused. */
function readCerts(entries: readonly CertsEntry[]): ReadCerts {
  const x509 = new Map<number, X509Cert>();
  const ed25519 = new Map<number, Ed25519Cert>();
  let cross: Uint8Array | undefined;
  for (const { type, body } of entries) {
    switch (type) {
      case CertsCellType.RSA_LINK:
      case CertsCellType.RSA_IDENTITY:
        addReadable(x509, type, () => X509Cert.parse(body));
        break;
      case CertsCellType.ED25519_SIGNING:
      case CertsCellType.ED25519_LINK:
      case CertsCellType.ED25519_AUTH:
        addReadable(ed25519, type, () => parseEd25519Cert(body));
        break;
      case CertsCellType.RSA_ED25519_CROSS:
        if (cross !== undefined) throw bad('two RSA cross-certificates');
        cross = body;
        break;
      default:
    }
  }
  return { x509, ed25519, cross };
}

function addReadable<T>(map: Map<number, T>, type: number, parse: () => T): void {
  let cert: T;
  try {
    cert = parse();
  } catch (error) {
    if (TorError.is(error) && error.kind === 'protocol') return;
    throw error;
  }
  if (map.has(type)) throw bad(`two certificates of type ${type}`);
  map.set(type, cert);
}

function checkEd25519(
  certs: ReadCerts,
  nowMs: number,
): { identity: Uint8Array; signingKey: Uint8Array; rsa: RsaPublicKey } {
  const signing = wanted(certs.ed25519.get(CertsCellType.ED25519_SIGNING), 'Ed25519 signing certificate');
  const identity = verifyEd25519Cert(signing, { type: CertType.IDENTITY_SIGNING, nowMs });
  const rsa = checkRsaIdentity(certs, nowMs);
  const cross = parseRsaCrossCert(wanted(certs.cross, 'RSA cross-certificate'));
  verifyRsaCrossCert(cross, { rsa, ed25519: identity, nowMs });
  return { identity, signingKey: signing.certifiedKey, rsa };
}

function checkRsaIdentity(certs: ReadCerts, nowMs: number): RsaPublicKey {
  const identity = wanted(certs.x509.get(CertsCellType.RSA_IDENTITY), 'RSA identity certificate');
  checkX509(identity, identity, nowMs);
  if (identity.rsaKey === undefined || identity.rsaBits !== 1024) throw bad('RSA identity key is not of 1024 bits');
  return RsaPublicKey.fromDer(identity.rsaKey);
}

/** A relay from before Ed25519 identities: the RSA identity signs the TLS key. */
function checkRsaOnly(certs: ReadCerts, tlsCert: Uint8Array, nowMs: number): ProvenIdentity {
  const rsa = checkRsaIdentity(certs, nowMs);
  const identity = wanted(certs.x509.get(CertsCellType.RSA_IDENTITY), 'RSA identity certificate');
  const link = wanted(certs.x509.get(CertsCellType.RSA_LINK), 'RSA link certificate');
  const tlsKey = X509Cert.parse(tlsCert).rsaKey;
  if (tlsKey === undefined || link.rsaKey === undefined || !bytesEqual(tlsKey, link.rsaKey)) {
    throw bad('link certificate is for another TLS key');
  }
  checkX509(link, identity, nowMs);
  return proven(undefined, rsa, undefined);
}

function checkX509(cert: X509Cert, issuer: X509Cert, nowMs: number): void {
  if (!cert.isSignedBy(issuer)) throw new TorError('BAD_SIGNATURE', 'X.509 certificate signature');
  if (nowMs + futureSlopMs < cert.notBeforeMs || nowMs - pastSlopMs > cert.notAfterMs) {
    throw new TorError('CERTIFICATE_EXPIRED', 'X.509 certificate is not valid now', {
      facts: { notBeforeMs: cert.notBeforeMs, notAfterMs: cert.notAfterMs },
    });
  }
}

function proven(ed25519: Uint8Array | undefined, rsa: RsaPublicKey, authKey: Uint8Array | undefined): ProvenIdentity {
  return { ed25519: ed25519?.slice(), rsa: rsa.fingerprint, rsaSha256: sha256(rsa.der), authKey };
}

function wanted<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw bad(`no ${what}`);
  return value;
}

function bad(why: string): TorError {
  return new TorError('BAD_CERTIFICATE', `CERTS: ${why}`);
}
