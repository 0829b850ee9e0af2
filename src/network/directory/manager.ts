import { base64Unpadded, fromBase16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timer, Timers } from '../../base/runtime/index.ts';
import { type Deferred, deferred, Emitter } from '../../base/util/index.ts';
import type { Consensus, Microdescriptor, TrustedAuthority } from '../../wire/netdoc/index.ts';
import type { Protover } from '../../wire/protover/index.ts';
import type { ChannelManager } from '../channels/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { GuardManager } from '../guard/index.ts';
import { type NetDir, NetDirBuilder, type NetDirOptions } from '../netdir/index.ts';
import type { DataStore } from '../storage/index.ts';
import { trackBootstrap } from './bootstrap-tracker.ts';
import { CertificateDownloads } from './certificate-downloads.ts';
import { CertificateStore } from './certificates.ts';
import { ClockSkewWatch } from './clock-skew.ts';
import { ConsensusDownloads, isReasonablyLive } from './consensus-downloads.ts';
import { type ConsensusOutcome, ConsensusStore } from './consensus-store.ts';
import { DirFetcher } from './fetcher.ts';
import { MicrodescDownloads } from './microdesc-downloads.ts';
import { MicrodescStore } from './microdesc-store.ts';
import { BootstrapProgress, isBootstrapTag } from './progress.ts';
import { checkProtocols } from './protocols.ts';
import { DirServers, type DirServersOptions } from './servers.ts';
import { type DirSource, DirSources } from './sources.ts';
import type { BootstrapStatus, DirectoryEvents, DirectoryManager } from './types.ts';

export interface DirectoryManagerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Where `cached-*` and `unverified-*` are. */
  readonly store: DataStore;
  /** Brings the circuits for requests. Is given each snapshot by `setNetDir`; undefined while too little is known. */
  readonly circuits: Pick<CircuitManager, 'circuitTo' | 'setNetDir' | 'events'>;
  /** Chooses directory guards once there is a network. Is given each snapshot by `setNetDir`. None: any cache is asked. */
  readonly guards?: Pick<GuardManager, 'pick' | 'setNetDir' | 'noteOutdated' | 'missingDescriptors' | 'events'>;
  /** Heard for the bootstrap phases and for clock skew that authorities tell in NETINFO. */
  readonly channels?: Pick<ChannelManager, 'events'>;
  readonly logger?: Logger | undefined;
}

/** Options by the names of the manual page. Delays in seconds, as there. */
export interface DirectoryManagerOptions extends DirServersOptions {
  /** Flavour that paths are chosen from; default `microdesc`. */
  readonly flavor?: 'microdesc' | 'ns';
  readonly netdir?: NetDirOptions;
  /** Directory caches and authorities: fetch early, from authorities, and keep what others ask for. */
  readonly isCache?: boolean;
  /** A public relay: one consensus request at a time, no directory guards. */
  readonly isRelay?: boolean;
  readonly useBridges?: boolean;
  readonly fetchDirInfoEarly?: boolean;
  readonly fetchDirInfoExtraEarly?: boolean;
  /** ClientBootstrapConsensus...; 3 tries, 6, 0 and 0 seconds. */
  readonly bootstrapMaxInProgressTries?: number;
  readonly bootstrapAuthorityDelaySec?: number;
  readonly bootstrapFallbackDelaySec?: number;
  readonly bootstrapAuthorityOnlyDelaySec?: number;
  /** TestingClientConsensusDownloadInitialDelay, TestingServerConsensusDownloadInitialDelay. */
  readonly consensusDelaySec?: number;
  /** TestingClientDownloadInitialDelay, TestingServerDownloadInitialDelay. */
  readonly downloadDelaySec?: number;
  /** TestingClientMaxIntervalWithoutRequest; default 10 minutes. */
  readonly maxIntervalWithoutRequestMs?: number;
  /** TestingDirConnectionMaxStall; default 5 minutes. */
  readonly stallTimeoutMs?: number;
  /** What we speak, for the warning that we are too old; none: no check. */
  readonly protocols?: Protover;
  /** False while nothing may be asked: DisableNetwork, hibernation, no bridge that could work, dormancy. */
  readonly mayFetch?: () => boolean;
  readonly ownFingerprint?: () => string | undefined;
}

const tickMs = 1000;
const cleanEveryMs = 30 * 60_000;
const maxPerRequest = { client: 500, relay: 90 };

/** The client's directory work: one object that reads, fetches, checks and keeps what is known of the network. */
export class TorDirectoryManager implements DirectoryManager {
  readonly events = new Emitter<DirectoryEvents>();
  readonly #deps: DirectoryManagerDeps;
  readonly #options: DirectoryManagerOptions;
  readonly #authorities: readonly TrustedAuthority[];
  readonly #servers: DirServers;
  readonly #progress: BootstrapProgress;
  readonly #skew: ClockSkewWatch;
  readonly #sources: DirSources;
  readonly #certificates: CertificateStore;
  readonly #consensuses: ConsensusStore;
  readonly #microdescs: MicrodescStore;
  readonly #certificateDownloads: CertificateDownloads;
  readonly #consensusDownloads: ConsensusDownloads;
  readonly #microdescDownloads: MicrodescDownloads;
  readonly #ends: (() => void)[] = [];
  #builder: { readonly consensus: Consensus; readonly builder: NetDirBuilder } | undefined;
  #netdir: NetDir | undefined;
  #ready: Deferred<NetDir> = newReady();
  #enough = false;
  #timer: Timer | undefined;
  #nextCleanMs = 0;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(deps: DirectoryManagerDeps, options: DirectoryManagerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#authorities = options.authorities.flatMap(({ v3Ident, nickname }) =>
      v3Ident === undefined ? [] : [{ v3Identity: fromBase16(v3Ident), nickname }],
    );
    this.#servers = new DirServers(deps.random, options);
    this.#progress = new BootstrapProgress(deps.logger, (status) => this.events.emit('progress', status));
    this.#skew = new ClockSkewWatch({
      logger: deps.logger,
      onSkew: (skew, warning) => {
        this.events.emit('clockSkew', skew);
        if (skew.trusted) this.#progress.problem(warning, 'CLOCK_SKEW', { warn: true });
      },
    });
    this.#sources = this.#makeSources();
    this.#certificates = new CertificateStore(deps, {
      authorities: this.#authorities,
      keepUnknown: options.isCache === true,
      initialDelaySec: options.downloadDelaySec ?? 0,
    });
    this.#consensuses = new ConsensusStore(
      { ...deps, certificates: () => this.#certificates.all },
      { flavor: options.flavor ?? 'microdesc', authorities: this.#authorities },
    );
    this.#microdescs = new MicrodescStore(deps);
    const fetcher = new DirFetcher(
      { ...deps, sources: this.#sources, skew: this.#skew },
      { stallTimeoutMs: options.stallTimeoutMs },
    );
    this.#certificateDownloads = this.#makeCertificateDownloads(fetcher);
    this.#consensusDownloads = this.#makeConsensusDownloads(fetcher);
    this.#microdescDownloads = this.#makeMicrodescDownloads(fetcher);
  }

  get netdir(): NetDir | undefined {
    return this.#netdir;
  }

  get status(): BootstrapStatus {
    return this.#progress.status;
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#progress.start();
    this.#ends.push(this.#track());
    await this.#certificates.load();
    await this.#consensuses.load();
    await this.#microdescs.load();
    if (this.#isStopped) return;
    const { current } = this.#consensuses;
    if (current !== undefined) this.#useConsensus(current, true);
    this.#tick();
  }

  async whenReady(signal?: AbortSignal): Promise<NetDir> {
    if (this.#enough && this.#netdir !== undefined) return this.#netdir;
    if (this.#isStopped) throw new TorError('ABORTED');
    if (signal === undefined) return await this.#ready.promise;
    if (signal.aborted) throw TorError.from(signal.reason, 'ABORTED');
    const aborted = deferred<never>();
    const onAbort = (): void => aborted.reject(TorError.from(signal.reason, 'ABORTED'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#ready.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  noteProgress(tag: string): void {
    if (isBootstrapTag(tag)) this.#progress.reach(tag);
  }

  poke(): void {
    this.#certificates.resetDownloads();
    this.#consensusDownloads.reset();
    this.#microdescDownloads.reset();
    this.#update();
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#state = 'stopped';
    this.#timer?.cancel();
    for (const end of this.#ends) end();
    this.#certificateDownloads.abort();
    this.#consensusDownloads.abort();
    this.#microdescDownloads.abort();
    this.#ready.reject(new TorError('ABORTED'));
    await this.#microdescs.flushed();
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  // Life

  #tick(): void {
    if (this.#isStopped) return;
    this.#update();
    this.#clean();
    this.#timer = this.#deps.timers.after(tickMs, () => this.#tick(), { background: true });
  }

  /** Starts whatever is due. */
  #update(): void {
    if (this.#state !== 'running') return;
    const isUsable = isReasonablyLive(this.#consensuses.current, this.#deps.clock.now());
    // The clock went on, or jumped: what was usable may not be, and the other way round.
    if (isUsable !== (this.#netdir !== undefined)) this.#publish();
    if (this.#options.mayFetch?.() === false) return;
    this.#consensusDownloads.update();
    if (this.#consensuses.missingCertificates.length > 0) {
      this.#certificateDownloads.update(this.#consensuses.missingCertificates);
    }
    if (isUsable) this.#microdescDownloads.update();
  }

  #clean(): void {
    const nowMs = this.#deps.clock.monotonic();
    if (nowMs < this.#nextCleanMs) return;
    this.#nextCleanMs = nowMs + cleanEveryMs;
    void this.#certificates.removeOld();
    const { current } = this.#consensuses;
    if (current === undefined || !isReasonablyLive(current, this.#deps.clock.now())) return;
    const listed = new Set(current.relays.map((relay) => base64Unpadded(relay.descriptorDigest)));
    this.#microdescs.removeOld((key) => listed.has(key));
    void this.#microdescs.rebuildIfWorthwhile();
  }

  // News

  #onOutcome(outcome: ConsensusOutcome, source?: DirSource): void {
    if (outcome.kind === 'waiting') {
      this.#certificateDownloads.update(this.#consensuses.missingCertificates, source);
    } else if (outcome.kind === 'accepted') {
      this.#useConsensus(outcome.consensus, false);
      if (this.#consensuses.missingCertificates.length > 0) {
        this.#certificateDownloads.update(this.#consensuses.missingCertificates, source);
      }
      this.#update();
    }
  }

  async #onCertificates(source: DirSource): Promise<void> {
    try {
      const outcome = await this.#consensuses.recheck();
      if (outcome !== undefined) this.#onOutcome(outcome, source);
    } catch (error) {
      this.#deps.logger?.warn('dir', `The consensus that waited is no good: ${TorError.from(error).message}`);
    }
  }

  #useConsensus(consensus: Consensus, fromCache: boolean): void {
    this.#checkProtocols(consensus);
    this.#skew.noteConsensus(consensus, this.#deps.clock.now());
    this.#consensusDownloads.noteConsensus(consensus, fromCache);
    if (consensus.flavor === 'microdesc') this.#microdescDownloads.noteConsensus(consensus);
    this.#sources.forgetFailures();
    this.events.emit('consensus', { validAfterMs: consensus.validAfterMs, bytes: consensus.text.length });
    this.#publish();
  }

  #checkProtocols(consensus: Consensus): void {
    const { protocols, isRelay } = this.#options;
    if (protocols === undefined) return;
    const verdict = checkProtocols(consensus, protocols, isRelay === true ? 'relay' : 'client');
    if (verdict === undefined) return;
    this.#deps.logger?.log(verdict.required ? 'err' : 'warn', 'general', verdict.message);
    this.events.emit('protocols', { missing: verdict.missing, required: verdict.required });
  }

  #onMicrodescs(added: readonly Microdescriptor[]): void {
    this.#publish();
    this.events.emit(
      'microdescs',
      added.map((microdesc) => base64Unpadded(microdesc.digest)),
    );
  }

  /** Makes a new snapshot of what is known and tells everybody. */
  #publish(): void {
    const { current } = this.#consensuses;
    const nowMs = this.#deps.clock.now();
    if (current === undefined || !isReasonablyLive(current, nowMs)) {
      this.#netdir = undefined;
      this.#deps.guards?.setNetDir(undefined);
      this.#setEnough(false, `We have no ${current === undefined ? '' : 'recent '}usable consensus.`);
      return;
    }
    if (this.#builder?.consensus !== current) {
      this.#builder = { consensus: current, builder: new NetDirBuilder(current) };
    }
    const lookup = { microdesc: (digest: Uint8Array) => this.#microdescs.get(digest) };
    const netdir = this.#builder.builder.build(lookup, this.#options.netdir);
    this.#netdir = netdir;
    this.#deps.guards?.setNetDir(netdir);
    this.events.emit('netdir', netdir);
    this.#judge(netdir);
  }

  /** spec: path-spec 2.1.1 */
  #judge(netdir: NetDir): void {
    const status = netdir.enoughDirInfo();
    if (!status.enough) {
      this.#progress.reach('requesting_descriptors');
      const share = status.pathFraction / status.threshold;
      if (status.usableDescriptors > 0) this.#progress.reach('loading_descriptors', 50 + Math.floor(share * 24));
    }
    const missing = status.enough ? this.#deps.guards?.missingDescriptors() : status.reason;
    this.#setEnough(missing === undefined, missing ?? '');
  }

  #setEnough(enough: boolean, reason: string): void {
    const had = this.#enough;
    this.#enough = enough;
    this.#deps.circuits.setNetDir(enough ? this.#netdir : undefined);
    if (enough && this.#netdir !== undefined) this.#ready.resolve(this.#netdir);
    if (enough === had) {
      if (!enough && this.#netdir !== undefined) this.#deps.logger?.info('dir', reason);
      return;
    }
    if (enough) {
      this.#deps.logger?.info('dir', 'We now have enough directory information to build circuits.');
      this.#progress.reach('enough_dirinfo');
    } else {
      this.#ready = newReady();
      const message = `Our directory information is no longer up-to-date enough to build circuits: ${reason}`;
      this.#deps.logger?.notice('dir', message);
    }
    this.events.emit('enough', { enough, reason });
  }

  // Pieces

  #track(): () => void {
    return trackBootstrap({
      ...this.#deps,
      progress: this.#progress,
      skew: this.#skew,
      enough: () => this.#enough,
      isAuthority: (fingerprint) => this.#servers.isAuthority(fingerprint),
    });
  }

  #makeSources(): DirSources {
    const { useBridges, isCache, fetchDirInfoEarly, ownFingerprint } = this.#options;
    return new DirSources(
      { ...this.#deps, servers: this.#servers, netdir: () => this.#netdir },
      {
        useBridges: useBridges === true,
        preferAuthorities: isCache === true || fetchDirInfoEarly === true,
        ...(ownFingerprint === undefined ? {} : { ownFingerprint }),
      },
    );
  }

  #makeCertificateDownloads(fetcher: DirFetcher): CertificateDownloads {
    return new CertificateDownloads({
      store: this.#certificates,
      sources: this.#sources,
      fetcher,
      logger: this.#deps.logger,
      onConnected: () => {
        if (this.#consensuses.isWaiting) this.#progress.reach('loading_keys');
      },
      onArrived: (source) => void this.#onCertificates(source),
    });
  }

  #makeConsensusDownloads(fetcher: DirFetcher): ConsensusDownloads {
    const options = this.#options;
    const early = options.isCache === true || options.fetchDirInfoEarly === true;
    const plain = options.useBridges === true ? 'bridge-client' : early ? 'cache' : 'client';
    return new ConsensusDownloads(
      {
        ...this.#deps,
        store: this.#consensuses,
        sources: this.#sources,
        fetcher,
        haveFallbacks: () => this.#servers.haveFallbacks,
        onConnected: () => this.#progress.reach('loading_status'),
        onOutcome: (outcome, source) => this.#onOutcome(outcome, source),
        maxDiffAgeMs: () => (this.#netdir?.params.get('try-diff-for-consensus-newer-than') ?? 72) * 3_600_000,
      },
      {
        flavor: options.flavor ?? 'microdesc',
        authorities: this.#authorities,
        schedule: early && options.fetchDirInfoExtraEarly === true ? 'extra-early' : plain,
        multiple: options.isRelay !== true,
        maxInProgress: options.bootstrapMaxInProgressTries ?? 3,
        authorityDelaySec: options.bootstrapAuthorityDelaySec ?? 6,
        fallbackDelaySec: options.bootstrapFallbackDelaySec ?? 0,
        authorityOnlyDelaySec: options.bootstrapAuthorityOnlyDelaySec ?? 0,
        delaySec: options.consensusDelaySec ?? 0,
      },
    );
  }

  #makeMicrodescDownloads(fetcher: DirFetcher): MicrodescDownloads {
    const options = this.#options;
    return new MicrodescDownloads(
      {
        ...this.#deps,
        store: this.#microdescs,
        sources: this.#sources,
        fetcher,
        haveEnough: () => this.#enough,
        onConnected: () => this.#progress.reach('loading_descriptors'),
        onAdded: (added) => this.#onMicrodescs(added),
      },
      {
        delaySec: options.downloadDelaySec ?? 0,
        early: options.isCache === true || options.fetchDirInfoEarly === true,
        maxDelayMs: options.maxIntervalWithoutRequestMs ?? 600_000,
        maxPerRequest: options.isRelay === true ? maxPerRequest.relay : maxPerRequest.client,
      },
    );
  }
}

/** Nobody may be waiting when it is rejected. */
function newReady(): Deferred<NetDir> {
  const ready = deferred<NetDir>();
  ready.promise.catch(() => undefined);
  return ready;
}
