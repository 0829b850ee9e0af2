import { fromBase16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import type { Consensus } from '../../wire/netdoc/index.ts';
import type { GuardManager } from '../guard/index.ts';
import { DownloadStatus } from './download-status.ts';
import type { DirFetcher } from './fetcher.ts';
import type { DirPurpose, DirSource, DirSources } from './sources.ts';

/** What is downloaded: microdescriptors or server descriptors, by the names a consensus gives them. */
export interface BatchKind {
  readonly purpose: DirPurpose;
  /** For logs. */
  readonly name: string;
  keyOf(digest: Uint8Array): string;
  path(keys: readonly string[]): string;
  has(key: string): boolean;
  /** Those of a consensus that are here: they are not old. */
  noteListed(keys: readonly string[], validAfterMs: number): void;
  /** Takes an answer; resolves with what was not in it, and what came and cannot be read. */
  take(
    body: Uint8Array,
    keys: readonly string[],
  ): Promise<{ readonly missing: readonly string[]; readonly unreadable: readonly string[] }>;
}

export interface BatchDownloadsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly kind: BatchKind;
  readonly sources: DirSources;
  readonly fetcher: DirFetcher;
  readonly guards?: Pick<GuardManager, 'noteOutdated'> | undefined;
  readonly logger?: Logger | undefined;
  readonly haveEnough: () => boolean;
  readonly onConnected: () => void;
}

export interface BatchDownloadsOptions {
  /** TestingClientDownloadInitialDelay. */
  readonly delaySec: number;
  /** Caches take what is missing at once; clients wait until it is worth a request. */
  readonly early: boolean;
  /** TestingClientMaxIntervalWithoutRequest. */
  readonly maxDelayMs: number;
  /** 500 for those who only ever use BEGIN_DIR, 90 for relays. */
  readonly maxPerRequest: number;
}

const minPerRequest = 32;
/** No single cache shall be able to choose what we know. */
const minRequests = 3;
const worthARequest = 16;

/** Equal parts of what is missing, neither too small nor too large for one request. C tor launch_descriptor_downloads */
export function batchesOf(keys: readonly string[], maxPerRequest: number): string[][] {
  const share = Math.min(Math.ceil(keys.length / minRequests), maxPerRequest);
  const size = Math.max(share, Math.min(minPerRequest, keys.length));
  const batches: string[][] = [];
  for (let at = 0; at < keys.length; at += size) batches.push(keys.slice(at, at + size));
  return batches;
}

/** Asks for the descriptors that a consensus names and we lack. spec: dir-spec 5.2 */
export class BatchDownloads {
  readonly #deps: BatchDownloadsDeps;
  readonly #options: BatchDownloadsOptions;
  /** One for each request under way: a signal that many listen to would be warned of. */
  readonly #aborts = new Set<AbortController>();
  #stopped = false;
  /** Wanted and not here; with the back-off of those that failed. */
  readonly #missing = new Map<string, DownloadStatus | undefined>();
  readonly #pending = new Set<string>();
  #lastLaunchMs = 0;

  constructor(deps: BatchDownloadsDeps, options: BatchDownloadsOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  get missing(): number {
    return this.#missing.size;
  }

  /** A new consensus says what is wanted. */
  noteConsensus(consensus: Consensus): void {
    const before = new Map(this.#missing);
    this.#missing.clear();
    const listed: string[] = [];
    for (const relay of consensus.relays) {
      const key = this.#deps.kind.keyOf(relay.descriptorDigest);
      if (this.#deps.kind.has(key)) listed.push(key);
      else if (relay.descriptorDigest.some((byte) => byte !== 0)) this.#missing.set(key, before.get(key));
    }
    this.#deps.kind.noteListed(listed, consensus.validAfterMs);
  }

  reset(): void {
    for (const status of this.#missing.values()) status?.reset(this.#deps.clock.now());
  }

  abort(): void {
    this.#stopped = true;
    for (const abort of this.#aborts) abort.abort(new TorError('ABORTED'));
  }

  update(): void {
    if (this.#missing.size === this.#pending.size || this.#stopped) return;
    const nowMs = this.#deps.clock.now();
    const due: string[] = [];
    for (const [key, status] of this.#missing) {
      if (!this.#pending.has(key) && (status === undefined || status.isReady(nowMs))) due.push(key);
    }
    if (due.length === 0 || this.#maySave(due.length, nowMs)) return;
    const batches = batchesOf(due.sort(byBytes), this.#options.maxPerRequest);
    this.#deps.logger?.info('dir', `Launching ${batches.length} requests for ${due.length} ${this.#deps.kind.name}s.`);
    this.#lastLaunchMs = nowMs;
    for (const batch of batches) this.#launch(batch);
  }

  /** Few are missing and we can do without them: a later request will take them along. */
  #maySave(count: number, nowMs: number): boolean {
    if (this.#options.early || count >= worthARequest || !this.#deps.haveEnough()) return false;
    return this.#lastLaunchMs + this.#options.maxDelayMs > nowMs;
  }

  #launch(batch: readonly string[]): void {
    for (const key of batch) this.#pending.add(key);
    this.#fetch(batch)
      .catch((error: unknown) => {
        if (this.#stopped) return;
        this.#deps.logger?.info('dir', `Couldn't get ${this.#deps.kind.name}s: ${TorError.from(error).message}`);
      })
      .finally(() => {
        for (const key of batch) this.#pending.delete(key);
      });
  }

  async #fetch(batch: readonly string[]): Promise<void> {
    const { sources, fetcher, onConnected, kind } = this.#deps;
    const abort = new AbortController();
    const { signal } = abort;
    this.#aborts.add(abort);
    let source: DirSource | undefined;
    let failed: readonly string[] = batch;
    try {
      source = sources.pick(kind.purpose, 'any');
      const path = kind.path(batch);
      const response = await fetcher.ask(source, { method: 'GET', path, signal, onConnected, allowPartial: true });
      if (response.status !== 200) throw new TorError('DIR_STATUS', `${response.status} ${response.reason}`);
      failed = await this.#take(response.body, batch);
      if (failed.length > 0) this.#noteOutdated(source);
    } catch (error) {
      if (source !== undefined && !signal.aborted) this.#noteOutdated(source);
      throw error;
    } finally {
      this.#aborts.delete(abort);
      if (!signal.aborted) this.#noteFailed(failed);
    }
  }

  async #take(body: Uint8Array, batch: readonly string[]): Promise<readonly string[]> {
    const { missing, unreadable } = await this.#deps.kind.take(body, batch);
    for (const key of batch) if (this.#deps.kind.has(key)) this.#missing.delete(key);
    for (const key of unreadable) this.#status(key)?.markImpossible();
    return missing;
  }

  #noteOutdated(source: DirSource): void {
    if (this.#deps.kind.purpose !== 'microdesc') return;
    this.#deps.guards?.noteOutdated(fromBase16(source.fingerprint));
  }

  #noteFailed(keys: readonly string[]): void {
    const nowMs = this.#deps.clock.now();
    for (const key of keys) this.#status(key)?.noteFailure(nowMs);
  }

  /** Undefined for what the newest consensus does not name any more. */
  #status(key: string): DownloadStatus | undefined {
    if (!this.#missing.has(key)) return undefined;
    let status = this.#missing.get(key);
    if (status === undefined) {
      status = new DownloadStatus(this.#deps.random, 'failure', () => this.#options.delaySec);
      this.#missing.set(key, status);
    }
    return status;
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
