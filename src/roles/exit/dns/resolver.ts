import type { IpBytes } from '../../../base/ip/index.ts';
import type { Clock, Random, Timers } from '../../../base/runtime/index.ts';
import { LruMap } from '../../../base/util/index.ts';
import { parseReverseName } from './reverse-name.ts';
import { fuzzyDnsTtl } from './ttl.ts';
import type { DnsBackend, DnsError, DnsOutcome, NameRecord } from './types.ts';

export interface ResolverDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly backend: DnsBackend;
}

export interface ResolverOptions {
  /** Ask for IPv6 addresses too. */
  readonly ipv6: boolean;
  /** Addresses that name servers invent for names that do not exist. */
  readonly isHijacked?: (ip: IpBytes) => boolean;
  readonly maxCached?: number;
  readonly maxPending?: number;
}

/** `timeout`: name servers never came back. */
export type ResolveDone = (record: NameRecord | 'timeout') => void;

interface Pending {
  readonly waiting: Set<{ readonly done: ResolveDone }>;
  readonly cancelTimer: () => void;
}

/** What a name is kept for when the cache has no place left: hostile clients can ask for anything. */
const defaultMaxCached = 32_768;
/** As many questions as C tor lets its resolver have open. */
const defaultMaxPending = 8192;
const wedgedMs = 300_000;

const tooMany: DnsOutcome<never> = { ok: false, error: 'serverfailed', ttlSec: 0 };

/**
 * Looks names up for an exit: one question for all who wait, answers (bad ones too) kept for their clipped lifetime.
 * C tor feature/relay/dns.c.
 */
export class ExitResolver {
  readonly queries = { A: 0, AAAA: 0, PTR: 0 };
  readonly errors = new Map<DnsError, number>();
  readonly #deps: ResolverDeps;
  readonly #options: ResolverOptions;
  readonly #maxPending: number;
  readonly #cache: LruMap<string, { readonly record: NameRecord; readonly expiresMs: number }>;
  readonly #pending = new Map<string, Pending>();
  #closed = false;

  constructor(deps: ResolverDeps, options: ResolverOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#cache = new LruMap(options.maxCached ?? defaultMaxCached);
    this.#maxPending = options.maxPending ?? defaultMaxPending;
  }

  get cachedNames(): number {
    return this.#cache.size;
  }

  get pendingNames(): number {
    return this.#pending.size;
  }

  /** Calls back at once when the answer is known, else later. What is returned gives up waiting. */
  resolve(name: string, done: ResolveDone): () => void {
    const known = this.#cache.get(name);
    if (known !== undefined) {
      if (known.expiresMs > this.#deps.clock.monotonic()) {
        done(known.record);
        return nothing;
      }
      this.#cache.delete(name);
    }
    const pending = this.#pending.get(name) ?? this.#launch(name);
    if (pending === undefined) {
      done({ ipv4: tooMany, ipv6: tooMany, hostname: tooMany });
      return nothing;
    }
    const waiter = { done };
    pending.waiting.add(waiter);
    return () => pending.waiting.delete(waiter);
  }

  #launch(name: string): Pending | undefined {
    if (this.#closed || this.#pending.size >= this.#maxPending) return undefined;
    const timer = this.#deps.timers.after(wedgedMs, () => this.#finish(name, pending, 'timeout'), { background: true });
    const pending: Pending = { waiting: new Set(), cancelTimer: () => timer.cancel() };
    this.#pending.set(name, pending);
    void this.#ask(name).then((record) => this.#finish(name, pending, record));
    return pending;
  }

  async #ask(name: string): Promise<NameRecord> {
    if (parseReverseName(name) !== 'not reverse') {
      this.queries.PTR++;
      const hostname = this.#noted(await this.#deps.backend.reverse(name));
      return { ipv4: undefined, ipv6: undefined, hostname };
    }
    const [ipv4, ipv6] = await Promise.all([
      this.#address(name, 4),
      this.#options.ipv6 ? this.#address(name, 6) : undefined,
    ]);
    return { ipv4, ipv6, hostname: undefined };
  }

  /** The first address, as C tor; an invented one is no answer. */
  async #address(name: string, family: 4 | 6): Promise<DnsOutcome<IpBytes>> {
    this.queries[family === 4 ? 'A' : 'AAAA']++;
    const outcome = await this.#deps.backend.lookup(name, family);
    if (!outcome.ok) return this.#noted(outcome);
    const [value] = outcome.value;
    const { ttlSec } = outcome;
    if (value === undefined) return this.#noted({ ok: false, error: 'nodata', ttlSec });
    if (this.#options.isHijacked?.(value) === true) return this.#noted({ ok: false, error: 'notexist', ttlSec });
    return this.#noted({ ok: true, value, ttlSec });
  }

  #noted<T>(outcome: DnsOutcome<T>): DnsOutcome<T> {
    if (!outcome.ok) this.errors.set(outcome.error, (this.errors.get(outcome.error) ?? 0) + 1);
    return { ...outcome, ttlSec: fuzzyDnsTtl(outcome.ttlSec, this.#deps.random) };
  }

  #finish(name: string, pending: Pending, record: NameRecord | 'timeout'): void {
    if (this.#pending.get(name) !== pending) return;
    this.#pending.delete(name);
    pending.cancelTimer();
    if (record !== 'timeout') {
      const { ipv4, ipv6, hostname } = record;
      const lifetimes = [ipv4, ipv6, hostname].flatMap((outcome) => outcome?.ttlSec ?? []);
      const expiresMs = this.#deps.clock.monotonic() + Math.min(...lifetimes) * 1000;
      this.#cache.set(name, { record, expiresMs });
    }
    for (const { done } of [...pending.waiting]) done(record);
  }

  /** Forgets everything; whoever waits hears a timeout. */
  close(): void {
    this.#closed = true;
    for (const [name, pending] of [...this.#pending]) this.#finish(name, pending, 'timeout');
    this.#cache.clear();
    this.#deps.backend.close?.();
  }
}

const nothing = (): void => undefined;
