import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TorError } from '../../base/errors/index.ts';
import { AddressBook } from './address-book.ts';
import { formatBook, maxBookBytes, parseBook } from './book-text.ts';

const lockWaitMs = 50;
const lockAttempts = 100;
/** A writer works for milliseconds; a lock this old was left by one that died. */
const staleLockMs = 10_000;

/** The address book on disk: read whenever it changed, written whole, by one writer at a time. */
export class BookFile {
  readonly path: string;
  #book = AddressBook.empty;
  #stamp = '';

  constructor(path: string) {
    this.path = path;
  }

  /** The newest book; an empty one when there is no file. Rejects with NAME_BOOK_INVALID, and then the file is untouched. */
  async read(): Promise<AddressBook> {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp) return this.#book;
    this.#book = stamp === '' ? AddressBook.empty : parseBook(await this.#text());
    this.#stamp = stamp;
    return this.#book;
  }

  /** The newest book, read at once when the file changed: for look-ups that cannot wait. Throws NAME_BOOK_INVALID. */
  readSync(): AddressBook {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp) return this.#book;
    this.#book = stamp === '' ? AddressBook.empty : parseBook(readFileSync(this.path, 'utf8'));
    this.#stamp = stamp;
    return this.#book;
  }

  /** Reads, changes and writes as one step among all processes. Rejects with NAME_*, STORAGE_FAILED. */
  async update(change: (book: AddressBook) => AddressBook): Promise<AddressBook> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const unlock = await this.#lock();
    try {
      const before = await this.read();
      const after = change(before);
      if (after !== before) await this.#write(after);
      return after;
    } finally {
      await unlock();
    }
  }

  async #text(): Promise<string> {
    const { size } = await stat(this.path);
    if (size > maxBookBytes) throw new TorError('NAME_BOOK_INVALID', 'the address book is too long');
    return await readFile(this.path, 'utf8');
  }

  async #write(book: AddressBook): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(formatBook(book));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, this.path);
    this.#book = book;
    this.#stamp = this.#stampNow();
  }

  async #lock(): Promise<() => Promise<void>> {
    const path = `${this.path}.lock`;
    for (let attempt = 0; attempt < lockAttempts; attempt++) {
      try {
        const handle = await open(path, 'wx', 0o600);
        await handle.close();
        return () => rm(path, { force: true });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw failed(path, error);
        await breakStaleLock(path);
        await sleep(lockWaitMs);
      }
    }
    throw new TorError('STORAGE_FAILED', `Another program holds ${path}. Remove the file when none is running.`);
  }

  #stampNow(): string {
    const info = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    return info === undefined ? '' : `${info.ino} ${info.size} ${info.mtimeNs}`;
  }
}

async function breakStaleLock(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info !== undefined && Date.now() - info.mtimeMs > staleLockMs) await rm(path, { force: true });
}

const failed = (path: string, cause: unknown): TorError =>
  new TorError('STORAGE_FAILED', `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
