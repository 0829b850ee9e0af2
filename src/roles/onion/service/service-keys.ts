import { base16 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { type ExpandedKey, expandedKeyFrom, expandSeed } from '../../../crypto/primitives/index.ts';
import { type DataStore, formatTaggedFile, parseTaggedFile } from '../../../network/storage/index.ts';
import { onionHostname } from '../common/address.ts';
import { parseAuthorizedClient } from '../common/client-auth.ts';

const secretFile = 'hs_ed25519_secret_key';
const publicFile = 'hs_ed25519_public_key';
const hostnameFile = 'hostname';
export const clientsFolder = 'authorized_clients';
const maxClientFileBytes = 1024;
const maxKeyFileBytes = 4096;

/** The content of `hs_ed25519_secret_key`. Throws BAD_KEY_FILE. */
export const parseSecretKeyFile = (content: Uint8Array): ExpandedKey =>
  expandedKeyFrom(parseTaggedFile(content, 'ed25519v1-secret', 'type0', 64));

export const formatSecretKeyFile = (key: ExpandedKey): Uint8Array =>
  formatTaggedFile('ed25519v1-secret', 'type0', key.expanded);
export const formatPublicKeyFile = (publicKey: Uint8Array): Uint8Array =>
  formatTaggedFile('ed25519v1-public', 'type0', publicKey);

/**
 * Reads the service's key from its folder, or makes one; writes what is missing. Files and modes are C tor's. A secret
 * key that is lost or broken is never replaced: the address would be another. Throws BAD_KEY_FILE.
 */
export async function loadServiceKey(
  folder: DataStore,
  random: Random,
  notice: (message: string) => void = () => undefined,
): Promise<ExpandedKey> {
  const stored = await folder.read(secretFile, { maxBytes: maxKeyFileBytes });
  const storedPublic = publicKeyIn(await folder.read(publicFile, { maxBytes: maxKeyFileBytes }));
  if (stored === undefined && storedPublic !== undefined) {
    throw new TorError('BAD_KEY_FILE', `There is ${publicFile}, but no ${secretFile} that belongs to it.`);
  }
  const key = stored === undefined ? expandSeed(random.bytes(32)) : readSecretKey(stored);
  if (stored === undefined) await folder.write(secretFile, formatSecretKeyFile(key));
  if (storedPublic === undefined) {
    if (stored !== undefined) notice(`Found secret key but not ${publicFile}. Regenerating.`);
    await folder.write(publicFile, formatPublicKeyFile(key.publicKey));
  } else if (base16(storedPublic) !== base16(key.publicKey)) {
    throw new TorError('BAD_KEY_FILE', `${publicFile} does not match ${secretFile}: two services are mixed up.`);
  }
  const hostname = `${onionHostname(key.publicKey)}\n`;
  if ((await folder.readText(hostnameFile, { maxBytes: 1024 })) !== hostname)
    await folder.write(hostnameFile, hostname);
  return key;
}

function readSecretKey(content: Uint8Array): ExpandedKey {
  try {
    return parseSecretKeyFile(content);
  } catch (cause) {
    throw new TorError('BAD_KEY_FILE', `${secretFile} is broken: it is no secret key of an onion service.`, { cause });
  }
}

/** Undefined: there is none, or a broken one, which is as good as none. */
function publicKeyIn(content: Uint8Array | undefined): Uint8Array | undefined {
  try {
    return content === undefined ? undefined : parseTaggedFile(content, 'ed25519v1-public', 'type0', 32);
  } catch {
    return undefined;
  }
}

/**
 * Public keys of `authorized_clients/*.auth`. A file that cannot be read is told to `warn` and skipped; when there were
 * files but none could be read the service must not open to everyone, so that throws ONION_AUTH_FILE_INVALID, where
 * C tor lets everyone in.
 */
export async function loadAuthorizedClients(
  folder: DataStore,
  warn: (message: string) => void,
): Promise<readonly Uint8Array[]> {
  const names = (await folder.list(clientsFolder)).filter((name) => {
    if (name.endsWith('.auth') && name !== '.auth') return true;
    warn(`Client authorization unrecognized filename ${name}. File must end in .auth. Ignoring.`);
    return false;
  });
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
