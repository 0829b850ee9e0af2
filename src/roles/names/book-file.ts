import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { AddressBook } from './address-book.ts';
import { takeFileLock } from './book-lock.ts';
import { formatBook, maxBookBytes, parseBook } from './book-text.ts';

/** The address book on disk: read whenever it changed, written whole, by one writer at a time. */
export class BookFile {
  readonly path: string;
  #book = AddressBook.empty;
  #stamp = '';
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The newest book; an empty one when there is no file. Rejects with NAME_BOOK_INVALID, STORAGE_FAILED, and then the file
   * is untouched.
   */
  async read(): Promise<AddressBook> {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp) return this.#book;
    const text = stamp === '' ? undefined : await readFile(this.path, 'utf8').catch((error) => this.#unreadable(error));
    return this.#take(stamp, text);
  }

  /** The newest book, read at once when the file changed: for look-ups that cannot wait. Throws as `read` rejects. */
  readSync(): AddressBook {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp) return this.#book;
    return this.#take(stamp, stamp === '' ? undefined : this.#textSync());
  }

  /** Reads, changes and writes as one step among all processes. Rejects with NAME_*, STORAGE_FAILED. */
  update(change: (book: AddressBook) => AddressBook): Promise<AddressBook> {
    const turn = this.#last.then(() => this.#update(change));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #update(change: (book: AddressBook) => AddressBook): Promise<AddressBook> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 }).catch((error) => this.#unwritable(error));
    // A link to a book elsewhere stays a link.
    const path = await realpath(this.path).catch(() => this.path);
    const lock = await takeFileLock(`${path}.lock`);
    try {
      const before = await this.read();
      const after = change(before);
      if (after !== before) await this.#write(after, path, () => lock.check());
      return after;
    } finally {
      await lock.release();
    }
  }

  #take(stamp: string, text: string | undefined): AddressBook {
    this.#book = text === undefined ? AddressBook.empty : parseBook(text);
    this.#stamp = stamp;
    return this.#book;
  }

  #textSync(): string {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  async #write(book: AddressBook, path: string, stillOurs: () => void): Promise<void> {
    const text = formatBook(book);
    // A book that could not be read again would be lost.
    if (Buffer.byteLength(text) > maxBookBytes) throw new TorError('NAME_BOOK_FULL');
    const temporary = `${path}.tmp`;
    try {
      // What a writer that died left there; one that still lives keeps a file without a name.
      await rm(temporary, { force: true });
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      stillOurs();
      await rename(temporary, path);
    } catch (error) {
      this.#unwritable(error);
    }
    this.#book = book;
    this.#stamp = this.#stampNow();
  }

  /** Changes with the file. Empty: there is none. */
  #stampNow(): string {
    const info = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (info === undefined) return '';
    if (!info.isFile()) throw new TorError('STORAGE_FAILED', `cannot read ${this.path}: it is no file`);
    if (info.size > maxBookBytes) throw new TorError('NAME_BOOK_INVALID', 'the address book is too long');
    return `${info.ino} ${info.size} ${info.mtimeNs}`;
  }

  #unreadable(error: unknown): never {
    throw storageFailed(`cannot read ${this.path}`, error);
  }

  #unwritable(error: unknown): never {
    throw storageFailed(`cannot write ${this.path}`, error);
  }
}

function storageFailed(what: string, cause: unknown): TorError {
  if (TorError.is(cause)) return cause;
  return new TorError('STORAGE_FAILED', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
