import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base16 } from '../../../base/bytes/index.ts';
import {
  type ClientCredential,
  formatClientCredential,
  onionLabel,
  parseClientCredential,
} from '../../../roles/onion/index.ts';

const suffix = '.auth_private';

/** Writes `<address>.auth_private`, as C tor names it. False when it cannot be written. */
export async function keepCredential(folder: string, { identityKey, secretKey }: ClientCredential): Promise<boolean> {
  const label = onionLabel(identityKey);
  const path = join(folder, `${label}${suffix}`);
  try {
    await writeFile(`${path}.tmp`, formatClientCredential(label, secretKey), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
    return true;
  } catch {
    return false;
  }
}

/** Removes every file that has a key for the service, whatever its name. */
export async function dropCredential(folder: string, identityKey: Uint8Array): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(suffix))) {
    const path = join(folder, name);
    try {
      const credential = parseClientCredential(await readFile(path, 'latin1'));
      if (base16(credential.identityKey) === base16(identityKey)) await rm(path, { force: true });
    } catch {
      // Not a key, so not this one.
    }
  }
}
