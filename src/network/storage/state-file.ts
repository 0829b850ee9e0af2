import type { Logger } from '../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import { formatIsoTime, parseIsoTime } from './iso-time.ts';
import { canonicalKey, formatStateText, parseStateText, type StateLine } from './state-text.ts';
import type { DataStore, StateStore } from './types.ts';

export interface StateFileDeps {
  readonly store: DataStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger?: Logger | undefined;
}

export interface StateFileOptions {
  /** What `TorVersion` says, such as "Tor 0.4.9.11". */
  readonly version: string;
}

const name = 'state';
const maxBytes = 16 * 1024 * 1024;
/** After a failed write, as in C tor. */
const retryMs = 3600_000;

/**
 * C tor's `state` file: guards, build times, dormancy and what else outlives a restart. Lines this program does not
 * understand are kept as they are, so that a directory can go to C tor and back.
 */
export class StateFile implements StateStore {
  readonly #deps: StateFileDeps;
  readonly #options: StateFileOptions;
  readonly #lines = new Map<string, string[]>();
  readonly #flushers = new Set<() => void>();
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #written: string | undefined;
  /** LastWritten of the file that was read, seconds; for the clock check. */
  #lastWrittenSec: number | undefined;

  private constructor(deps: StateFileDeps, options: StateFileOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Never fails over the file's content: what cannot be used is set aside, what can be read is kept. */
  static async load(deps: StateFileDeps, options: StateFileOptions): Promise<StateFile> {
    const file = new StateFile(deps, options);
    const text = await file.#readText();
    if (text === undefined) return file;
    const { lines, problems } = parseStateText(text);
    if (problems.length > 0) {
      await deps.store.setAside(name, problems.slice(0, 3).join('; '), { copy: true });
      file.saveSoon(0);
    }
    for (const { key, value } of lines) file.#list(key).push(value);
    file.#checkClock();
    return file;
  }

  async #readText(): Promise<string | undefined> {
    try {
      return await this.#deps.store.readText(name, { maxBytes });
    } catch (error) {
      await this.#deps.store.setAside(name, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #checkClock(): void {
    const text = this.get('LastWritten');
    this.#lastWrittenSec = text === undefined ? undefined : parseIsoTime(text);
    const nowSec = this.#deps.clock.now() / 1000;
    if (this.#lastWrittenSec !== undefined && this.#lastWrittenSec > nowSec) {
      const skew = Math.round(this.#lastWrittenSec - nowSec);
      this.#deps.logger?.warn('general', `The clock is ${skew} seconds behind the time the state file was written.`);
    }
  }

  /** Seconds since 1970 when the file that was read had been written. */
  get lastWrittenSec(): number | undefined {
    return this.#lastWrittenSec;
  }

  get(key: string): string | undefined {
    return this.#lines.get(canonicalKey(key))?.[0];
  }

  getAll(key: string): readonly string[] {
    return this.#lines.get(canonicalKey(key)) ?? [];
  }

  set(key: string, value: string | undefined): void {
    this.setAll(key, value === undefined ? [] : [value]);
  }

  setAll(key: string, values: readonly string[]): void {
    if (values.length === 0) this.#lines.delete(canonicalKey(key));
    else this.#lines.set(canonicalKey(key), [...values]);
  }

  #list(key: string): string[] {
    let list = this.#lines.get(key);
    if (list === undefined) {
      list = [];
      this.#lines.set(key, list);
    }
    return list;
  }

  /** Calls `flush` before every write, so that a subsystem can put its lines in; returns the function that ends it. */
  beforeSave(flush: () => void): () => void {
    this.#flushers.add(flush);
    return () => {
      this.#flushers.delete(flush);
    };
  }

  saveSoon(delayMs: number): void {
    const dueMs = this.#deps.clock.monotonic() + delayMs;
    if (dueMs >= this.#dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.#deps.timers.after(
      delayMs,
      () => {
        this.save().catch(() => undefined);
      },
      { background: true },
    );
  }

  /** Throws STORAGE_FAILED; another try is made by itself in an hour or with the next change. */
  async save(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const flush of this.#flushers) flush();
    const nowMs = this.#deps.clock.now();
    this.set('LastWritten', formatIsoTime(nowMs / 1000));
    this.set('TorVersion', this.#options.version);
    const text = this.format(nowMs);
    try {
      await this.#deps.store.write(name, text);
      this.#written = text;
    } catch (error) {
      this.#deps.logger?.warn('fs', 'Unable to write the state file; will try again later.');
      this.saveSoon(retryMs);
      throw error;
    }
  }

  /** True when the file on disk is what `save` wrote last: for tests and for shutdown. */
  get saved(): boolean {
    return this.#written !== undefined && this.#timer === undefined;
  }

  format(nowMs: number): string {
    const lines: StateLine[] = [];
    for (const [key, values] of this.#lines) for (const value of values) lines.push({ key, value });
    const local = new Date(nowMs - new Date(nowMs).getTimezoneOffset() * 60_000);
    return formatStateText(lines, formatIsoTime(local.getTime() / 1000));
  }
}
