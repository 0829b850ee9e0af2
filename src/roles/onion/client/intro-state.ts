import { base16 } from '../../../base/bytes/index.ts';
import type { Clock } from '../../../base/runtime/index.ts';

/** Why an introduction point was not good. */
export type IntroFailure = 'error' | 'timed-out' | 'unreachable';

interface State {
  readonly sinceMs: number;
  error: boolean;
  timedOut: boolean;
  unreachable: number;
}

const maxAgeMs = 2 * 60_000;
const maxUnreachable = 5;
const maxServices = 1024;

/**
 * Which introduction points failed lately, by service and authentication key, so that the next attempt takes another.
 * Numbers as C tor's (hs_cache.c): forgotten after two minutes, five failures to reach one are too many.
 */
export class IntroStates {
  readonly #clock: Clock;
  readonly #services = new Map<string, Map<string, State>>();

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  note(identityKey: Uint8Array, authKey: Uint8Array, failure: IntroFailure): void {
    this.#expire();
    const service = base16(identityKey);
    let points = this.#services.get(service);
    if (points === undefined) {
      if (this.#services.size >= maxServices) return;
      points = new Map();
      this.#services.set(service, points);
    }
    const key = base16(authKey);
    const state = points.get(key) ?? { sinceMs: this.#clock.now(), error: false, timedOut: false, unreachable: 0 };
    if (failure === 'error') state.error = true;
    else if (failure === 'timed-out') state.timedOut = true;
    else state.unreachable++;
    points.set(key, state);
  }

  /** A circuit got there: earlier failures were the paths'. */
  reached(identityKey: Uint8Array, authKey: Uint8Array): void {
    const state = this.#find(identityKey, authKey);
    if (state !== undefined) state.unreachable = 0;
  }

  usable(identityKey: Uint8Array, authKey: Uint8Array): boolean {
    const state = this.#find(identityKey, authKey);
    return state === undefined || !(state.error || state.timedOut || state.unreachable >= maxUnreachable);
  }

  timedOut(identityKey: Uint8Array, authKey: Uint8Array): boolean {
    return this.#find(identityKey, authKey)?.timedOut ?? false;
  }

  forget(identityKey: Uint8Array): void {
    this.#services.delete(base16(identityKey));
  }

  clear(): void {
    this.#services.clear();
  }

  #find(identityKey: Uint8Array, authKey: Uint8Array): State | undefined {
    const state = this.#services.get(base16(identityKey))?.get(base16(authKey));
    return state !== undefined && this.#clock.now() - state.sinceMs <= maxAgeMs ? state : undefined;
  }

  #expire(): void {
    const cutoff = this.#clock.now() - maxAgeMs;
    for (const [service, points] of this.#services) {
      for (const [key, state] of points) if (state.sinceMs < cutoff) points.delete(key);
      if (points.size === 0) this.#services.delete(service);
    }
  }
}
