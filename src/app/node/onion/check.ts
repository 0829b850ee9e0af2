import { lookup } from 'node:dns/promises';
import { lstat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { systemErrorCode, TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { TorOptions } from '../../../wire/torrc/index.ts';
import { readClientCredentials } from './client-auth.ts';
import { type OnionServiceConfig, onionServiceConfigs } from './config.ts';
import { bad, unparseable } from './service-port.ts';

/** Everything about onion services that can be known before the start, told as C tor tells it. Throws TORRC_VALUE. */
export async function checkOnions(options: TorOptions, log: Logger): Promise<void> {
  const warn = (message: string): void => log.warn('config', message);
  try {
    for (const config of onionServiceConfigs(options, warn)) {
      if (!options.get('TestingTorNetwork')) await checkFolder(config);
      await checkHosts(config);
    }
  } catch (error) {
    throw seeLogs(error, 'Failed to configure rendezvous options. See logs for details.', warn);
  }
  try {
    await readClientCredentials(options.get('ClientOnionAuthDir'), log);
  } catch (error) {
    throw seeLogs(error, 'Failed to configure client authorization for hidden services. See logs for details.', warn);
  }
}

function seeLogs(error: unknown, message: string, warn: (message: string) => void): TorError {
  const known = TorError.from(error);
  if (known.kind === 'bug') return known;
  warn(known.message);
  return bad(message, error);
}

/** A folder that is there must be this user's alone; one that is not is made later. */
async function checkFolder({ folder, groupReadable }: OnionServiceConfig): Promise<void> {
  let info: Awaited<ReturnType<typeof lstat>>;
  try {
    info = await lstat(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw bad(`Directory ${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  if (info.isSymbolicLink()) throw bad(`Directory ${folder} cannot be read: it is a symbolic link`);
  if (!info.isDirectory()) throw bad(`${folder} is not a directory`);
  const uid = process.getuid?.();
  if (uid !== undefined && info.uid !== uid) {
    throw bad(
      `${folder} is not owned by this user (${uid}) but by ${info.uid}. Perhaps you are running Tor as the wrong user?`,
    );
  }
  const unwanted = groupReadable ? 0o027 : 0o077;
  if ((info.mode & unwanted) !== 0) throw bad(`Permissions on directory ${folder} are too permissive.`);
}

async function checkHosts({ ports }: OnionServiceConfig): Promise<void> {
  for (const { target } of ports) {
    if (target.kind !== 'tcp' || isIP(target.host) !== 0) continue;
    try {
      await lookup(target.host);
    } catch (cause) {
      throw bad(unparseable, cause);
    }
  }
}
