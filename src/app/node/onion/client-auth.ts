import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import { type ClientCredential, parseClientCredential } from '../../../roles/onion/index.ts';

const suffix = '.auth_private';
const maxBytes = 4096;

/** The keys in `ClientOnionAuthDir`. A file that cannot be read is warned about and passed over, as in C tor. */
export async function readClientCredentials(folder: string | undefined, log: Logger): Promise<ClientCredential[]> {
  if (folder === undefined) return [];
  const credentials: ClientCredential[] = [];
  for (const name of await names(folder, log)) {
    try {
      const text = await readFile(join(folder, name), 'latin1');
      if (text.length > maxBytes) throw new TorError('ONION_AUTH_FILE_INVALID', 'the file is too long');
      credentials.push(parseClientCredential(text));
    } catch (error) {
      log.warn('rend', `Client authorization file ${name} cannot be used: ${TorError.from(error).message}`);
    }
  }
  return credentials;
}

async function names(folder: string, log: Logger): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(suffix)).sort();
  } catch {
    log.warn('rend', `Cannot read the client authorization folder ${folder}.`);
    return [];
  }
}
