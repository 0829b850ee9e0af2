import { base16 } from '../../../base/bytes/index.ts';
import type { Clock, Random } from '../../../base/runtime/index.ts';
import type { Relay } from '../../../network/netdir/index.ts';

/**
 * Remembers which HSDir was asked for which blinded key, so that a client neither asks one again and again nor tells
 * the same one too often what it looks for. As C tor's hs_pick_hsdir().
 */
export class HsDirHistory {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #requeryMs: number;
  readonly #asked = new Map<string, number>();

  constructor(deps: { readonly clock: Clock; readonly random: Random }, options: { readonly requeryMs: number }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#requeryMs = options.requeryMs;
  }

  /** One of `responsible` that was not asked lately, and marks it asked; undefined when all were. */
  pick(
    responsible: readonly Relay[],
    blindedKey: Uint8Array,
    excluded: (relay: Relay) => boolean,
    strict: boolean,
  ): Relay | undefined {
    const now = this.#clock.now();
    for (const [key, at] of this.#asked) if (at < now - this.#requeryMs) this.#asked.delete(key);
    const suffix = base16(blindedKey);
    const open = responsible.filter((relay) => relay.hasDescriptor && !this.#asked.has(relay.fingerprint + suffix));
    const wanted = open.filter((relay) => !excluded(relay));
    const among = wanted.length === 0 && !strict ? open : wanted;
    const chosen = among[this.#random.below(among.length)];
    if (chosen !== undefined) this.#asked.set(chosen.fingerprint + suffix, now);
    return chosen;
  }

  forget(blindedKey: Uint8Array): void {
    const suffix = base16(blindedKey);
    for (const key of this.#asked.keys()) if (key.endsWith(suffix)) this.#asked.delete(key);
  }

  clear(): void {
    this.#asked.clear();
  }
}
