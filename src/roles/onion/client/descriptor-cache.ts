import { base16 } from '../../../base/bytes/index.ts';
import { LruMap } from '../../../base/util/index.ts';
import type { NetDir } from '../../../network/netdir/index.ts';
import type { ServiceDescriptor } from './descriptor.ts';

interface Entry {
  readonly descriptor: ServiceDescriptor;
  /** Start of the time period after the one it was fetched in. */
  readonly expiresMs: number;
}

const capacity = 512;

/** Descriptors by service identity. An entry lives until the consensus enters the next time period (hs_cache.c). */
export class DescriptorCache {
  readonly #entries = new LruMap<string, Entry>(capacity);

  get(identityKey: Uint8Array, netdir: NetDir): ServiceDescriptor | undefined {
    const key = base16(identityKey);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresMs > netdir.validAfterMs) return entry.descriptor;
    this.#entries.delete(key);
    return undefined;
  }

  /** Keeps the newer of two: a revision counter never goes back. */
  put(descriptor: ServiceDescriptor, expiresMs: number): ServiceDescriptor {
    const key = base16(descriptor.identityKey);
    const old = this.#entries.get(key);
    const samePeriod = old?.expiresMs === expiresMs;
    if (samePeriod && old.descriptor.revisionCounter > descriptor.revisionCounter) return old.descriptor;
    this.#entries.set(key, { descriptor, expiresMs });
    return descriptor;
  }

  forget(identityKey: Uint8Array): void {
    this.#entries.delete(base16(identityKey));
  }

  clear(): void {
    this.#entries.clear();
  }
}
