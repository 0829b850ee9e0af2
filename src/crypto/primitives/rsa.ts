import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto';
import { bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { sha1 } from './digest.ts';

const padding = constants.RSA_PKCS1_PADDING;

/** An RSA public key: relay identities (1024 bits), authority keys, link certificates. spec: tor-spec 0.3 */
export class RsaPublicKey {
  /** PKCS#1 DER, encoded anew: the same for every spelling of a key. */
  readonly der: Uint8Array;
  readonly bits: number;
  readonly exponent: bigint;
  readonly #key: KeyObject;
  #fingerprint: Uint8Array | undefined;

  private constructor(key: KeyObject) {
    const { exportable, der } = pkcs1Of(key);
    this.#key = exportable;
    this.der = der;
    this.bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    this.exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
  }

  /** Reads PKCS#1 DER. Throws BAD_KEY. Bytes after the key are ignored, as C tor ignores them. */
  static fromDer(der: Uint8Array): RsaPublicKey {
    try {
      return new RsaPublicKey(createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' }));
    } catch (error) {
      throw new TorError('BAD_KEY', 'not an RSA public key', { cause: error });
    }
  }

  /** Reads `BEGIN RSA PUBLIC KEY`. Throws BAD_KEY. */
  static fromPem(pem: string): RsaPublicKey {
    try {
      const key = createPublicKey({ key: pem, format: 'pem' });
      if (key.asymmetricKeyType !== 'rsa') throw new TorError('BAD_KEY', 'not an RSA public key');
      return new RsaPublicKey(key);
    } catch (error) {
      throw TorError.is(error) ? error : new TorError('BAD_KEY', 'not an RSA public key', { cause: error });
    }
  }

  /** SHA-1 of the DER: 20 bytes. */
  get fingerprint(): Uint8Array {
    this.#fingerprint ??= sha1(this.der);
    return this.#fingerprint;
  }

  /** `BEGIN RSA PUBLIC KEY`, as documents hold it. */
  toPem(): string {
    return this.#key.export({ type: 'pkcs1', format: 'pem' }).toString();
  }

  /** What was signed with PKCS#1 type 1 padding and no DigestInfo; undefined when the padding is wrong. */
  recoverDigest(signature: Uint8Array): Uint8Array | undefined {
    try {
      return new Uint8Array(publicDecrypt({ key: this.#key, padding }, signature));
    } catch {
      return undefined;
    }
  }

  /** Never throws. C tor also takes a signed text that goes on after the digest; so do we. */
  verifyDigest(signature: Uint8Array, digest: Uint8Array): boolean {
    const signed = this.recoverDigest(signature);
    return (
      signed !== undefined && signed.length >= digest.length && bytesEqual(signed.subarray(0, digest.length), digest)
    );
  }
}

/** A key and its PKCS#1. Some Node.js 24 can write as PKCS#1 only what they did not read as PKCS#1. */
function pkcs1Of(key: KeyObject): { readonly exportable: KeyObject; readonly der: Uint8Array } {
  const written = (exportable: KeyObject) => ({
    exportable,
    der: new Uint8Array(exportable.export({ type: 'pkcs1', format: 'der' })),
  });
  try {
    return written(key);
  } catch {
    const spki = key.export({ type: 'spki', format: 'der' });
    return written(createPublicKey({ key: spki, format: 'der', type: 'spki' }));
  }
}

/** An RSA private key. */
export class RsaPrivateKey {
  readonly publicKey: RsaPublicKey;
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = RsaPublicKey.fromDer(
      new Uint8Array(createPublicKey(key).export({ type: 'pkcs1', format: 'der' })),
    );
  }

  /** A fresh key with exponent 65537. The platform's own randomness is used: it cannot be handed in. */
  static generate(bits: number): Promise<RsaPrivateKey> {
    return new Promise((resolve, reject) => {
      generateKeyPair('rsa', { modulusLength: bits, publicExponent: 65537 }, (error, _publicKey, privateKey) => {
        if (error === null) resolve(new RsaPrivateKey(privateKey));
        else reject(new TorError('INTERNAL', 'cannot generate an RSA key', { cause: error }));
      });
    });
  }

  /** Reads a PEM private key, PKCS#1 as C tor writes it, or PKCS#8, which may be encrypted. Throws BAD_KEY. */
  static fromPem(pem: string, passphrase?: string): RsaPrivateKey {
    try {
      const key = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
      if (key.asymmetricKeyType !== 'rsa') throw new TorError('BAD_KEY', 'not an RSA private key');
      return new RsaPrivateKey(key);
    } catch (error) {
      throw TorError.is(error) ? error : new TorError('BAD_KEY', 'not an RSA private key', { cause: error });
    }
  }

  /** `BEGIN RSA PRIVATE KEY` (PKCS#1), as C tor writes it. */
  toPem(): string {
    return this.#key.export({ type: 'pkcs1', format: 'pem' }).toString();
  }

  /** `BEGIN ENCRYPTED PRIVATE KEY` (PKCS#8), which `fromPem` and tor-gencert read with the passphrase. */
  toEncryptedPem(passphrase: string): string {
    return this.#key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();
  }

  /** Signs `digest` with PKCS#1 type 1 padding and no DigestInfo. */
  signDigest(digest: Uint8Array): Uint8Array {
    return new Uint8Array(privateEncrypt({ key: this.#key, padding }, digest));
  }
}
