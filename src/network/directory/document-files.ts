import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { DataStore } from '../storage/index.ts';

const maxFileBytes = 256 * 1024 * 1024;
const minJournalBytes = 16_384;

/**
 * C tor's two files for many small documents: a cache, and a journal that is merged into it when it has grown.
 * spec: dir-spec 5.2; C tor microdesc.c, routerlist.c
 */
export class DocumentFiles {
  readonly #deps: { readonly store: DataStore; readonly logger?: Logger | undefined };
  readonly #options: { readonly file: string; readonly what: string };
  #cacheBytes = 0;
  #journalBytes = 0;
  #droppedBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  /** `what` names the documents in the log, in the plural. */
  constructor(
    deps: { readonly store: DataStore; readonly logger?: Logger | undefined },
    options: { readonly file: string; readonly what: string },
  ) {
    this.#deps = deps;
    this.#options = options;
  }

  get #journal(): string {
    return `${this.#options.file}.new`;
  }

  /** Gives each file's content to `read`, which answers how many documents in it cannot be read. */
  async load(read: (content: Uint8Array) => number): Promise<void> {
    this.#cacheBytes = await this.#loadFile(this.#options.file, read);
    this.#journalBytes = await this.#loadFile(this.#journal, read);
  }

  async #loadFile(name: string, read: (content: Uint8Array) => number): Promise<number> {
    const { store, logger } = this.#deps;
    let content: Uint8Array | undefined;
    try {
      content = await store.read(name, { maxBytes: maxFileBytes });
    } catch (error) {
      await store.setAside(name, TorError.from(error).message);
    }
    if (content === undefined) return 0;
    const refused = read(content);
    if (refused > 0) {
      logger?.warn('dir', `${refused} ${this.#options.what} in ${name} cannot be read; they are left out.`);
      this.#droppedBytes += Math.ceil(content.length / 2);
    }
    return content.length;
  }

  /** So much in the files is of no use any more. */
  noteDropped(bytes: number): void {
    this.#droppedBytes += bytes;
  }

  /** Adds Latin-1 text to the journal. */
  append(text: string): Promise<void> {
    return this.#serially(async () => {
      await this.#deps.store.append(this.#journal, Buffer.from(text, 'latin1'));
      this.#journalBytes += text.length;
    });
  }

  /** Merges the journal into the cache when that saves a third, or the journal has half the cache's size. */
  async rebuildIfWorthwhile(all: () => string): Promise<void> {
    if (this.#journalBytes < minJournalBytes) return;
    const saves = this.#droppedBytes > (this.#journalBytes + this.#cacheBytes) / 3;
    if (saves || this.#journalBytes > this.#cacheBytes / 2) await this.rebuild(all());
  }

  /** The new cache stands before the journal goes: a crash between leaves duplicates, which are dropped on reading. */
  rebuild(all: string): Promise<void> {
    const { store } = this.#deps;
    return this.#serially(async () => {
      await store.write(this.#options.file, Buffer.from(all, 'latin1'));
      await store.remove(this.#journal);
      this.#cacheBytes = all.length;
      this.#journalBytes = 0;
      this.#droppedBytes = 0;
    });
  }

  /** Resolves when everything is on disk. */
  flushed(): Promise<void> {
    return this.#writing;
  }

  /** One write after the other; a failure is told and forgotten, since everything is in memory as well. */
  #serially(write: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#deps.logger?.warn('dir', `Couldn't write ${this.#options.what}: ${TorError.from(error).message}`);
    });
    return this.#writing;
  }
}
