import { readdir } from 'node:fs/promises';
import { base16 } from '../../../base/bytes/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import { DataDirectory } from '../../../network/storage/index.ts';
import {
  type ClientCredential,
  formatClientCredential,
  onionLabel,
  parseClientCredential,
} from '../../../roles/onion/index.ts';

const suffix = '.auth_private';

const openFolder = (path: string, logger: Logger): Promise<DataDirectory> =>
  DataDirectory.open({ logger }, { path, lock: false });

/** Writes `<address>.auth_private`, as C tor names it, into ClientOnionAuthDir. Rejects with STORAGE_FAILED. */
export async function keepCredential(
  path: string,
  { identityKey, secretKey }: ClientCredential,
  log: Logger,
): Promise<void> {
  const label = onionLabel(identityKey);
  const folder = await openFolder(path, log);
  await folder.write(`${label}${suffix}`, formatClientCredential(label, secretKey));
}

/** Removes every file that has a key for the service, whatever its name. Rejects when the folder or a key in it cannot be read. */
export async function dropCredential(path: string, identityKey: Uint8Array, log: Logger): Promise<void> {
  const folder = await openFolder(path, log);
  for (const name of await readdir(path)) {
    if (name.endsWith(suffix) && (await holdsKeyOf(folder, name, identityKey))) await folder.remove(name);
  }
}

async function holdsKeyOf(folder: DataDirectory, name: string, identityKey: Uint8Array): Promise<boolean> {
  const text = await folder.readText(name);
  try {
    return text !== undefined && base16(parseClientCredential(text).identityKey) === base16(identityKey);
  } catch {
    // No key, so not this one.
    return false;
  }
}
