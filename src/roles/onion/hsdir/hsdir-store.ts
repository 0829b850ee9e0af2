import { base16 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock } from '../../../base/runtime/index.ts';
import { parseOnionDescriptor } from '../../../wire/netdoc/index.ts';

interface Entry {
  readonly text: string;
  readonly revisionCounter: bigint;
  readonly expiresMs: number;
  downloads: number;
}

export interface HsDirStoreOptions {
  /** HSV3MaxDescriptorSize of the consensus, bytes. */
  readonly maxDescriptorBytes: () => number;
  /** MaxHSDirCacheBytes. */
  readonly maxBytes: number;
}

const minLifetimeSec = 30 * 60;
const maxLifetimeSec = 12 * 60 * 60;

/**
 * The descriptors that this relay keeps for the hash ring, by blinded key. A newer revision replaces an older one; when
 * there are too many bytes the least downloaded go first, as C tor 0.4.9 does. spec: rend-spec-v3 2.2.6
 */
export class HsDirStore {
  readonly #clock: Clock;
  readonly #options: HsDirStoreOptions;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(deps: { readonly clock: Clock }, options: HsDirStoreOptions) {
    this.#clock = deps.clock;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws NETDOC_*, BAD_SIGNATURE and the like, HSDIR_OLD_REVISION, HSDIR_TOO_LARGE. */
  put(text: string): void {
    if (text.length > this.#options.maxDescriptorBytes()) throw new TorError('HSDIR_TOO_LARGE');
    const nowMs = this.#clock.now();
    const outer = parseOnionDescriptor(text, { nowMs });
    const key = base16(outer.blindedKey);
    const old = this.#entries.get(key);
    if (old !== undefined && old.expiresMs > nowMs && old.revisionCounter >= outer.revisionCounter) {
      throw new TorError('HSDIR_OLD_REVISION');
    }
    const lifetimeSec = Math.min(maxLifetimeSec, Math.max(minLifetimeSec, outer.lifetimeSec));
    this.#remove(key);
    this.#makeRoom(text.length, nowMs);
    this.#entries.set(key, {
      text,
      revisionCounter: outer.revisionCounter,
      expiresMs: nowMs + lifetimeSec * 1000,
      downloads: 0,
    });
    this.#bytes += text.length;
  }

  /** By blinded key, 32 bytes. */
  get(blindedKey: Uint8Array): string | undefined {
    const key = base16(blindedKey);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresMs <= this.#clock.now()) {
      this.#remove(key);
      return undefined;
    }
    entry.downloads++;
    return entry.text;
  }

  /** Forgets what ran out; called now and then. */
  expire(): void {
    const nowMs = this.#clock.now();
    for (const [key, entry] of this.#entries) if (entry.expiresMs <= nowMs) this.#remove(key);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#bytes -= entry.text.length;
    this.#entries.delete(key);
  }

  #makeRoom(bytes: number, nowMs: number): void {
    if (this.#bytes + bytes <= this.#options.maxBytes) return;
    const byWorth = [...this.#entries].sort(([, a], [, b]) => {
      const expired = Number(b.expiresMs <= nowMs) - Number(a.expiresMs <= nowMs);
      return expired !== 0 ? expired : a.downloads - b.downloads;
    });
    for (const [key] of byWorth) {
      if (this.#bytes + bytes <= this.#options.maxBytes) return;
      this.#remove(key);
    }
  }
}
