import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto';
import { bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { sha1 } from './digest.ts';

const padding = constants.RSA_PKCS1_PADDING;

/** An RSA public key, as documents and certificates carry it (PKCS#1 DER). */
export class RsaPublicKey {
  readonly der: Uint8Array;
  readonly bits: number;
  readonly exponent: bigint;
  /** SHA-1 of the DER: a relay's or an authority's identity, 20 bytes. */
  readonly fingerprint: Uint8Array;
  readonly #key: KeyObject;

  private constructor(key: KeyObject, der: Uint8Array) {
    this.#key = key;
    this.der = der;
    this.bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    this.exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
    this.fingerprint = sha1(der);
  }

  /** @throws TorError BAD_KEY */
  static fromDer(der: Uint8Array): RsaPublicKey {
    try {
      const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' });
      const canonical = new Uint8Array(key.export({ format: 'der', type: 'pkcs1' }));
      if (!bytesEqual(canonical, der)) throw new TorError('BAD_KEY', 'not a canonical RSA key');
      return new RsaPublicKey(key, canonical);
    } catch (cause) {
      throw new TorError('BAD_KEY', 'not an RSA public key', { cause });
    }
  }

  /** @throws TorError BAD_KEY */
  static fromKeyObject(key: KeyObject): RsaPublicKey {
    if (key.asymmetricKeyType !== 'rsa') throw new TorError('BAD_KEY', 'not an RSA key');
    return new RsaPublicKey(key, new Uint8Array(key.export({ format: 'der', type: 'pkcs1' })));
  }

  /** The bytes that were signed with PKCS#1 v1.5 padding and no DigestInfo; undefined when the padding is wrong. */
  recoverDigest(signature: Uint8Array): Uint8Array | undefined {
    try {
      return new Uint8Array(publicDecrypt({ key: this.#key, padding }, signature));
    } catch {
      return undefined;
    }
  }

  verifyDigest(signature: Uint8Array, digest: Uint8Array): boolean {
    const recovered = this.recoverDigest(signature);
    return recovered !== undefined && bytesEqual(recovered, digest);
  }
}

/** An RSA private key in C tor's files: PKCS#1 PEM. */
export class RsaPrivateKey {
  readonly publicKey: RsaPublicKey;
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = RsaPublicKey.fromKeyObject(createPublicKey(key));
  }

  static generate(bits: number): RsaPrivateKey {
    return new RsaPrivateKey(generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: 65537 }).privateKey);
  }

  /** @throws TorError BAD_KEY */
  static fromPem(pem: string): RsaPrivateKey {
    try {
      return new RsaPrivateKey(createPrivateKey(pem));
    } catch (cause) {
      throw new TorError('BAD_KEY', 'not an RSA private key in PEM', { cause });
    }
  }

  toPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs1' }) as string;
  }

  /** PKCS#1 v1.5 signature over the bare digest, without DigestInfo. */
  signDigest(digest: Uint8Array): Uint8Array {
    return new Uint8Array(privateEncrypt({ key: this.#key, padding }, digest));
  }
}
