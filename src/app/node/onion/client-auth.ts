import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { base16 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import { type ClientCredential, onionHostname, parseClientCredential } from '../../../roles/onion/index.ts';
import { bad } from './service-port.ts';

const suffix = '.auth_private';
const maxBytes = 4096;

/**
 * The keys in `ClientOnionAuthDir`. A file that cannot be used is warned about and passed over, as in C tor. Rejects with
 * TORRC_VALUE when there is no such folder, or two keys for one service.
 */
export async function readClientCredentials(folder: string | undefined, log: Logger): Promise<ClientCredential[]> {
  if (folder === undefined) return [];
  const credentials = new Map<string, ClientCredential>();
  for (const name of await names(folder, log)) {
    if (!name.endsWith(suffix) || name === suffix) {
      log.notice('rend', `Client authorization unrecognized filename ${name}. File must end in ${suffix}. Ignoring.`);
      continue;
    }
    const credential = await readCredential(join(folder, name), log);
    if (credential === undefined) continue;
    const key = base16(credential.identityKey);
    if (credentials.has(key)) {
      const address = onionHostname(credential.identityKey);
      throw bad(`Duplicate authorization for the same hidden service address ${address}.`);
    }
    credentials.set(key, credential);
  }
  return [...credentials.values()];
}

async function readCredential(path: string, log: Logger): Promise<ClientCredential | undefined> {
  try {
    const text = await readFile(path, 'latin1');
    if (text.length > maxBytes) throw new TorError('ONION_AUTH_FILE_INVALID', 'the file is too long');
    return { ...parseClientCredential(text), permanent: true };
  } catch (error) {
    log.warn('rend', `Client authorization file ${path} cannot be used: ${TorError.from(error).message}`);
    return undefined;
  }
}

async function names(folder: string, log: Logger): Promise<string[]> {
  let mode: number;
  try {
    const info = await stat(folder);
    if (!info.isDirectory()) throw bad(`${folder} is not a directory`);
    mode = info.mode;
  } catch (cause) {
    throw TorError.is(cause) ? cause : bad(`Directory ${folder} does not exist.`, cause);
  }
  if ((mode & 0o077) !== 0) {
    log.warn('fs', `Fixing permissions on directory ${folder}`);
    await chmod(folder, mode & 0o700).catch(() => undefined);
  }
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw bad(`Client authorization key directory ${folder} can't be listed.`, cause);
  }
}
