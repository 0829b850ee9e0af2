import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import type { Consensus, ConsensusFlavor, TrustedAuthority } from '../../wire/netdoc/index.ts';
import type { ConsensusOutcome, ConsensusStore } from './consensus-store.ts';
import { DownloadStatus } from './download-status.ts';
import { type FetchSchedule, modifiedSinceMs, nextFetchMs } from './fetch-time.ts';
import type { DirFetcher } from './fetcher.ts';
import type { DirSource, DirSources } from './sources.ts';
import type { DirRequest } from './types.ts';

export interface ConsensusDownloadsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: ConsensusStore;
  readonly sources: DirSources;
  readonly fetcher: DirFetcher;
  /** Whether there is more to ask than the authorities. */
  readonly haveFallbacks: () => boolean;
  readonly logger?: Logger | undefined;
  /** A directory took a request for a consensus. */
  readonly onConnected: () => void;
  readonly onOutcome: (outcome: ConsensusOutcome, source: DirSource) => void;
  /** How old a consensus may be for a diff from it to be asked for, try-diff-for-consensus-newer-than. */
  readonly maxDiffAgeMs: () => number;
}

export interface ConsensusDownloadsOptions {
  readonly flavor: ConsensusFlavor;
  readonly authorities: readonly TrustedAuthority[];
  readonly schedule: FetchSchedule;
  /** Clients ask several directories at once while they have no consensus; relays do not. */
  readonly multiple: boolean;
  readonly maxInProgress: number;
  readonly authorityDelaySec: number;
  readonly fallbackDelaySec: number;
  readonly authorityOnlyDelaySec: number;
  readonly delaySec: number;
}

interface Attempt {
  readonly abort: AbortController;
  connected: boolean;
}

const reasonablyLiveMs = 86_400_000;

/** When and whom to ask for a consensus of one flavour. spec: dir-spec 5.1; C tor networkstatus.c */
export class ConsensusDownloads {
  readonly #deps: ConsensusDownloadsDeps;
  readonly #options: ConsensusDownloadsOptions;
  readonly #path: string;
  readonly #running: DownloadStatus;
  readonly #fromFallbacks: DownloadStatus;
  readonly #fromAuthorities: DownloadStatus;
  readonly #attempts = new Set<Attempt>();
  #nextFetchMs = 0;
  /** A diff did not fit: the next request is for the whole document. */
  #wholeNext = false;

  constructor(deps: ConsensusDownloadsDeps, options: ConsensusDownloadsOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#path = consensusPath(options.flavor, options.authorities);
    const { random, haveFallbacks } = deps;
    this.#running = new DownloadStatus(random, 'failure', () => options.delaySec);
    this.#fromFallbacks = new DownloadStatus(random, 'attempt', () => options.fallbackDelaySec);
    this.#fromAuthorities = new DownloadStatus(random, 'attempt', () =>
      haveFallbacks() ? options.authorityDelaySec : options.authorityOnlyDelaySec,
    );
  }

  get nextFetchMs(): number {
    return this.#nextFetchMs;
  }

  /** True without a consensus that is at least reasonably live, and without one that only waits for certificates. */
  get isBootstrapping(): boolean {
    const { current, isWaiting } = this.#deps.store;
    return !isWaiting && !isReasonablyLive(current, this.#deps.clock.now());
  }

  /** A consensus was accepted: sets the time for the next one. */
  noteConsensus(consensus: Consensus, fromCache: boolean): void {
    const nowMs = this.#deps.clock.now();
    if (isLive(consensus, nowMs)) this.#running.reset(nowMs);
    else if (!fromCache) this.#running.noteFailure(nowMs);
    this.#nextFetchMs = nextFetchMs(consensus, this.#options.schedule, nowMs, this.#deps.random);
    this.#deps.logger?.info(
      'dir',
      `${this.#options.flavor} consensus valid after ${iso(consensus.validAfterMs)} until ` +
        `${iso(consensus.validUntilMs)}; fetching the next one at ${iso(this.#nextFetchMs)}.`,
    );
  }

  /** Forgets the back-off. */
  reset(): void {
    const nowMs = this.#deps.clock.now();
    for (const status of [this.#running, this.#fromFallbacks, this.#fromAuthorities]) status.reset(nowMs);
  }

  /** Starts what is due. */
  update(): void {
    const nowMs = this.#deps.clock.now();
    const current = this.#deps.store.current;
    if (!isLive(current, nowMs)) this.#nextFetchMs = Math.min(this.#nextFetchMs, nowMs);
    if (this.#nextFetchMs > nowMs) return;
    const several = this.#options.multiple && this.isBootstrapping;
    if (this.#attempts.size >= (several ? this.#options.maxInProgress : 1)) return;
    if (this.#deps.store.isWaiting) return;
    if (several) this.#bootstrap(nowMs);
    else if (this.#running.isReady(nowMs)) this.#launch('any');
  }

  /** Ends every request under way. */
  abort(except?: AbortController): void {
    for (const { abort } of this.#attempts) if (abort !== except) abort.abort(new TorError('ABORTED'));
  }

  #bootstrap(nowMs: number): void {
    for (const attempt of this.#attempts) if (attempt.connected) return;
    if (this.#deps.haveFallbacks()) this.#launchDue(this.#fromFallbacks, 'any', nowMs);
    this.#launchDue(this.#fromAuthorities, 'authority', nowMs);
  }

  #launchDue(status: DownloadStatus, want: 'any' | 'authority', nowMs: number): void {
    if (!status.isReady(nowMs) || this.#attempts.size >= this.#options.maxInProgress) return;
    status.noteAttempt(nowMs);
    this.#launch(want);
  }

  #launch(want: 'any' | 'authority'): void {
    const attempt: Attempt = { abort: new AbortController(), connected: false };
    this.#attempts.add(attempt);
    this.#fetch(attempt, want)
      .catch((error: unknown) => this.#failed(attempt, TorError.from(error)))
      .finally(() => this.#attempts.delete(attempt));
  }

  async #fetch(attempt: Attempt, want: 'any' | 'authority'): Promise<void> {
    const source = this.#deps.sources.pick('consensus', want);
    this.#deps.logger?.info('dir', `Downloading ${this.#options.flavor} consensus from $${source.fingerprint}.`);
    const response = await this.#deps.fetcher.ask(source, {
      ...this.#request(),
      signal: attempt.abort.signal,
      onConnected: () => {
        attempt.connected = true;
        this.#deps.onConnected();
      },
    });
    if (response.status !== 200) {
      throw new TorError('DIR_STATUS', `${response.status} ${response.reason}`, { facts: { status: response.status } });
    }
    if (attempt.abort.signal.aborted) return;
    const outcome = await this.#offer(response.body);
    if (outcome.kind === 'stale') throw new TorError('DIR_STATUS', 'a consensus that is no newer than ours');
    this.abort(attempt.abort);
    this.#deps.onOutcome(outcome, source);
  }

  async #offer(body: Uint8Array): Promise<ConsensusOutcome> {
    try {
      const outcome = await this.#deps.store.offer(body);
      this.#wholeNext = false;
      return outcome;
    } catch (error) {
      this.#wholeNext = true;
      throw error;
    }
  }

  #request(): DirRequest {
    const current = this.#deps.store.current;
    const path = this.#path;
    if (current === undefined) return { method: 'GET', path };
    const isYoung = current.validAfterMs >= this.#deps.clock.now() - this.#deps.maxDiffAgeMs();
    const diff = isYoung && !this.#wholeNext;
    return {
      method: 'GET',
      path,
      ifModifiedSinceMs: modifiedSinceMs(current),
      ...(diff ? { headers: { 'X-Or-Diff-From-Consensus': base16Upper(current.digests.sha3) } } : {}),
    };
  }

  #failed(attempt: Attempt, error: TorError): void {
    if (attempt.abort.signal.aborted) return;
    this.#running.noteFailure(this.#deps.clock.now());
    const { logger } = this.#deps;
    const message = `Couldn't get a ${this.#options.flavor} consensus: ${error.message}. Trying again soon.`;
    logger?.log(error.kind === 'bug' ? 'warn' : 'info', 'dir', message);
  }
}

/** C tor's conditional path: three bytes of each authority that we believe. spec: dir-spec 6.1 */
export function consensusPath(flavor: ConsensusFlavor, authorities: readonly TrustedAuthority[]): string {
  const prefixes = authorities.map(({ v3Identity }) => base16Upper(v3Identity.subarray(0, 3))).sort();
  return `/tor/status-vote/current/consensus${flavor === 'ns' ? '' : `-${flavor}`}/${prefixes.join('+')}.z`;
}

interface Times {
  readonly validAfterMs: number;
  readonly validUntilMs: number;
}

export const isLive = (consensus: Times | undefined, nowMs: number): consensus is Times =>
  consensus !== undefined && consensus.validAfterMs <= nowMs && nowMs <= consensus.validUntilMs;

/** A day of tolerance on either side. */
export const isReasonablyLive = (consensus: Times | undefined, nowMs: number): boolean =>
  consensus !== undefined &&
  nowMs >= consensus.validAfterMs - reasonablyLiveMs &&
  nowMs <= consensus.validUntilMs + reasonablyLiveMs;

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
