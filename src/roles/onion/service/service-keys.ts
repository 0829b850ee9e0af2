import { concatBytes, fromLatin1, latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { type ExpandedKey, expandedKeyFrom, expandSeed } from '../../../crypto/primitives/index.ts';
import type { DataStore } from '../../../network/storage/index.ts';
import { onionHostname } from '../common/address.ts';
import { parseAuthorizedClient } from '../common/client-auth.ts';

const secretFile = 'hs_ed25519_secret_key';
const publicFile = 'hs_ed25519_public_key';
const hostnameFile = 'hostname';
const clientsFolder = 'authorized_clients';
const headerLength = 32;
const maxClientFileBytes = 1024;

/** A 32-byte header padded with zeros, as C tor's key files begin. */
const header = (text: string): Uint8Array => {
  const out = new Uint8Array(headerLength);
  out.set(fromLatin1(text));
  return out;
};
const secretHeader = header('== ed25519v1-secret: type0 ==');
const publicHeader = header('== ed25519v1-public: type0 ==');

/** The content of `hs_ed25519_secret_key`. Throws ONION_KEY_FILE_INVALID. */
export function parseSecretKeyFile(content: Uint8Array): ExpandedKey {
  const ok = content.length === 96 && latin1(content.subarray(0, headerLength)) === latin1(secretHeader);
  if (!ok) throw new TorError('ONION_KEY_FILE_INVALID');
  return expandedKeyFrom(content.slice(headerLength));
}

export const formatSecretKeyFile = (key: ExpandedKey): Uint8Array => concatBytes(secretHeader, key.expanded);
export const formatPublicKeyFile = (publicKey: Uint8Array): Uint8Array => concatBytes(publicHeader, publicKey);

/** Reads the service's key from its folder, or makes one; writes what is missing. Files and modes are C tor's. */
export async function loadServiceKey(folder: DataStore, random: Random): Promise<ExpandedKey> {
  const stored = await folder.read(secretFile, { maxBytes: 96 });
  const key = stored === undefined ? expandSeed(random.bytes(32)) : parseSecretKeyFile(stored);
  if (stored === undefined) await folder.write(secretFile, formatSecretKeyFile(key));
  const publicContent = formatPublicKeyFile(key.publicKey);
  const storedPublic = await folder.read(publicFile, { maxBytes: 64 });
  if (storedPublic === undefined) await folder.write(publicFile, publicContent);
  else if (latin1(storedPublic) !== latin1(publicContent)) {
    throw new TorError('ONION_KEY_FILE_INVALID', 'the public key in the folder does not belong to the secret key');
  }
  const hostname = `${onionHostname(key.publicKey)}\n`;
  if ((await folder.readText(hostnameFile, { maxBytes: 1024 })) !== hostname)
    await folder.write(hostnameFile, hostname);
  return key;
}

/**
 * Public keys of `authorized_clients/*.auth`. A file that cannot be read is told to `warn` and skipped; when there were
 * files but none could be read the service must not open to everyone, so that throws ONION_AUTH_FILE_INVALID, as C tor
 * keeps authorization on.
 */
export async function loadAuthorizedClients(
  folder: DataStore,
  warn: (message: string) => void,
): Promise<readonly Uint8Array[]> {
  const names = (await folder.list(clientsFolder)).filter((name) => name.endsWith('.auth'));
  const keys: Uint8Array[] = [];
  for (const name of names) {
    try {
      const text = await folder.readText(`${clientsFolder}/${name}`, { maxBytes: maxClientFileBytes });
      if (text !== undefined) keys.push(parseAuthorizedClient(text));
    } catch (error) {
      warn(`Client authorization file ${name} cannot be read and is ignored: ${TorError.from(error).message}`);
    }
  }
  if (names.length > 0 && keys.length === 0) {
    throw new TorError('ONION_AUTH_FILE_INVALID', 'No file in authorized_clients can be read.');
  }
  return keys;
}
