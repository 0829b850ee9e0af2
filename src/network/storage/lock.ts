import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { systemErrorCode, TorError } from '../../base/errors/index.ts';

/** O_EXLOCK of the BSDs and macOS: open and flock in one call. */
const openExclusiveLock = 0x20;
const hasOpenLock = process.platform === 'darwin' || process.platform.endsWith('bsd');

/**
 * The data directory's `lock` file, held as C tor holds it: by flock(2), so that each of the two sees the other and
 * nothing is left behind by a kill. Node has no flock; the lock belongs to the open file, not to the process that asked
 * for it, so a short-lived `flock` command given our open file takes it for us.
 */
export class LockFile {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Throws DATA_DIRECTORY_LOCKED, STORAGE_FAILED. `unsure` hears when no locking is to be had on this system. */
  static async acquire(path: string, unsure: (why: string) => void): Promise<LockFile> {
    if (hasOpenLock) return LockFile.#acquireByOpen(path);
    const handle = await open(path, 'a+', 0o600);
    const taken = await takeByCommand(handle.fd);
    if (taken === 'taken') return new LockFile(handle);
    if (taken === 'unavailable') {
      const holder = await holderByProc(handle);
      if (holder === undefined) {
        unsure('no flock command: two processes in one data directory are not kept apart');
        return new LockFile(handle);
      }
    }
    await handle.close();
    throw locked(path);
  }

  static async #acquireByOpen(path: string): Promise<LockFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | openExclusiveLock;
    try {
      return new LockFile(await open(path, flags, 0o600));
    } catch (error) {
      if (systemErrorCode(error) === 'EAGAIN') throw locked(path);
      throw error;
    }
  }

  async release(): Promise<void> {
    await this.#handle.close();
  }
}

const locked = (path: string): TorError => new TorError('DATA_DIRECTORY_LOCKED', undefined, { facts: { path } });

function takeByCommand(fd: number): Promise<'taken' | 'held' | 'unavailable'> {
  return new Promise((resolve) => {
    const child = spawn('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.once('error', () => resolve('unavailable'));
    child.once('exit', (code) => resolve(code === 0 ? 'taken' : code === 1 ? 'held' : 'unavailable'));
  });
}

/** Without the command: at least see (on Linux) a lock that another process holds on the same file. */
async function holderByProc(handle: FileHandle): Promise<string | undefined> {
  try {
    const { ino } = await handle.stat();
    const line = (await readFile('/proc/locks', 'latin1')).split('\n').find((each) => each.includes(`:${ino} `));
    return line?.trim().split(/\s+/)[4];
  } catch {
    return undefined;
  }
}
