import { concatBytes, fromLatin1, Reader } from '../../../base/bytes/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../../base/runtime/index.ts';
import { sha1 } from '../../../crypto/primitives/index.ts';
import { formatIsoTime, parseIsoTime, type StateStore } from '../../../network/storage/index.ts';
import type { AccountingConfig } from '../config.ts';
import { type IntervalRule, intervalAt, parseAccountingStart } from './accounting-interval.ts';

/**
 * `awake`: all is well. `soft`: nearly all of the quota is used; what is open may go on, nothing new is taken. `hard`: the
 * quota is used up, or the interval's work has not begun yet; no traffic at all.
 */
export type AccountingState = 'awake' | 'soft' | 'hard';

export interface AccountingDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly state: StateStore;
  readonly logger?: Logger | undefined;
  /** Bytes since the start of the process. */
  readonly traffic: () => { readonly read: number; readonly written: number };
}

export interface AccountingOptions {
  readonly config: AccountingConfig;
  /** Bytes a second at most: what an interval can use up. */
  readonly rate: number;
  /** Spreads the wake-up times of relays over the interval. */
  readonly rsaId: Uint8Array;
  readonly changed: (state: AccountingState) => void;
}

const tickMs = 1000;
const noteMs = 600_000;
const noteBytes = 20 * 1024 * 1024;
const measureSec = 1800;
/** SOFT_LIM_PCT, SOFT_LIM_BYTES, SOFT_LIM_MINUTES */
const softShare = 0.95;
const softBytes = 500 * 1024 * 1024;
const softMinutes = 180;

/** AccountingMax: so many bytes in a month, week or day, then sleep. Kept in the state file as C tor's. C tor hibernate.c */
export class Accounting {
  readonly #deps: AccountingDeps;
  readonly #options: AccountingOptions;
  readonly #rule: IntervalRule;
  #startMs = 0;
  #endMs = 0;
  #wakeMs = 0;
  #read = 0;
  #written = 0;
  #activeSec = 0;
  /** Bytes a minute that the interval before makes us expect; 0: no idea. */
  #expectedPerMinute = 0;
  #softHitMs = 0;
  #bytesAtSoft = 0;
  #seen: { readonly read: number; readonly written: number };
  #noted = { atMs: 0, bytes: 0 };
  #state: AccountingState = 'awake';
  #timer: Timer | undefined;

  constructor(deps: AccountingDeps, options: AccountingOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#rule = parseAccountingStart(options.config.start);
    this.#seen = deps.traffic();
    this.#restore();
    this.#configure();
  }

  get state(): AccountingState {
    return this.#state;
  }

  get hibernating(): boolean {
    return this.#state !== 'awake';
  }

  /** For GETINFO accounting/*. */
  get interval(): { readonly startMs: number; readonly endMs: number; readonly wakeMs: number } {
    return { startMs: this.#startMs, endMs: this.#endMs, wakeMs: this.#wakeMs };
  }

  get used(): { readonly read: number; readonly written: number } {
    return { read: this.#read, written: this.#written };
  }

  start(): void {
    this.tick();
    this.#timer = this.#deps.timers.after(tickMs, () => this.start(), { background: true });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#note();
  }

  /** Once a second: counts, and sees whether it is time to sleep or to wake. */
  tick(): void {
    const nowMs = this.#deps.clock.now();
    this.#count();
    if (nowMs >= this.#endMs) this.#configure();
    const bytes = this.#bytes();
    if (nowMs - this.#noted.atMs >= noteMs || bytes - this.#noted.bytes >= noteBytes) this.#note();
    this.#become(this.#stateAt(nowMs, bytes));
  }

  #count(): void {
    const { read, written } = this.#deps.traffic();
    const moved = read - this.#seen.read + (written - this.#seen.written);
    if (moved > 0 && this.#state === 'awake') this.#activeSec++;
    this.#read += read - this.#seen.read;
    this.#written += written - this.#seen.written;
    this.#seen = { read, written };
  }

  #bytes(): number {
    switch (this.#options.config.rule) {
      case 'sum':
        return this.#read + this.#written;
      case 'in':
        return this.#read;
      case 'out':
        return this.#written;
      default:
        return Math.max(this.#read, this.#written);
    }
  }

  #stateAt(nowMs: number, bytes: number): AccountingState {
    if (bytes >= this.#options.config.maxBytes || nowMs < this.#wakeMs) return 'hard';
    return bytes >= this.#softLimit() ? 'soft' : 'awake';
  }

  /** Whatever leaves the least unused: 95 percent, all but 500 MB, or all but three hours' worth. */
  #softLimit(): number {
    const max = this.#options.config.maxBytes;
    const expected = this.#expectedPerMinute * softMinutes;
    return Math.max(max * softShare, max - softBytes, expected > 0 ? max - expected : 0);
  }

  #become(state: AccountingState): void {
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    const nowMs = this.#deps.clock.now();
    const { logger } = this.#deps;
    if (state === 'soft') {
      this.#softHitMs = nowMs;
      this.#bytesAtSoft = this.#bytes();
      logger?.notice(
        'acct',
        'Bandwidth soft limit reached; commencing hibernation. No new connections will be accepted',
      );
    } else if (state === 'hard') {
      logger?.notice('acct', 'Going dormant. Blowing away remaining connections.');
    } else logger?.notice('acct', 'Hibernation period ended. Resuming normal activity.');
    if (before !== state) this.#options.changed(state);
    this.#note();
  }

  /** Finds the interval that holds now; a new one begins from nothing. */
  #configure(): void {
    const nowMs = this.#deps.clock.now();
    const interval = intervalAt(this.#rule, nowMs);
    const same = Math.abs(this.#startMs - interval.startMs) < 60_000;
    if (!same) {
      this.#expectedPerMinute = this.#startMs === 0 ? 0 : this.#estimate();
      this.#read = 0;
      this.#written = 0;
      this.#activeSec = 0;
      this.#softHitMs = 0;
      this.#bytesAtSoft = 0;
    }
    this.#startMs = interval.startMs;
    this.#endMs = interval.endMs;
    this.#wakeMs = this.#wakeTime();
    this.#tell();
  }

  /** Bytes a minute of the interval that ends; up to the soft limit only, after which we were slow on purpose. */
  #estimate(): number {
    const { config, rate } = this.#options;
    const most = rate * 60 * (config.rule === 'sum' ? 2 : 1);
    const untilSoftSec = (this.#softHitMs - this.#startMs) / 1000;
    if (this.#bytesAtSoft > 0 && untilSoftSec > measureSec) {
      return Math.min(most, (this.#bytesAtSoft / untilSoftSec) * 60);
    }
    if (this.#activeSec < measureSec) return 0;
    return Math.min(most, this.#bytes() / (this.#activeSec / 60));
  }

  /** Random-looking but always the same for this relay and interval, so that not all relays wake at the same time. */
  #wakeTime(): number {
    if (this.#expectedPerMinute <= 0) return this.#startMs;
    const exhaustMs = (this.#options.config.maxBytes / this.#expectedPerMinute) * 60_000;
    const spareSec = Math.floor((this.#endMs - this.#startMs - exhaustMs) / 1000);
    if (spareSec <= 0) return this.#startMs;
    const when = fromLatin1(`${formatIsoTime(this.#startMs / 1000)}\0`);
    const point = new Reader(sha1(concatBytes(when, this.#options.rsaId))).u32();
    return this.#startMs + (point % spareSec) * 1000;
  }

  #tell(): void {
    const at = (ms: number): string => formatIsoTime(ms / 1000);
    const guess =
      this.#expectedPerMinute > 0
        ? `the scheduled wake-up time is ${at(this.#wakeMs)}`
        : 'we have no prior estimate for bandwidth, so we will start out awake and hibernate when we exhaust our quota';
    this.#deps.logger?.notice(
      'acct',
      `Configured hibernation. This interval begins at ${at(this.#startMs)} and ends at ${at(this.#endMs)}; ${guess}.`,
    );
  }

  #note(): void {
    const { state, clock } = this.#deps;
    this.#noted = { atMs: clock.now(), bytes: this.#bytes() };
    state.set('AccountingIntervalStart', formatIsoTime(this.#startMs / 1000));
    state.set('AccountingBytesReadInInterval', roundUp(this.#read));
    state.set('AccountingBytesWrittenInInterval', roundUp(this.#written));
    state.set('AccountingSecondsActive', String(this.#activeSec));
    state.set('AccountingExpectedUsage', String(Math.floor(this.#expectedPerMinute)));
    if (this.#softHitMs > 0) {
      state.set('AccountingSoftLimitHitAt', formatIsoTime(this.#softHitMs / 1000));
      state.set('AccountingBytesAtSoftLimit', String(this.#bytesAtSoft));
      const afterSec = Math.floor((this.#softHitMs - this.#startMs) / 1000);
      state.set('AccountingSecondsToReachSoftLimit', String(afterSec));
    }
    state.saveSoon(60_000);
  }

  #restore(): void {
    const { state } = this.#deps;
    const number = (key: string): number => {
      const value = Number(state.get(key) ?? 0);
      return Number.isFinite(value) && value >= 0 ? value : 0;
    };
    const startSec = parseIsoTime(state.get('AccountingIntervalStart') ?? '');
    if (startSec === undefined) return;
    this.#startMs = startSec * 1000;
    this.#read = number('AccountingBytesReadInInterval');
    this.#written = number('AccountingBytesWrittenInInterval');
    this.#activeSec = number('AccountingSecondsActive');
    this.#expectedPerMinute = number('AccountingExpectedUsage');
    const softSec = parseIsoTime(state.get('AccountingSoftLimitHitAt') ?? '') ?? 0;
    if (softSec > startSec) {
      this.#softHitMs = softSec * 1000;
      this.#bytesAtSoft = number('AccountingBytesAtSoftLimit');
    }
  }
}

const roundUp = (bytes: number): string => String(Math.ceil(bytes / 1024) * 1024);
