/**
 * Remembers what was seen, to refuse it the second time. Entries older than `lifetimeMs` are forgotten; with
 * `capacity` reached the oldest goes first, so that a flood cannot fill memory.
 */
export class ReplayCache {
  readonly #seen = new Map<string, number>();
  readonly #lifetimeMs: number;
  readonly #capacity: number;

  constructor(options: { readonly lifetimeMs: number; readonly capacity: number }) {
    this.#lifetimeMs = options.lifetimeMs;
    this.#capacity = options.capacity;
  }

  /** False when `key` was seen before. */
  add(key: string, nowMs: number): boolean {
    const at = this.#seen.get(key);
    if (at !== undefined && nowMs - at < this.#lifetimeMs) return false;
    this.#seen.delete(key);
    this.#seen.set(key, nowMs);
    for (const [oldest, since] of this.#seen) {
      if (this.#seen.size <= this.#capacity && nowMs - since < this.#lifetimeMs) break;
      this.#seen.delete(oldest);
    }
    return true;
  }

  get size(): number {
    return this.#seen.size;
  }
}
