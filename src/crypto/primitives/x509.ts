import { createPrivateKey, createPublicKey, createSign, generateKeyPair, X509Certificate } from 'node:crypto';
import { bytesEqual, concatBytes, fromLatin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** An X.509 certificate as links use it: RSA keys, read by the platform's parser. Nothing is verified by reading. */
export class X509Cert {
  readonly der: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** PKCS#1 DER of the certified key; undefined when it is not RSA. */
  readonly rsaKey: Uint8Array | undefined;
  /** Size of the RSA modulus, 0 for other keys. */
  readonly rsaBits: number;
  readonly #cert: X509Certificate;

  private constructor(der: Uint8Array, cert: X509Certificate) {
    this.der = der;
    this.#cert = cert;
    this.notBeforeMs = Date.parse(cert.validFrom);
    this.notAfterMs = Date.parse(cert.validTo);
    const key = cert.publicKey;
    const rsa = key.asymmetricKeyType === 'rsa';
    this.rsaKey = rsa ? new Uint8Array(key.export({ type: 'pkcs1', format: 'der' })) : undefined;
    this.rsaBits = rsa ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  }

  /** Exactly one certificate in DER. Throws BAD_CERTIFICATE. */
  static parse(der: Uint8Array): X509Cert {
    try {
      const cert = new X509Certificate(der);
      // The platform also reads PEM and ignores bytes after the certificate.
      if (!bytesEqual(cert.raw, der)) throw new TorError('BAD_CERTIFICATE', 'X.509 certificate is not bare DER');
      const parsed = new X509Cert(der.slice(), cert);
      if (Number.isNaN(parsed.notBeforeMs) || Number.isNaN(parsed.notAfterMs)) {
        throw new TorError('BAD_CERTIFICATE', 'X.509 certificate without a readable lifetime');
      }
      return parsed;
    } catch (error) {
      if (TorError.is(error)) throw error;
      throw new TorError('BAD_CERTIFICATE', 'X.509 certificate cannot be read', { cause: error });
    }
  }

  /** Whether `issuer`'s key made the signature; names and extensions mean nothing here, as in C tor. */
  isSignedBy(issuer: X509Cert): boolean {
    try {
      return this.#cert.verify(issuer.#cert.publicKey);
    } catch {
      return false;
    }
  }
}

export interface X509Fields {
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 8 random bytes. */
  readonly serial: Uint8Array;
  /** The key to certify: a PEM private or public key. */
  readonly keyPem: string;
}

/**
 * Makes a version 3 certificate with one common name on each side, no extensions, and sha256WithRSAEncryption: the one
 * shape links use. Encoded here rather than by a library because this shape is all there is, and nothing hostile is read.
 */
export function makeX509(fields: X509Fields, signerPem: string): Uint8Array {
  const key = new Uint8Array(createPublicKey(fields.keyPem).export({ type: 'spki', format: 'der' }));
  const signed = sequence(
    der(0xa0, integer(Uint8Array.of(2))),
    integer(fields.serial),
    sha256WithRsa,
    commonName(fields.issuer),
    sequence(time(fields.notBeforeMs), time(fields.notAfterMs)),
    commonName(fields.subject),
    key,
  );
  const signature = new Uint8Array(createSign('sha256').update(signed).sign(createPrivateKey(signerPem)));
  return sequence(signed, sha256WithRsa, der(0x03, Uint8Array.of(0), signature));
}

/** A fresh RSA key for TLS, PKCS#8 PEM. */
export function generateTlsKey(bits = 2048): Promise<string> {
  return new Promise((resolve, reject) => {
    generateKeyPair(
      'rsa',
      {
        modulusLength: bits,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      },
      (error, _publicKey, privateKey) => {
        if (error === null) resolve(privateKey);
        else reject(new TorError('INTERNAL', 'cannot generate an RSA key', { cause: error }));
      },
    );
  });
}

/** DER as the TLS library wants it. */
export function x509Pem(certificate: Uint8Array): string {
  const base64 = Buffer.from(certificate).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...parts);
  return concatBytes(Uint8Array.of(tag), derLength(body.length), body);
}

function derLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >>> 8, length);
}

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);

/** Unsigned: no leading zeros but the one that keeps it positive. */
function integer(value: Uint8Array): Uint8Array {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  const bare = value.subarray(start);
  return (bare[0] ?? 0) >= 0x80 ? der(0x02, Uint8Array.of(0), bare) : der(0x02, bare);
}

function commonName(text: string): Uint8Array {
  const attribute = sequence(Uint8Array.of(0x06, 3, 0x55, 0x04, 0x03), der(0x0c, fromLatin1(text)));
  return sequence(der(0x31, attribute));
}

/** UTCTime up to 2049, GeneralizedTime after, as RFC 5280 wants. */
function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return digits < '2050' ? der(0x17, fromLatin1(digits.slice(2))) : der(0x18, fromLatin1(digits));
}

/** 1.2.840.113549.1.1.11 with NULL parameters. */
const sha256WithRsa = sequence(
  Uint8Array.of(0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b),
  Uint8Array.of(0x05, 0),
);
