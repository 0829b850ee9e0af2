import { latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { type ExpandedKey, expandedKeyFrom, expandSeed } from '../../../crypto/primitives/index.ts';
import { type DataStore, formatTaggedFile, parseTaggedFile } from '../../../network/storage/index.ts';
import { onionHostname } from '../common/address.ts';
import { parseAuthorizedClient } from '../common/client-auth.ts';

const secretFile = 'hs_ed25519_secret_key';
const publicFile = 'hs_ed25519_public_key';
const hostnameFile = 'hostname';
const clientsFolder = 'authorized_clients';
const maxClientFileBytes = 1024;

/** The content of `hs_ed25519_secret_key`. Throws BAD_KEY_FILE. */
export const parseSecretKeyFile = (content: Uint8Array): ExpandedKey =>
  expandedKeyFrom(parseTaggedFile(content, 'ed25519v1-secret', 'type0', 64));

export const formatSecretKeyFile = (key: ExpandedKey): Uint8Array =>
  formatTaggedFile('ed25519v1-secret', 'type0', key.expanded);
export const formatPublicKeyFile = (publicKey: Uint8Array): Uint8Array =>
  formatTaggedFile('ed25519v1-public', 'type0', publicKey);

/** Reads the service's key from its folder, or makes one; writes what is missing. Files and modes are C tor's. */
export async function loadServiceKey(folder: DataStore, random: Random): Promise<ExpandedKey> {
  const stored = await folder.read(secretFile, { maxBytes: 96 });
  const key = stored === undefined ? expandSeed(random.bytes(32)) : parseSecretKeyFile(stored);
  if (stored === undefined) await folder.write(secretFile, formatSecretKeyFile(key));
  const publicContent = formatPublicKeyFile(key.publicKey);
  const storedPublic = await folder.read(publicFile, { maxBytes: 64 });
  if (storedPublic === undefined) await folder.write(publicFile, publicContent);
  else if (latin1(storedPublic) !== latin1(publicContent)) {
    throw new TorError('BAD_KEY_FILE', 'the public key in the folder does not belong to the secret key');
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
