import { base16Upper, base64Unpadded, bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import {
  type Ed25519SecretKey,
  type ExpandedKey,
  ed25519Sign,
  expandedKeyFrom,
  expandSeed,
  RsaPrivateKey,
} from '../../crypto/primitives/index.ts';
import { type DataStore, formatTaggedFile, parseTaggedFile } from '../../network/storage/index.ts';
import { CertType, makeEd25519Cert, parseEd25519Cert, verifyEd25519Cert } from '../../wire/cert/index.ts';

const names = {
  rsa: 'keys/secret_id_key',
  masterSecret: 'keys/ed25519_master_id_secret_key',
  masterPublic: 'keys/ed25519_master_id_public_key',
  signingSecret: 'keys/ed25519_signing_secret_key',
  signingCert: 'keys/ed25519_signing_cert',
} as const;

const dayMs = 86_400_000;
/** C tor's defaults: SigningKeyLifetime 30 days; a new one when a day is left (TestingSigningKeySlop). */
const signingLifetimeMs = 30 * dayMs;
const signingSlopMs = dayMs;
const rsaBits = 1024;

/** Who a relay is. The master secret may be kept elsewhere (OfflineMasterKey); then only the signing key is here. */
export interface RelayIdentityKeys {
  readonly rsaIdentity: RsaPrivateKey;
  /** Ed25519 master identity, 32 bytes. */
  readonly ed25519Identity: Uint8Array;
  readonly signingKey: Ed25519SecretKey;
  /** Encoded; type 4. */
  readonly signingCert: Uint8Array;
  readonly signingExpiresMs: number;
}

export interface RelayKeysDeps {
  readonly store: DataStore;
  readonly clock: Clock;
  readonly random: Random;
}

export interface RelayKeysOptions {
  /** Never make or use a master secret here. */
  readonly offlineMaster?: boolean;
  readonly signingLifetimeMs?: number;
  /** `--keygen`: a new signing key, however long the old one is good for. */
  readonly renewSigning?: boolean;
  /** Of the keys for TLS. Default: C tor's 2048. */
  readonly tlsKeyBits?: number | undefined;
}

/**
 * Reads a relay's identity from C tor's key files and makes what is missing; renews the signing key before its
 * certificate ends. Throws BAD_KEY_FILE, RELAY_KEY_OFFLINE.
 */
export async function loadIdentityKeys(
  deps: RelayKeysDeps,
  options: RelayKeysOptions = {},
): Promise<RelayIdentityKeys> {
  const rsaIdentity = await loadRsa(deps.store);
  const master = await loadMaster(deps, options);
  const signing = await loadSigning(deps, options, master);
  return { rsaIdentity, ed25519Identity: master.publicKey, ...signing };
}

async function loadRsa(store: DataStore): Promise<RsaPrivateKey> {
  const pem = await store.readText(names.rsa, { maxBytes: 16_384 });
  if (pem !== undefined) return RsaPrivateKey.fromPem(pem);
  const made = await RsaPrivateKey.generate(rsaBits);
  await store.write(names.rsa, made.toPem());
  return made;
}

interface Master {
  readonly publicKey: Uint8Array;
  readonly secret: ExpandedKey | undefined;
}

async function loadMaster({ store, random }: RelayKeysDeps, options: RelayKeysOptions): Promise<Master> {
  const publicFile = await store.read(names.masterPublic, { maxBytes: 64 });
  const publicKey = publicFile && parseTaggedFile(publicFile, 'ed25519v1-public', 'type0', 32);
  const secretFile = await store.read(names.masterSecret, { maxBytes: 96 });
  if (secretFile !== undefined) {
    const secret = expandedKeyFrom(parseTaggedFile(secretFile, 'ed25519v1-secret', 'type0', 64));
    if (publicKey !== undefined && !bytesEqual(publicKey, secret.publicKey)) {
      throw new TorError('BAD_KEY_FILE', 'the public master key does not belong to the secret one');
    }
    if (publicKey === undefined) await store.write(names.masterPublic, publicContent(secret.publicKey));
    return { publicKey: secret.publicKey, secret };
  }
  if (publicKey !== undefined) return { publicKey, secret: undefined };
  if (options.offlineMaster === true) throw new TorError('RELAY_KEY_OFFLINE');
  const made = expandSeed(random.bytes(32));
  await store.write(names.masterSecret, formatTaggedFile('ed25519v1-secret', 'type0', made.expanded));
  await store.write(names.masterPublic, publicContent(made.publicKey));
  return { publicKey: made.publicKey, secret: made };
}

const publicContent = (key: Uint8Array): Uint8Array => formatTaggedFile('ed25519v1-public', 'type0', key);

type Signing = Pick<RelayIdentityKeys, 'signingKey' | 'signingCert' | 'signingExpiresMs'>;

async function loadSigning(deps: RelayKeysDeps, options: RelayKeysOptions, master: Master): Promise<Signing> {
  const { store, clock, random } = deps;
  const stored = await readSigning(store, clock.now(), master.publicKey);
  const enough =
    stored !== undefined && options.renewSigning !== true && stored.signingExpiresMs - clock.now() > signingSlopMs;
  if (options.renewSigning === true && master.secret === undefined) throw new TorError('RELAY_KEY_OFFLINE');
  if (stored !== undefined && (enough || master.secret === undefined)) return stored;
  if (master.secret === undefined) throw new TorError('RELAY_KEY_OFFLINE');
  const { secret } = master;
  const signingKey = expandSeed(random.bytes(32));
  const signingExpiresMs = clock.now() + (options.signingLifetimeMs ?? signingLifetimeMs);
  const signingCert = makeEd25519Cert(
    {
      type: CertType.IDENTITY_SIGNING,
      certifiedKey: signingKey.publicKey,
      expiresAtMs: signingExpiresMs,
      signingKey: master.publicKey,
    },
    (message) => ed25519Sign(message, secret),
  );
  await store.write(names.signingSecret, formatTaggedFile('ed25519v1-secret', 'type0', signingKey.expanded));
  await store.write(names.signingCert, formatTaggedFile('ed25519v1-cert', 'type4', signingCert));
  // The certificate counts in hours.
  return { signingKey, signingCert, signingExpiresMs: parseEd25519Cert(signingCert).expiresAtMs };
}

/** What is on disk, when it is whole and still valid. A crash between the two files only means a new signing key. */
async function readSigning(store: DataStore, nowMs: number, master: Uint8Array): Promise<Signing | undefined> {
  const secretFile = await store.read(names.signingSecret, { maxBytes: 96 });
  const certFile = await store.read(names.signingCert, { maxBytes: 1024 });
  if (secretFile === undefined || certFile === undefined) return undefined;
  try {
    const signingKey = expandedKeyFrom(parseTaggedFile(secretFile, 'ed25519v1-secret', 'type0', 64));
    const signingCert = parseTaggedFile(certFile, 'ed25519v1-cert', 'type4');
    const cert = parseEd25519Cert(signingCert);
    verifyEd25519Cert(cert, { type: CertType.IDENTITY_SIGNING, signedBy: master, nowMs });
    if (!bytesEqual(cert.certifiedKey, signingKey.publicKey)) return undefined;
    return { signingKey, signingCert, signingExpiresMs: cert.expiresAtMs };
  } catch {
    return undefined;
  }
}

/** The `fingerprint` and `fingerprint-ed25519` files. */
export async function writeFingerprints(store: DataStore, nickname: string, keys: RelayIdentityKeys): Promise<void> {
  const rsa = base16Upper(keys.rsaIdentity.publicKey.fingerprint);
  await store.write('fingerprint', `${nickname} ${rsa}\n`);
  await store.write('fingerprint-ed25519', `${nickname} ${base64Unpadded(keys.ed25519Identity)}\n`);
}
