import { base64Unpadded, fromBase16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Timer } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import type {
  AuthorityCertificate,
  CertificateName,
  Consensus,
  ConsensusFlavor,
  Microdescriptor,
  TrustedAuthority,
} from '../../wire/netdoc/index.ts';
import type { NetDir } from '../netdir/index.ts';
import { BatchDownloads, type BatchKind } from './batch-downloads.ts';
import { trackBootstrap } from './bootstrap-tracker.ts';
import { BridgeDescriptors } from './bridges.ts';
import { CertificateDownloads } from './certificate-downloads.ts';
import { CertificateStore } from './certificates.ts';
import { ClockSkewWatch } from './clock-skew.ts';
import { ConsensusDownloads, isReasonablyLive } from './consensus-downloads.ts';
import { type ConsensusOutcome, ConsensusStore } from './consensus-store.ts';
import { DescriptorStore, type KeptDescriptor } from './descriptor-store.ts';
import { DirFetcher } from './fetcher.ts';
import { descriptorKind, microdescKind } from './kinds.ts';
import type { DirectoryManagerDeps, DirectoryManagerOptions } from './manager-options.ts';
import { MicrodescStore } from './microdesc-store.ts';
import { NetworkView } from './network-view.ts';
import { BootstrapProgress, isBootstrapTag } from './progress.ts';
import { checkProtocols } from './protocols.ts';
import { DirServers } from './servers.ts';
import { type DirSource, DirSources } from './sources.ts';
import type { BootstrapStatus, DirDocuments, DirectoryEvents, DirectoryManager } from './types.ts';

const tickMs = 1000;
const cleanEveryMs = 30 * 60_000;
const maxPerRequest = { client: 500, relayMicrodescs: 90, relayDescriptors: 96 };

/** Everything about one flavour: its consensus, when to fetch the next, and the descriptors that it names. */
interface Keeper {
  readonly flavor: ConsensusFlavor;
  readonly consensuses: ConsensusStore;
  readonly downloads: ConsensusDownloads;
  readonly descriptors: BatchDownloads;
}

/** Reads, fetches, checks and keeps what is known of the network. */
export class TorDirectoryManager implements DirectoryManager, DirDocuments {
  readonly events = new Emitter<DirectoryEvents>();
  readonly #deps: DirectoryManagerDeps;
  readonly #options: DirectoryManagerOptions;
  readonly #authorities: readonly TrustedAuthority[];
  readonly #servers: DirServers;
  readonly #progress: BootstrapProgress;
  readonly #skew: ClockSkewWatch;
  readonly #sources: DirSources;
  readonly #fetcher: DirFetcher;
  readonly #certificates: CertificateStore;
  readonly #certificateDownloads: CertificateDownloads;
  readonly #microdescs: MicrodescStore;
  readonly #descriptors: DescriptorStore;
  readonly #view: NetworkView;
  /** The flavour that paths are chosen from comes first. */
  readonly #keepers: readonly Keeper[];
  readonly #main: Keeper;
  readonly #bridges: BridgeDescriptors | undefined;
  readonly #ends: (() => void)[] = [];
  #timer: Timer | undefined;
  #nextCleanMs = 0;
  /** Something about guards changed: whether enough is known may have another answer. */
  #guardsChanged = false;
  #state: 'new' | 'loading' | 'running' | 'stopped' = 'new';

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
    const { stallTimeoutMs } = options;
    this.#fetcher = new DirFetcher({ ...deps, sources: this.#sources, skew: this.#skew }, { stallTimeoutMs });
    this.#certificates = new CertificateStore(deps, {
      authorities: this.#authorities,
      keepUnknown: options.isCache === true,
      initialDelaySec: options.downloadDelaySec ?? 0,
    });
    this.#certificateDownloads = this.#makeCertificateDownloads();
    this.#microdescs = new MicrodescStore(deps);
    this.#descriptors = new DescriptorStore(deps, { keepWhole: options.flavor === 'ns' });
    this.#view = this.#makeView();
    this.#bridges = this.#makeBridges();
    const usable = options.flavor ?? 'microdesc';
    this.#main = this.#makeKeeper(usable);
    const other = usable === 'ns' ? 'microdesc' : 'ns';
    this.#keepers = options.isCache === true ? [this.#main, this.#makeKeeper(other)] : [this.#main];
  }

  get netdir(): NetDir | undefined {
    return this.#view.netdir;
  }

  get status(): BootstrapStatus {
    return this.#progress.status;
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'loading';
    this.#progress.start();
    this.#ends.push(this.#track());
    this.#bridges?.start();
    const offGuards = this.#deps.guards?.events.on('dirInfoChanged', () => {
      this.#guardsChanged = true;
    });
    if (offGuards !== undefined) this.#ends.push(offGuards);
    await this.#certificates.load();
    for (const { consensuses } of this.#keepers) await consensuses.load();
    if (this.#keeps('microdesc')) await this.#microdescs.load();
    if (this.#keeps('ns')) await this.#descriptors.load();
    if (this.#isStopped) return;
    this.#state = 'running';
    for (const keeper of this.#keepers) {
      if (keeper.consensuses.current !== undefined) this.#useConsensus(keeper, keeper.consensuses.current, true);
    }
    this.#tick();
  }

  async whenReady(signal?: AbortSignal): Promise<NetDir> {
    if (this.#isStopped) throw new TorError('ABORTED');
    return await this.#view.whenReady(signal);
  }

  noteProgress(tag: string): void {
    if (isBootstrapTag(tag)) this.#progress.reach(tag);
  }

  poke(): void {
    this.#bridges?.reset();
    this.#certificates.resetDownloads();
    for (const { downloads, descriptors } of this.#keepers) {
      downloads.reset();
      descriptors.reset();
    }
    this.#update();
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#state = 'stopped';
    this.#timer?.cancel();
    for (const end of this.#ends) end();
    this.#bridges?.abort();
    this.#certificateDownloads.abort();
    for (const { downloads, descriptors } of this.#keepers) {
      downloads.abort();
      descriptors.abort();
    }
    this.#view.stop();
    await this.#microdescs.flushed();
    await this.#descriptors.flushed();
  }

  // Documents, for those who serve them

  consensus(flavor: ConsensusFlavor): Consensus | undefined {
    return this.#keepers.find((keeper) => keeper.flavor === flavor)?.consensuses.current;
  }

  certificates(): readonly AuthorityCertificate[] {
    return this.#certificates.all;
  }

  microdescriptor(digest: Uint8Array): Microdescriptor | undefined {
    return this.#microdescs.get(digest);
  }

  descriptor(digest: Uint8Array): KeptDescriptor | undefined {
    return this.#descriptors.get(digest);
  }

  descriptorOf(rsaId: Uint8Array): KeptDescriptor | undefined {
    return this.#descriptors.ofRelay(rsaId);
  }

  descriptorsOfAll(): Iterable<KeptDescriptor> {
    return this.#descriptors.newest();
  }

  /** A consensus that came another way: we are an authority and made it. Rejects with NETDOC_*, CONSENSUS_NOT_TRUSTED. */
  async offerConsensus(flavor: ConsensusFlavor, text: Uint8Array): Promise<void> {
    const keeper = this.#keepers.find((each) => each.flavor === flavor);
    if (keeper === undefined) return;
    this.#onOutcome(keeper, await keeper.consensuses.offer(text));
  }

  /** Certificates that came another way: our own. Rejects with NETDOC_SYNTAX. */
  async offerCertificates(text: Uint8Array): Promise<void> {
    if ((await this.#certificates.addDownloaded(text)) > 0) await this.#onCertificates();
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #keeps(flavor: ConsensusFlavor): boolean {
    return this.#keepers.some((keeper) => keeper.flavor === flavor);
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
    const nowMs = this.#deps.clock.now();
    const isUsable = isReasonablyLive(this.#main.consensuses.current, nowMs);
    // The clock went on, or jumped: what was usable may not be, and the other way round.
    if (isUsable !== (this.#view.netdir !== undefined)) this.#publish();
    else if (this.#guardsChanged) this.#view.judge();
    this.#guardsChanged = false;
    if (this.#options.mayFetch?.() === false) return;
    this.#bridges?.update();
    // None that is known could work: C tor waits as well.
    if (this.#bridges !== undefined && this.#deps.guards?.usableBridges({ countMaybe: true }) === 0) return;
    const isIdle = this.#options.isCache !== true && this.#options.isIdle?.() === true;
    for (const { consensuses, downloads, descriptors } of this.#keepers) {
      downloads.update();
      const missing = consensuses.missingCertificates;
      if (missing.length > 0) this.#certificateDownloads.update(missing);
      if (!isIdle && isReasonablyLive(consensuses.current, nowMs)) descriptors.update();
    }
  }

  #clean(): void {
    const nowMs = this.#deps.clock.monotonic();
    if (nowMs < this.#nextCleanMs) return;
    this.#nextCleanMs = nowMs + cleanEveryMs;
    void this.#certificates.removeOld();
    for (const { flavor, consensuses } of this.#keepers) {
      const { current } = consensuses;
      if (current === undefined || !isReasonablyLive(current, this.#deps.clock.now())) continue;
      const store = flavor === 'ns' ? this.#descriptors : this.#microdescs;
      const keyOf = this.#kindOf(flavor).keyOf;
      const listed = new Set(current.relays.map((relay) => keyOf(relay.descriptorDigest)));
      store.removeOld((key) => listed.has(key));
      void store.rebuildIfWorthwhile();
    }
  }

  // News

  #onOutcome(keeper: Keeper, outcome: ConsensusOutcome, source?: DirSource): void {
    const needed = (): readonly CertificateName[] => keeper.consensuses.missingCertificates;
    if (outcome.kind === 'waiting') this.#certificateDownloads.update(needed(), source);
    else if (outcome.kind === 'accepted') {
      this.#useConsensus(keeper, outcome.consensus, false);
      if (needed().length > 0) this.#certificateDownloads.update(needed(), source);
      this.#update();
    }
  }

  async #onCertificates(source?: DirSource): Promise<void> {
    for (const keeper of this.#keepers) {
      try {
        const outcome = await keeper.consensuses.recheck();
        if (outcome !== undefined) this.#onOutcome(keeper, outcome, source);
      } catch (error) {
        this.#deps.logger?.warn('dir', `The consensus that waited is no good: ${TorError.from(error).message}`);
      }
    }
  }

  #useConsensus(keeper: Keeper, consensus: Consensus, fromCache: boolean): void {
    const isMain = keeper === this.#main;
    if (isMain) this.#checkProtocols(consensus);
    this.#skew.noteConsensus(consensus, this.#deps.clock.now());
    keeper.downloads.noteConsensus(consensus, fromCache);
    keeper.descriptors.noteConsensus(consensus);
    this.#sources.forgetFailures();
    const { flavor, validAfterMs, text } = consensus;
    this.events.emit('consensus', { flavor, validAfterMs, bytes: text.length });
    if (isMain) this.#publish();
  }

  #checkProtocols(consensus: Consensus): void {
    const { protocols, isRelay } = this.#options;
    if (protocols === undefined) return;
    const verdict = checkProtocols(consensus, protocols, isRelay === true ? 'relay' : 'client');
    if (verdict === undefined) return;
    this.#deps.logger?.log(verdict.required ? 'err' : 'warn', 'general', verdict.message);
    this.events.emit('protocols', { missing: verdict.missing, required: verdict.required });
  }

  #publish(): void {
    const { current } = this.#main.consensuses;
    if (current === undefined || !isReasonablyLive(current, this.#deps.clock.now())) {
      this.#view.clear(`We have no ${current === undefined ? '' : 'recent '}usable consensus.`);
    } else this.#view.publish(current);
  }

  // Pieces

  #track(): () => void {
    return trackBootstrap({
      ...this.#deps,
      progress: this.#progress,
      skew: this.#skew,
      enough: () => this.#view.enough,
      isAuthority: (fingerprint) => this.#servers.isAuthority(fingerprint),
    });
  }

  get #useBridges(): boolean {
    return (this.#options.bridges?.length ?? 0) > 0;
  }

  #makeBridges(): BridgeDescriptors | undefined {
    const { bridges, bridgeBootstrapDelaySec, bridgeDelaySec, stallTimeoutMs } = this.#options;
    const { guards } = this.#deps;
    if (bridges === undefined || bridges.length === 0 || guards === undefined) return undefined;
    return new BridgeDescriptors(
      { ...this.#deps, guards, onFirstUsable: () => this.poke() },
      { bridges, bootstrapDelaySec: bridgeBootstrapDelaySec, delaySec: bridgeDelaySec, stallTimeoutMs },
    );
  }

  get #fetchesEarly(): boolean {
    const { fetchFromAuthorities, isCache, fetchDirInfoEarly } = this.#options;
    return fetchDirInfoEarly === true || (fetchFromAuthorities ?? isCache === true);
  }

  /** Public relays and those who fetch in unusual ways ask any cache. C tor should_use_directory_guards */
  get #usesGuards(): boolean {
    const { isRelay, useEntryGuards, fetchDirInfoEarly, fetchDirInfoExtraEarly } = this.#options;
    if (this.#useBridges) return true;
    return isRelay !== true && useEntryGuards !== false && !fetchDirInfoEarly && !fetchDirInfoExtraEarly;
  }

  #makeSources(): DirSources {
    const { ownFingerprint } = this.#options;
    const guards = this.#usesGuards ? this.#deps.guards : undefined;
    return new DirSources(
      { ...this.#deps, guards, servers: this.#servers, netdir: () => this.#view.netdir },
      {
        useBridges: this.#useBridges,
        preferAuthorities: this.#fetchesEarly,
        ...(ownFingerprint === undefined ? {} : { ownFingerprint }),
      },
    );
  }

  #makeView(): NetworkView {
    return new NetworkView(
      {
        ...this.#deps,
        progress: this.#progress,
        lookup: {
          microdesc: (digest) => this.#microdescs.get(digest),
          descriptor: (digest) => this.#descriptors.get(digest)?.whole,
        },
        onNetDir: (netdir) => this.events.emit('netdir', netdir),
        onEnough: (enough, reason) => this.events.emit('enough', { enough, reason }),
      },
      this.#options.netdir,
    );
  }

  #makeCertificateDownloads(): CertificateDownloads {
    return new CertificateDownloads({
      store: this.#certificates,
      sources: this.#sources,
      fetcher: this.#fetcher,
      logger: this.#deps.logger,
      onConnected: () => {
        if (this.#main.consensuses.isWaiting) this.#progress.reach('loading_keys');
      },
      onArrived: (source) => void this.#onCertificates(source),
    });
  }

  #makeKeeper(flavor: ConsensusFlavor): Keeper {
    const consensuses = new ConsensusStore(
      { ...this.#deps, certificates: () => this.#certificates.all },
      { flavor, authorities: this.#authorities },
    );
    const keeper: Keeper = {
      flavor,
      consensuses,
      downloads: this.#makeConsensusDownloads(flavor, consensuses, (outcome, source) =>
        this.#onOutcome(keeper, outcome, source),
      ),
      descriptors: this.#makeBatchDownloads(flavor),
    };
    return keeper;
  }

  #makeConsensusDownloads(
    flavor: ConsensusFlavor,
    store: ConsensusStore,
    onOutcome: (outcome: ConsensusOutcome, source: DirSource) => void,
  ): ConsensusDownloads {
    const options = this.#options;
    const early = this.#fetchesEarly;
    const plain = this.#useBridges ? 'bridge-client' : early ? 'cache' : 'client';
    const isMain = flavor === (options.flavor ?? 'microdesc');
    return new ConsensusDownloads(
      {
        ...this.#deps,
        store,
        sources: this.#sources,
        fetcher: this.#fetcher,
        haveFallbacks: () => !early && this.#servers.haveFallbacks,
        onConnected: () => this.#progress.reach('loading_status'),
        onOutcome,
        maxDiffAgeMs: () => (this.#view.netdir?.params.get('try-diff-for-consensus-newer-than') ?? 72) * 3_600_000,
      },
      {
        flavor,
        authorities: this.#authorities,
        schedule: early && options.fetchDirInfoExtraEarly === true ? 'extra-early' : plain,
        multiple: options.isRelay !== true && isMain,
        maxInProgress: options.bootstrapMaxInProgressTries ?? 3,
        authorityDelaySec: options.bootstrapAuthorityDelaySec ?? 6,
        fallbackDelaySec: options.bootstrapFallbackDelaySec ?? 0,
        authorityOnlyDelaySec: options.bootstrapAuthorityOnlyDelaySec ?? 0,
        delaySec: options.consensusDelaySec ?? 0,
      },
    );
  }

  #kindOf(flavor: ConsensusFlavor): BatchKind {
    return flavor === 'ns'
      ? descriptorKind(this.#descriptors, () => {
          if (this.#main.flavor === 'ns') this.#publish();
        })
      : microdescKind(this.#microdescs, (added) => {
          this.#publish();
          this.events.emit(
            'microdescs',
            added.map((microdesc) => base64Unpadded(microdesc.digest)),
          );
        });
  }

  #makeBatchDownloads(flavor: ConsensusFlavor): BatchDownloads {
    const { downloadDelaySec, maxIntervalWithoutRequestMs, isRelay } = this.#options;
    const forRelay = flavor === 'ns' ? maxPerRequest.relayDescriptors : maxPerRequest.relayMicrodescs;
    return new BatchDownloads(
      {
        ...this.#deps,
        kind: this.#kindOf(flavor),
        sources: this.#sources,
        fetcher: this.#fetcher,
        haveEnough: () => this.#view.enough,
        onConnected: () => this.#progress.reach('loading_descriptors'),
      },
      {
        delaySec: downloadDelaySec ?? 0,
        early: this.#fetchesEarly,
        maxDelayMs: maxIntervalWithoutRequestMs ?? 600_000,
        maxPerRequest: isRelay === true ? forRelay : maxPerRequest.client,
      },
    );
  }
}
