import { base16Upper } from '../../base/bytes/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { parseServerDescriptors, type ServerDescriptor } from '../../wire/netdoc/index.ts';
import { type DataStore, formatIsoTime } from '../storage/index.ts';
import { DocumentFiles } from './document-files.ts';

export interface DescriptorStoreDeps {
  readonly clock: Clock;
  readonly store: DataStore;
  readonly logger?: Logger | undefined;
}

/** A server descriptor without what only a path needs: a cache keeps ten thousand of them. */
export interface KeptDescriptor {
  /** Latin-1. */
  readonly text: string;
  readonly digest: Uint8Array;
  readonly rsaId: Uint8Array;
  readonly publishedMs: number;
  /** Kept whole when paths are chosen from server descriptors. */
  readonly whole: ServerDescriptor | undefined;
}

/** C tor: OLD_ROUTER_DESC_MAX_AGE. */
const maxAgeMs = 5 * 86_400_000;

/** Server descriptors by digest and by relay, in memory and in C tor's cache file and journal. spec: dir-spec 5.2 */
export class DescriptorStore {
  readonly #deps: DescriptorStoreDeps;
  readonly #keepWhole: boolean;
  readonly #byDigest = new Map<string, KeptDescriptor>();
  /** The newest of each relay. */
  readonly #byRelay = new Map<string, KeptDescriptor>();
  readonly #files: DocumentFiles;

  constructor(deps: DescriptorStoreDeps, options: { readonly keepWhole: boolean }) {
    this.#deps = deps;
    this.#keepWhole = options.keepWhole;
    this.#files = new DocumentFiles(deps, { file: 'cached-descriptors', what: 'server descriptors' });
  }

  get size(): number {
    return this.#byDigest.size;
  }

  has(key: string): boolean {
    return this.#byDigest.has(key);
  }

  /** By SHA-1 of the descriptor, 20 bytes. */
  get(digest: Uint8Array): KeptDescriptor | undefined {
    return this.#byDigest.get(base16Upper(digest));
  }

  /** The newest of a relay, by its RSA identity, 20 bytes. */
  ofRelay(rsaId: Uint8Array): KeptDescriptor | undefined {
    return this.#byRelay.get(base16Upper(rsaId));
  }

  /** The newest of each relay. */
  newest(): IterableIterator<KeptDescriptor> {
    return this.#byRelay.values();
  }

  /** Reads both files; what cannot be read in them, or is too old, is left out. */
  async load(): Promise<void> {
    await this.#files.load((content) => {
      const { documents, refused } = parseServerDescriptors(content, { annotations: true });
      for (const descriptor of documents) this.#insert(descriptor);
      return refused.length;
    });
    await this.rebuildIfWorthwhile();
  }

  #insert(descriptor: ServerDescriptor): boolean {
    const { text, digest, rsaId, publishedMs } = descriptor;
    const key = base16Upper(digest);
    if (this.#byDigest.has(key) || publishedMs < this.#deps.clock.now() - maxAgeMs) {
      this.#files.noteDropped(text.length);
      return false;
    }
    const kept = { text, digest, rsaId, publishedMs, whole: this.#keepWhole ? descriptor : undefined };
    this.#byDigest.set(key, kept);
    const relay = base16Upper(rsaId);
    if ((this.#byRelay.get(relay)?.publishedMs ?? -1) < publishedMs) this.#byRelay.set(relay, kept);
    return true;
  }

  /** An answer of a directory; only what was asked for (digests, upper-case hex) is taken. */
  async addDownloaded(
    body: Uint8Array,
    asked: readonly string[],
    source: string,
  ): Promise<{ readonly added: number; readonly missing: readonly string[]; readonly unreadable: readonly string[] }> {
    const { documents, refused } = parseServerDescriptors(body);
    const wanted = new Set(asked);
    const added = documents.filter(
      (descriptor) => wanted.delete(base16Upper(descriptor.digest)) && this.#insert(descriptor),
    );
    const unreadable: string[] = [];
    for (const { digest } of refused) {
      const key = digest === undefined ? undefined : base16Upper(digest);
      if (key !== undefined && wanted.delete(key)) unreadable.push(key);
    }
    if (added.length > 0) await this.#journal(added, source);
    return { added: added.length, missing: [...wanted], unreadable };
  }

  #journal(added: readonly ServerDescriptor[], source: string): Promise<void> {
    const downloaded = formatIsoTime(this.#deps.clock.now() / 1000);
    const annotation = `@downloaded-at ${downloaded}\n@source "${source.replace(/[^\w.:[\]-]/g, '')}"\n`;
    return this.#files.append(added.map((descriptor) => annotation + descriptor.text).join(''));
  }

  /** Drops what is older than five days and no newest consensus names. */
  removeOld(keep: (key: string) => boolean): void {
    const cutoffMs = this.#deps.clock.now() - maxAgeMs;
    for (const [key, kept] of this.#byDigest) {
      if (kept.publishedMs >= cutoffMs || keep(key)) continue;
      this.#byDigest.delete(key);
      const relay = base16Upper(kept.rsaId);
      if (this.#byRelay.get(relay) === kept) this.#byRelay.delete(relay);
      this.#files.noteDropped(kept.text.length);
    }
  }

  /** Merges the journal into the cache under C tor's conditions. */
  rebuildIfWorthwhile(): Promise<void> {
    return this.#files.rebuildIfWorthwhile(() => [...this.#byDigest.values()].map((kept) => kept.text).join(''));
  }

  flushed(): Promise<void> {
    return this.#files.flushed();
  }
}
