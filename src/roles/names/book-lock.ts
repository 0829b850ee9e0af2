import { type BigIntStats, statSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode, TorError } from '../../base/errors/index.ts';

const pollMs = 25;
/** A writer works for milliseconds; a lock this old was left by one that died. */
const staleMs = 10_000;
/** Longer than `staleMs`, so that a crash holds nobody up for good. */
const patienceMs = 20_000;

export interface FileLock {
  /** Throws STORAGE_FAILED when another took the lock for stale: this process was asleep for long. */
  check(): void;
  release(): Promise<void>;
}

/** A lock among processes: a file that only one of them can make. Rejects with STORAGE_FAILED. */
export async function takeFileLock(path: string): Promise<FileLock> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    const stamp = await create(path);
    if (stamp !== undefined) return lockOf(path, stamp);
    await breakStale(path);
    await sleep(pollMs);
  }
  throw new TorError('STORAGE_FAILED', `Another program holds ${path}. Remove the file when none is running.`);
}

function lockOf(path: string, stamp: string): FileLock {
  const isOurs = (): boolean => {
    const info = statSync(path, { bigint: true, throwIfNoEntry: false });
    return info !== undefined && stampOf(info) === stamp;
  };
  return {
    check() {
      if (!isOurs()) throw new TorError('STORAGE_FAILED', `${path} was taken away by another program; try again.`);
    },
    async release() {
      if (isOurs()) await rm(path, { force: true });
    },
  };
}

/** Inodes are given out again; with the time they are not. */
const stampOf = ({ ino, mtimeNs }: BigIntStats): string => `${ino} ${mtimeNs}`;

/** What marks the new file; undefined when there is one already. */
async function create(path: string): Promise<string | undefined> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      return stampOf(await handle.stat({ bigint: true }));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new TorError('STORAGE_FAILED', `cannot make ${path}: ${why}`, { cause: error });
  }
}

/** Moves it away first: of several that find it stale only one moves it, and a fresh one moved by mistake fails its check. */
async function breakStale(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || Date.now() - info.mtimeMs <= staleMs) return;
  const aside = `${path}.${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}
