import { execFileSync } from 'node:child_process';
import { TorError } from '../../../base/errors/index.ts';

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * `User`: gives up root for this account. Ports below 1024 can then not be opened, since Node.js opens them afterwards.
 * Throws COMMAND_USAGE.
 */
export function switchUser(name: string | undefined): void {
  if (name === undefined) return;
  const account = lookUp(name);
  if (process.getuid?.() === account.uid) return;
  try {
    setGroups(name, account.gid);
    process.setgid?.(account.gid);
    process.setuid?.(account.uid);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `Error switching to user "${name}": ${why}. If you set the "User" option, you must start Tor as root.`;
    throw new TorError('COMMAND_USAGE', message, { cause });
  }
}

function setGroups(name: string, gid: number): void {
  // The types of Node.js leave this function out.
  const { initgroups } = process as NodeJS.Process & { initgroups?: (user: string, gid: number) => void };
  initgroups?.(name, gid);
}

export function userExists(name: string): boolean {
  try {
    lookUp(name);
    return true;
  } catch {
    return false;
  }
}

function lookUp(name: string): Account {
  const number = (flag: string): number => {
    const text = execFileSync('id', [flag, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return Number.parseInt(text, 10);
  };
  try {
    return { uid: number('-u'), gid: number('-g') };
  } catch (cause) {
    throw new TorError('COMMAND_USAGE', `Couldn't look up user "${name}". Is the User option right?`, { cause });
  }
}
