import { base64Unpadded } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { type Microdescriptor, parseMicrodescriptors } from '../../wire/netdoc/index.ts';
import { type DataStore, formatIsoTime } from '../storage/index.ts';

export interface MicrodescStoreDeps {
  readonly clock: Clock;
  readonly store: DataStore;
  readonly logger?: Logger | undefined;
}

interface Entry {
  readonly microdesc: Microdescriptor;
  /** When a consensus last named it; 0 when nobody knows. */
  lastListedMs: number;
}

export interface AddedMicrodescs {
  readonly added: readonly Microdescriptor[];
  /** Asked for and not in the answer. */
  readonly missing: readonly string[];
  /** Asked for, and what came cannot be read: no directory will have a better one. */
  readonly unreadable: readonly string[];
}

const cacheFile = 'cached-microdescs';
const journalFile = 'cached-microdescs.new';
const maxFileBytes = 256 * 1024 * 1024;
const minJournalBytes = 16_384;
const keepUnlistedMs = 7 * 86_400_000;

/**
 * Microdescriptors by digest, in memory and in C tor's two files: a cache and a journal that is merged into it when it
 * has grown. spec: dir-spec 5.2; C tor microdesc.c
 */
export class MicrodescStore {
  readonly #deps: MicrodescStoreDeps;
  /** By base64 digest without padding. */
  readonly #entries = new Map<string, Entry>();
  #cacheBytes = 0;
  #journalBytes = 0;
  #droppedBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(deps: MicrodescStoreDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(digest: Uint8Array): Microdescriptor | undefined {
    return this.#entries.get(base64Unpadded(digest))?.microdesc;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Reads both files; what cannot be read in them is left out. */
  async load(): Promise<void> {
    this.#cacheBytes = await this.#loadFile(cacheFile);
    this.#journalBytes = await this.#loadFile(journalFile);
    await this.rebuildIfWorthwhile();
  }

  async #loadFile(name: string): Promise<number> {
    let content: Uint8Array | undefined;
    try {
      content = await this.#deps.store.read(name, { maxBytes: maxFileBytes });
    } catch (error) {
      await this.#deps.store.setAside(name, TorError.from(error).message);
    }
    if (content === undefined) return 0;
    const { documents, refused } = parseMicrodescriptors(content, { annotations: true });
    for (const microdesc of documents) this.#insert(microdesc, microdesc.lastListedMs ?? 0);
    if (refused.length > 0) {
      this.#deps.logger?.warn(
        'dir',
        `${refused.length} microdescriptors in ${name} cannot be read; they are left out.`,
      );
      this.#droppedBytes += Math.ceil(content.length / 2);
    }
    return content.length;
  }

  #insert(microdesc: Microdescriptor, lastListedMs: number): boolean {
    const key = base64Unpadded(microdesc.digest);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.lastListedMs = Math.max(known.lastListedMs, lastListedMs);
      this.#droppedBytes += microdesc.text.length;
      return false;
    }
    this.#entries.set(key, { microdesc, lastListedMs });
    return true;
  }

  /** An answer of a directory; only what was asked for is taken. Resolves when the journal is written. */
  async addDownloaded(body: Uint8Array, asked: readonly string[]): Promise<AddedMicrodescs> {
    const { documents, refused } = parseMicrodescriptors(body);
    const wanted = new Set(asked);
    const added: Microdescriptor[] = [];
    const nowMs = this.#deps.clock.now();
    for (const microdesc of documents) {
      if (!wanted.delete(base64Unpadded(microdesc.digest))) continue;
      if (this.#insert(microdesc, nowMs)) added.push(microdesc);
    }
    const unreadable: string[] = [];
    for (const { digest } of refused) {
      const key = digest === undefined ? undefined : base64Unpadded(digest);
      if (key !== undefined && wanted.delete(key)) unreadable.push(key);
    }
    if (added.length > 0) await this.#journal(added, nowMs);
    return { added, missing: [...wanted], unreadable };
  }

  #journal(added: readonly Microdescriptor[], nowMs: number): Promise<void> {
    const text = added.map((microdesc) => annotated(microdesc, nowMs)).join('');
    return this.#serially(async () => {
      await this.#deps.store.append(journalFile, Buffer.from(text, 'latin1'));
      this.#journalBytes += text.length;
    });
  }

  /** A consensus names these: they are not old. */
  noteListed(keys: Iterable<string>, validAfterMs: number): void {
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined && entry.lastListedMs < validAfterMs) entry.lastListedMs = validAfterMs;
    }
  }

  /** Drops what no consensus has named for a week; only to be called while a live consensus is known. */
  removeOld(keep: (key: string) => boolean): void {
    const cutoffMs = this.#deps.clock.now() - keepUnlistedMs;
    for (const [key, entry] of this.#entries) {
      if (entry.lastListedMs >= cutoffMs || keep(key)) continue;
      this.#entries.delete(key);
      this.#droppedBytes += entry.microdesc.text.length;
    }
  }

  /** Merges the journal into the cache when that saves a third, or the journal has half the cache's size. */
  async rebuildIfWorthwhile(): Promise<void> {
    if (this.#journalBytes < minJournalBytes) return;
    const saves = this.#droppedBytes > (this.#journalBytes + this.#cacheBytes) / 3;
    if (saves || this.#journalBytes > this.#cacheBytes / 2) await this.rebuild();
  }

  /** The new cache stands before the journal goes: a crash between leaves duplicates, which are dropped on reading. */
  rebuild(): Promise<void> {
    const text = [...this.#entries.values()].map((entry) => annotated(entry.microdesc, entry.lastListedMs)).join('');
    return this.#serially(async () => {
      await this.#deps.store.write(cacheFile, Buffer.from(text, 'latin1'));
      await this.#deps.store.remove(journalFile);
      this.#cacheBytes = text.length;
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
      this.#deps.logger?.warn('dir', `Couldn't write microdescriptors: ${TorError.from(error).message}`);
    });
    return this.#writing;
  }
}

function annotated(microdesc: Microdescriptor, lastListedMs: number): string {
  const annotation = lastListedMs > 0 ? `@last-listed ${formatIsoTime(lastListedMs / 1000)}\n` : '';
  return annotation + microdesc.text;
}
