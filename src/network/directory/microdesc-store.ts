import { base64Unpadded } from '../../base/bytes/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { type Microdescriptor, parseMicrodescriptors } from '../../wire/netdoc/index.ts';
import { type DataStore, formatIsoTime } from '../storage/index.ts';
import { DocumentFiles } from './document-files.ts';

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

const keepUnlistedMs = 7 * 86_400_000;

/** Microdescriptors by digest, in memory and in C tor's cache file and journal. spec: dir-spec 5.2; C tor microdesc.c */
export class MicrodescStore {
  readonly #deps: MicrodescStoreDeps;
  /** By base64 digest without padding. */
  readonly #entries = new Map<string, Entry>();
  readonly #files: DocumentFiles;

  constructor(deps: MicrodescStoreDeps) {
    this.#deps = deps;
    this.#files = new DocumentFiles(deps, { file: 'cached-microdescs', what: 'microdescriptors' });
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
    await this.#files.load((content) => {
      const { documents, refused } = parseMicrodescriptors(content, { annotations: true });
      for (const microdesc of documents) this.#insert(microdesc, microdesc.lastListedMs ?? 0);
      return refused.length;
    });
    await this.rebuildIfWorthwhile();
  }

  #insert(microdesc: Microdescriptor, lastListedMs: number): boolean {
    const key = base64Unpadded(microdesc.digest);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.lastListedMs = Math.max(known.lastListedMs, lastListedMs);
      this.#files.noteDropped(microdesc.text.length);
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
    if (added.length > 0) await this.#files.append(added.map((each) => annotated(each, nowMs)).join(''));
    return { added, missing: [...wanted], unreadable };
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
      this.#files.noteDropped(entry.microdesc.text.length);
    }
  }

  /** Merges the journal into the cache under C tor's conditions. */
  rebuildIfWorthwhile(): Promise<void> {
    return this.#files.rebuildIfWorthwhile(() =>
      [...this.#entries.values()].map((entry) => annotated(entry.microdesc, entry.lastListedMs)).join(''),
    );
  }

  /** Resolves when everything is on disk. */
  flushed(): Promise<void> {
    return this.#files.flushed();
  }
}

function annotated(microdesc: Microdescriptor, lastListedMs: number): string {
  const annotation = lastListedMs > 0 ? `@last-listed ${formatIsoTime(lastListedMs / 1000)}\n` : '';
  return annotation + microdesc.text;
}
