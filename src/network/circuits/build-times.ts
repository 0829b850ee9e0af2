import type { Random } from '../../base/runtime/index.ts';
import type { ConsensusParams } from '../netdir/index.ts';
import type { StoredBuildTimes } from '../storage/index.ts';
import type { BuildTimeEvent } from './types.ts';

/** The consensus parameters of the learned build timeout, within their ranges. spec: path-spec 2.4, param-spec */
export interface BuildTimeParams {
  readonly disabled: boolean;
  /** cbtnummodes: bins that make Xm. */
  readonly modes: number;
  /** cbtrecentcount, cbtmaxtimeouts: so many timeouts of so many circuits mean another network. */
  readonly recentCount: number;
  readonly maxTimeouts: number;
  /** cbtmincircs: circuits before the timeout is computed. */
  readonly minCircuits: number;
  /** cbtquantile and cbtclosequantile, as fractions. */
  readonly quantile: number;
  readonly closeQuantile: number;
  /** cbttestfreq, seconds between test circuits while learning. */
  readonly testIntervalSec: number;
  readonly minTimeoutMs: number;
  readonly initialTimeoutMs: number;
  /** cbtmaxopencircs: unused circuits that may be open while learning. */
  readonly maxOpenCircuits: number;
}

export const defaultBuildTimeParams: BuildTimeParams = {
  disabled: false,
  modes: 10,
  recentCount: 20,
  maxTimeouts: 18,
  minCircuits: 100,
  quantile: 0.8,
  closeQuantile: 0.99,
  testIntervalSec: 10,
  minTimeoutMs: 10,
  initialTimeoutMs: 60_000,
  maxOpenCircuits: 10,
};

export function buildTimeParams(params: ConsensusParams): BuildTimeParams {
  const quantile = params.get('cbtquantile') / 100;
  return {
    disabled: params.get('cbtdisabled') === 1,
    modes: params.get('cbtnummodes'),
    recentCount: params.get('cbtrecentcount'),
    maxTimeouts: params.get('cbtmaxtimeouts'),
    minCircuits: params.get('cbtmincircs'),
    quantile,
    closeQuantile: Math.max(params.get('cbtclosequantile') / 100, quantile),
    testIntervalSec: params.get('cbttestfreq'),
    minTimeoutMs: params.get('cbtmintimeout'),
    initialTimeoutMs: Math.max(params.get('cbtinitialtimeout'), params.get('cbtmintimeout')),
    maxOpenCircuits: params.get('cbtmaxopencircs'),
  };
}

export interface BuildTimesOptions {
  /** LearnCircuitBuildTimeout, off also for authorities and single onion services. */
  readonly learn: boolean;
  /** CircuitBuildTimeout; undefined for what the network says. */
  readonly configuredTimeoutMs?: number | undefined;
  readonly stored?: StoredBuildTimes;
}

export interface BuildTimesDeps {
  readonly random: Random;
  readonly onEvent?: (event: BuildTimeEvent) => void;
  /** Every tenth recorded time: worth a write of the state file. */
  readonly onWorthSaving?: () => void;
}

const capacity = 1000;
const binWidthMs = 10;
const saveEvery = 10;

/** How long an unused circuit lives while more are needed to learn from: C tor, cbtlearntimeout. */
export const learningIdleMs = 180_000;
const abandoned = 0x7ffffffe;
const int32Max = 0x7fffffff;

/**
 * Learns how long a circuit of three hops takes, as a Pareto distribution, and from it when a circuit is too slow to
 * use (`timeoutMs`) and when to stop measuring it (`closeMs`). spec: path-spec 2.4
 *
 * As in C tor, Xm is the weighted mean of the most frequent bins and abandoned circuits are left out of alpha.
 */
export class BuildTimes {
  readonly #deps: BuildTimesDeps;
  readonly #options: BuildTimesOptions;
  #params: BuildTimeParams;
  /** A ring; 0 marks what was never filled. */
  readonly #times = new Int32Array(capacity);
  #next = 0;
  #total = 0;
  #timeoutMs: number;
  #closeMs: number;
  #xm = 0;
  #alpha = 0;
  #computed = false;
  #recent: Uint8Array;
  #recentNext = 0;
  #lastLiveMs = 0;
  #nonliveTimeouts = 0;
  #lastCircuitMs = Number.NEGATIVE_INFINITY;

  constructor(deps: BuildTimesDeps, options: BuildTimesOptions, params: BuildTimeParams = defaultBuildTimeParams) {
    this.#deps = deps;
    this.#options = options;
    this.#params = params;
    this.#recent = new Uint8Array(params.recentCount);
    this.#timeoutMs = this.#initialTimeoutMs;
    this.#closeMs = this.#timeoutMs;
    if (options.stored !== undefined && this.enabled) this.#restore(options.stored);
  }

  get enabled(): boolean {
    return this.#options.learn && !this.#params.disabled;
  }
  get timeoutMs(): number {
    return this.#timeoutMs;
  }
  get closeMs(): number {
    return this.#closeMs;
  }
  get xm(): number {
    return this.#xm;
  }
  get alpha(): number {
    return this.#alpha;
  }
  get total(): number {
    return this.#total;
  }
  get computed(): boolean {
    return this.#computed;
  }
  get enough(): boolean {
    return this.#total >= this.#params.minCircuits;
  }
  get live(): boolean {
    return this.#nonliveTimeouts === 0;
  }
  get maxOpenCircuits(): number {
    return this.#params.maxOpenCircuits;
  }

  /** A new consensus. */
  setParams(params: BuildTimeParams): void {
    this.#params = params;
    if (this.#recent.length === params.recentCount) return;
    const kept = this.#recent.subarray(0, params.recentCount);
    this.#recent = new Uint8Array(params.recentCount);
    this.#recent.set(kept);
    this.#recentNext = Math.min(this.#recentNext, params.recentCount - 1);
  }

  /** True when a circuit should be built only to learn. */
  needsCircuitNow(nowMs: number): boolean {
    return this.enabled && !this.enough && nowMs - this.#lastCircuitMs > this.#params.testIntervalSec * 1000;
  }

  noteCircuitLaunched(nowMs: number): void {
    this.#lastCircuitMs = nowMs;
  }

  /** A cell came in: the network is there. */
  noteNetworkLive(nowMs: number): void {
    this.#lastLiveMs = nowMs;
    this.#nonliveTimeouts = 0;
  }

  /** Three hops stand after `elapsedMs`. `measureOnly`: it had timed out before and was built on to be measured. */
  addBuilt(elapsedMs: number, options: { readonly measureOnly: boolean }): void {
    if (!this.enabled) return;
    // A clock that jumped, or a machine that slept.
    if (elapsedMs < 0 || elapsedMs > 2 * this.#closeMs + 1000) return;
    if (this.live) {
      this.#add(Math.max(1, Math.round(elapsedMs)));
      this.#compute();
    }
    if (!options.measureOnly) this.#noteRecent(0);
  }

  /** A circuit did not stand in time; its measurement may go on. Looks whether the network has changed. */
  countTimeout(firstHopDone: boolean): void {
    if (!this.enabled) {
      this.#resetTimeouts();
      return;
    }
    if (firstHopDone) this.#noteRecent(1);
    this.#checkChanged();
  }

  /** The measurement ended without three hops: an abandoned time, unless no network was there all the while. */
  countClosed(startedMs: number): void {
    if (!this.enabled) {
      this.#resetTimeouts();
      return;
    }
    if (this.#lastLiveMs < startedMs) this.#nonliveTimeouts++;
    if (!this.live) return;
    this.#add(abandoned);
    this.#compute();
  }

  /** Fraction of the recorded circuits that would have timed out now. */
  get timeoutRate(): number {
    return this.#share((time) => time >= this.#timeoutMs);
  }
  get closeRate(): number {
    return this.#share((time) => time === abandoned);
  }

  histogram(): StoredBuildTimes {
    const bins = [...this.#bins()].sort(([a], [b]) => a - b).map(([bin, count]) => ({ ms: binMiddle(bin), count }));
    return { bins, abandoned: this.#times.filter((time) => time === abandoned).length };
  }

  get #initialTimeoutMs(): number {
    const configured = this.#options.configuredTimeoutMs;
    if (configured === undefined) return Math.max(this.#params.initialTimeoutMs, this.#params.minTimeoutMs);
    return this.enabled ? Math.max(configured, this.#params.minTimeoutMs) : configured;
  }

  #resetTimeouts(): void {
    this.#timeoutMs = this.#initialTimeoutMs;
    this.#closeMs = this.#timeoutMs;
  }

  #share(counts: (time: number) => boolean): number {
    if (this.#total === 0) return 0;
    let sum = 0;
    for (const time of this.#times) if (time !== 0 && counts(time)) sum++;
    return sum / this.#total;
  }

  #add(time: number): void {
    this.#times[this.#next] = time;
    this.#next = (this.#next + 1) % capacity;
    if (this.#total < capacity) this.#total++;
    if (this.#total % saveEvery === 0) this.#deps.onWorthSaving?.();
  }

  #noteRecent(timedOut: 0 | 1): void {
    if (this.#recent.length === 0) return;
    this.#recent[this.#recentNext] = timedOut;
    this.#recentNext = (this.#recentNext + 1) % this.#recent.length;
  }

  #checkChanged(): void {
    const timeouts = this.#recent.reduce((sum, timedOut) => sum + timedOut, 0);
    if (timeouts < this.#params.maxTimeouts) return;
    this.#forget();
    // Happened before: the network is bad rather than changed, so give it more time.
    if (this.#timeoutMs >= this.#initialTimeoutMs) {
      if (this.#timeoutMs <= int32Max / 2 && this.#closeMs <= int32Max / 2) {
        this.#timeoutMs *= 2;
        this.#closeMs *= 2;
      }
    } else this.#resetTimeouts();
    this.#tell('reset');
  }

  /** Learns anew. */
  reset(): void {
    this.#forget();
    this.#resetTimeouts();
    this.#tell('reset');
  }

  #forget(): void {
    this.#times.fill(0);
    this.#total = 0;
    this.#next = 0;
    this.#computed = false;
    this.#recent.fill(0);
    this.#recentNext = 0;
  }

  #compute(): void {
    if (!this.enough || !this.#estimate()) return;
    const longest = this.#longest();
    this.#timeoutMs = Math.min(this.#quantile(this.#params.quantile), longest);
    const closeMs = this.#quantile(Math.max(this.#params.closeQuantile, this.#params.quantile));
    this.#closeMs = Math.max(Math.min(closeMs, 2 * longest), this.#params.initialTimeoutMs);
    this.#computed = true;
    this.#timeoutMs = Math.max(this.#timeoutMs, this.#params.minTimeoutMs);
    this.#tell('computed');
  }

  /** Maximum likelihood estimate of alpha for the Pareto distribution that starts at Xm. */
  #estimate(): boolean {
    this.#xm = this.#computeXm();
    if (this.#xm === 0) return false;
    let sum = 0;
    let count = 0;
    for (const time of this.#times) {
      if (time === 0 || time === abandoned) continue;
      sum += Math.log(Math.max(time, this.#xm));
      count++;
    }
    this.#alpha = count / (sum - count * Math.log(this.#xm));
    return true;
  }

  #quantile(quantile: number): number {
    const p = this.#alpha > 0 ? (1 - quantile) ** (1 / this.#alpha) : 0;
    return p > 0 ? Math.min(this.#xm / p, int32Max) : int32Max;
  }

  #computeXm(): number {
    const byFrequency = [...this.#bins()].sort(([binA, a], [binB, b]) => b - a || binA - binB);
    let total = 0;
    let count = 0;
    for (const [bin, inBin] of byFrequency.slice(0, this.#params.modes)) {
      count += inBin;
      total += binMiddle(bin) * inBin;
    }
    return count === 0 ? 0 : Math.floor(total / count);
  }

  /** Counts by bin; a map, since a state file may name times of any length. */
  #bins(): Map<number, number> {
    const bins = new Map<number, number>();
    for (const time of this.#times) {
      if (time === 0 || time === abandoned) continue;
      const bin = Math.floor(time / binWidthMs);
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
    }
    return bins;
  }

  #longest(): number {
    let longest = 0;
    for (const time of this.#times) if (time !== abandoned && time > longest) longest = time;
    return longest;
  }

  /** The order of the stored times is lost; a random one keeps the ring from forgetting all of a kind at once. */
  #restore(stored: StoredBuildTimes): void {
    const all: number[] = [];
    for (const { ms, count } of stored.bins) for (let i = 0; i < count; i++) all.push(ms);
    for (let i = 0; i < stored.abandoned; i++) all.push(abandoned);
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.#deps.random.below(i + 1);
      [all[i], all[j]] = [all[j] as number, all[i] as number];
    }
    for (const time of all.slice(0, capacity)) this.#add(Math.max(1, time));
    this.#compute();
  }

  #tell(kind: BuildTimeEvent['kind']): void {
    this.#deps.onEvent?.({
      kind,
      totalTimes: this.#total,
      timeoutMs: this.#timeoutMs,
      xm: this.#xm,
      alpha: this.#alpha,
      quantileCutoff: this.#params.quantile,
      timeoutRate: this.timeoutRate,
      closeMs: this.#closeMs,
      closeRate: this.closeRate,
    });
  }
}

const binMiddle = (bin: number): number => bin * binWidthMs + binWidthMs / 2;
