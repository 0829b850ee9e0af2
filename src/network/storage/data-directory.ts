import { chmod, copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { utf8 } from '../../base/bytes/index.ts';
import { systemErrorCode, TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import { LockFile } from './lock.ts';
import type { DataStore } from './types.ts';

export interface DataDirectoryOptions {
  readonly path: string;
  /** CacheDirectory: where `cached-*`, `unverified-*` and `diff-cache/` are, when not in `path`. */
  readonly cachePath?: string;
  /** KeyDirectory: where `keys/` is, when not in `path`. */
  readonly keyPath?: string;
  /** DataDirectoryGroupReadable: mode 0750 in place of 0700. */
  readonly groupReadable?: boolean;
  /** Default true. False for folders that C tor does not lock either: an onion service's. */
  readonly lock?: boolean;
}

const defaultMaxBytes = 256 * 1024 * 1024;
const temporarySuffix = '.tmp';

/** A data directory on disk, in C tor's layout, locked against other processes. */
export class DataDirectory implements DataStore {
  readonly path: string;
  readonly #options: DataDirectoryOptions;
  readonly #logger: Logger | undefined;
  readonly #lock: LockFile | undefined;
  /** One chain of work for each file, so that two writes of one file never cross. */
  readonly #chains = new Map<string, Promise<unknown>>();
  readonly #appended = new Set<string>();

  private constructor(
    deps: { readonly logger?: Logger | undefined },
    options: DataDirectoryOptions,
    lock: LockFile | undefined,
  ) {
    this.path = options.path;
    this.#options = options;
    this.#logger = deps.logger;
    this.#lock = lock;
  }

  /** Makes the directory when it is not there. Throws DATA_DIRECTORY_LOCKED, STORAGE_FAILED. */
  static async open(
    deps: { readonly logger?: Logger | undefined },
    options: DataDirectoryOptions,
  ): Promise<DataDirectory> {
    const mode = options.groupReadable === true ? 0o750 : 0o700;
    try {
      for (const path of new Set([options.path, options.cachePath ?? options.path, options.keyPath ?? options.path])) {
        await ensurePrivate(path, mode, deps.logger);
      }
      const lock =
        options.lock === false
          ? undefined
          : await LockFile.acquire(join(options.path, 'lock'), (why) => deps.logger?.warn('fs', why));
      return new DataDirectory(deps, options, lock);
    } catch (error) {
      throw TorError.is(error) ? error : failed('open', options.path, error);
    }
  }

  /** Waits for writes under way and gives the lock back. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#chains.values()]);
    await this.#lock?.release();
  }

  /** The file's place on disk. */
  resolve(name: string): string {
    if (name.startsWith('/') || name.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      throw new TorError('INTERNAL', `not a name inside the data directory: ${name}`);
    }
    const { cachePath, keyPath, path } = this.#options;
    if (keyPath !== undefined && name.startsWith('keys/')) return join(keyPath, name.slice('keys/'.length));
    if (cachePath !== undefined && /^(cached-|unverified-|diff-cache(\/|$))/.test(name)) return join(cachePath, name);
    return join(path, name);
  }

  async read(name: string, options: { readonly maxBytes?: number } = {}): Promise<Uint8Array | undefined> {
    return this.#queue(name, async (path) => {
      const maxBytes = options.maxBytes ?? defaultMaxBytes;
      const size = await sizeOf(path);
      if (size === undefined) return undefined;
      if (size > maxBytes) throw new TorError('STORAGE_FAILED', `${name} is too long`, { facts: { size, maxBytes } });
      const content = await readFile(path);
      return new Uint8Array(content.buffer, content.byteOffset, content.length);
    });
  }

  async readText(name: string, options: { readonly maxBytes?: number } = {}): Promise<string | undefined> {
    const content = await this.read(name, options);
    return content === undefined ? undefined : utf8(content);
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    await this.#queue(name, async (path) => {
      await this.#ensureParent(path);
      const temporary = path + temporarySuffix;
      const handle = await open(temporary, 'w', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
      await syncFolder(dirname(path));
    });
  }

  async append(name: string, content: Uint8Array | string): Promise<void> {
    await this.#queue(name, async (path) => {
      await this.#ensureParent(path);
      const handle = await open(path, 'a+', 0o600);
      try {
        // A kill may have cut the last record: what comes now must not become part of it.
        if (!this.#appended.has(name)) {
          const { size } = await handle.stat();
          if (size > 0) {
            const last = await handle.read(new Uint8Array(1), 0, 1, size - 1);
            if (last.buffer[0] !== 0x0a) await handle.appendFile('\n');
          }
          this.#appended.add(name);
        }
        await handle.appendFile(content);
      } finally {
        await handle.close();
      }
    });
  }

  async remove(name: string): Promise<void> {
    await this.#queue(name, (path) => rm(path, { force: true }));
  }

  async rename(from: string, to: string): Promise<void> {
    const target = this.resolve(to);
    await this.#queue(from, async (path) => {
      await this.#ensureParent(target);
      await rename(path, target);
    });
  }

  async list(folder: string): Promise<string[]> {
    return this.#queue(folder, async (path) => {
      try {
        return (await readdir(path)).filter((name) => !name.endsWith(temporarySuffix)).sort();
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    });
  }

  async setAside(name: string, why: string, options: { readonly copy?: boolean } = {}): Promise<void> {
    const copy = options.copy === true;
    await this.#queue(name, async (path) => {
      const aside = await freeAsideName(path);
      if (aside === undefined) {
        if (!copy) await rm(path, { recursive: true, force: true });
        this.#logger?.warn('fs', `Unable to use "${path}": ${why}. Too many files are set aside already; dropped it.`);
        return;
      }
      if (copy) await copyFile(path, aside);
      else await rename(path, aside);
      this.#logger?.warn('fs', `Unable to use "${path}": ${why}. It is kept as "${aside}".`);
    });
  }

  async #ensureParent(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  }

  #queue<T>(name: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.resolve(name);
    const before = this.#chains.get(path) ?? Promise.resolve();
    const run = before.then(
      () => work(path),
      () => work(path),
    );
    const settled = run.catch((error: unknown) => {
      throw TorError.is(error) ? error : failed('use', path, error);
    });
    this.#chains.set(path, settled);
    const forget = (): void => {
      if (this.#chains.get(path) === settled) this.#chains.delete(path);
    };
    settled.then(forget, forget);
    return settled;
  }
}

/** False when it was there. Node's own `recursive` never ends where nothing can be made, as in /proc. */
async function makeFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT' || (await sizeOf(dirname(path))) !== undefined) throw error;
    await makeFolder(dirname(path), mode);
    await mkdir(path, { mode });
    return true;
  }
}

async function ensurePrivate(path: string, mode: number, logger: Logger | undefined): Promise<void> {
  const made = await makeFolder(path, mode);
  // A strict umask must not close a folder to the group that it is made for.
  if (made && mode !== 0o700) await chmod(path, mode);
  const info = await stat(path);
  if (!info.isDirectory()) throw new TorError('STORAGE_FAILED', `${path} is not a directory`);
  const uid = process.getuid?.();
  if (uid !== undefined && info.uid !== uid && info.uid !== 0) {
    throw new TorError('STORAGE_FAILED', `${path} is owned by user ${info.uid}, not by this user (${uid})`, {
      facts: { uid, owner: info.uid },
    });
  }
  if ((info.mode & 0o777 & ~mode) !== 0) {
    logger?.warn('fs', `Fixing permissions on directory ${path}`);
    await chmod(path, mode);
  }
}

async function freeAsideName(path: string): Promise<string | undefined> {
  for (let i = 0; i < 100; i++) if ((await sizeOf(`${path}.${i}`)) === undefined) return `${path}.${i}`;
  return undefined;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Makes a rename survive a power cut; not every file system lets a folder be synced. */
async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The content is synced; the rename will follow with the file system's own rhythm.
  }
}

const isMissing = (error: unknown): boolean => systemErrorCode(error) === 'ENOENT';

function failed(what: string, path: string, cause: unknown): TorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TorError('STORAGE_FAILED', `cannot ${what} ${path}: ${why}`, { facts: { path }, cause });
}
