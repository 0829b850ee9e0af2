import { TorError } from '../../base/errors/index.ts';
import type { Timer } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import type { CircuitClosed, OriginCircuit } from '../../protocol/circuit/index.ts';
import { DestroyReason } from '../../wire/cell/index.ts';
import type { ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import type { NetDir, Relay } from '../netdir/index.ts';
import { type BuildTimes, buildTimeParams } from './build-times.ts';
import { CircuitBuilder } from './builder.ts';
import { ExitRules } from './exit-rules.ts';
import { expireBuilding, expireIdle } from './expiry.ts';
import { FailureCount } from './failure-count.ts';
import { withNymEpoch } from './isolation.ts';
import { CircuitLauncher } from './launcher.ts';
import type { ChosenHop, CircuitNeeds, ManagedCircuit } from './managed-circuit.ts';
import type { CircuitManagerDeps, CircuitManagerOptions, LiveCircuitOptions } from './manager-options.ts';
import { CircuitNews, infoOf } from './news.ts';
import { PathBiasMonitor } from './path-bias.ts';
import { CircuitPool, type StreamNeed } from './pool.ts';
import { PredictedNeeds } from './predicted-needs.ts';
import { countsAsFailure, needsOf } from './purposes.ts';
import { StoredBuildTimes } from './stored-build-times.ts';
import { StreamAttacher } from './stream-attacher.ts';
import { CircuitSupply } from './supply.ts';
import type {
  AttachedStream,
  CircuitInfo,
  CircuitManager,
  CircuitManagerEvents,
  CircuitOptions,
  CircuitPurpose,
  CircuitTarget,
  HsState,
  Isolation,
  ResolveRequest,
  StreamRequest,
  StreamSteering,
} from './types.ts';
import { Awaited, waitWithin } from './waiting.ts';

const tickMs = 1000;
const defaultLongLivedPorts = [21, 22, 706, 1863, 5050, 5190, 5222, 5223, 6523, 6667, 6697, 8300];
const readyTimeoutMs = 60_000;
const brokenExit = (): TorError => new TorError('CIRCUIT_FAILED', 'the exit broke the protocol');

export class PooledCircuitManager implements CircuitManager {
  readonly events = new Emitter<CircuitManagerEvents>();
  readonly #deps: CircuitManagerDeps;
  readonly #options: CircuitManagerOptions;
  readonly #pool: CircuitPool;
  readonly #rules: ExitRules;
  readonly #stored: StoredBuildTimes;
  readonly #buildTimes: BuildTimes;
  readonly #predicted: PredictedNeeds;
  readonly #builder: CircuitBuilder;
  readonly #launcher: CircuitLauncher;
  readonly #supply: CircuitSupply;
  readonly #failures: FailureCount;
  readonly #news: CircuitNews;
  readonly #attacher: StreamAttacher;
  readonly #pathBias: PathBiasMonitor;
  readonly #longLived: ReadonlySet<number>;
  readonly #netdir = new Awaited<NetDir>();
  #haveExits = false;
  #nymEpoch = 0;
  #lastReadCells = 0;
  #tickTimer: Timer | undefined;
  #attachSoon = false;
  #everOpened = false;
  #closed = false;

  constructor(deps: CircuitManagerDeps, options: CircuitManagerOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#news = new CircuitNews(this.events);
    this.#failures = new FailureCount(options.newCircuitPeriodMs ?? 30_000);
    this.#pool = new CircuitPool({ maxDirtinessMs: () => this.#live.maxCircuitDirtinessMs ?? 600_000 });
    this.#longLived = new Set(options.longLivedPorts ?? defaultLongLivedPorts);
    this.#rules = new ExitRules({
      rejectInternalAddresses: options.clientRejectInternalAddresses ?? true,
      ...(options.mayExit === undefined ? {} : { mayExit: options.mayExit }),
    });
    this.#stored = new StoredBuildTimes(deps, options, (event) => this.events.emit('buildTimeout', event));
    this.#buildTimes = this.#stored.buildTimes;
    this.#predicted = new PredictedNeeds(
      deps.random,
      {
        timeoutMs: options.circuitsAvailableTimeoutMs,
        defaultTimeoutMs: () => (this.#netdir.value?.params.get('nf_conntimeout_clients') ?? 1800) * 1000,
      },
      deps.clock.monotonic(),
    );
    this.#pathBias = new PathBiasMonitor({
      guards: deps.guards,
      logger: deps.logger,
      params: () => this.#netdir.value?.params,
    });
    this.#builder = this.#makeBuilder();
    this.#launcher = new CircuitLauncher({
      ...deps,
      pool: this.#pool,
      builder: this.#builder,
      buildTimes: this.#buildTimes,
      predicted: this.#predicted,
      netdir: () => this.#netdir.value,
      onLaunched: (managed) => this.#news.tell(managed, 'launched'),
      onCannibalized: (managed, oldPurpose) => {
        this.events.emit('purpose', { info: managed.info('extended'), oldPurpose, cannibalized: true });
      },
    });
    this.#supply = new CircuitSupply(
      {
        ...deps,
        pool: this.#pool,
        rules: this.#rules,
        buildTimes: this.#buildTimes,
        predicted: this.#predicted,
        launcher: this.#launcher,
        failures: this.#failures,
        netdir: () => this.#netdir.value,
        haveExits: () => this.#haveExits,
        relayOf: this.#relayOf,
      },
      {
        ...options,
        longLivedPorts: this.#longLived,
        disablePredictedCircuits: () => this.#live.disablePredictedCircuits === true,
      },
    );
    this.#attacher = this.#makeAttacher();
    // Other guards from now on: circuits through the old ones carry no new streams.
    deps.guards?.events.on('selectionChanged', () => {
      for (const managed of this.#pool) if (!managed.owned) this.#markUnusable(managed);
    });
  }

  // Streams

  async attachStream(request: StreamRequest): Promise<AttachedStream> {
    this.#refuseWhenClosed();
    if (request.circuit !== undefined) return await this.attachTo(request.circuit, request);
    return await this.#attacher.attach(request, undefined);
  }

  async attachTo(circuit: OriginCircuit, request: StreamRequest): Promise<AttachedStream> {
    this.#refuseWhenClosed();
    return await this.#attacher.attach(request, this.#managed(circuit));
  }

  async resolve(request: ResolveRequest): Promise<readonly ResolvedAnswer[]> {
    this.#refuseWhenClosed();
    return await this.#attacher.resolve(request);
  }

  get steering(): StreamSteering {
    return {
      attach: (id, circuit) => this.#attacher.steer(id, circuit === undefined ? undefined : this.#managed(circuit)),
      redirect: (id, host, port) => this.#attacher.redirect(id, host, port),
      close: (id, reason) => this.#attacher.close(id, reason),
    };
  }

  // Circuits for roles

  async circuitTo(
    purpose: CircuitPurpose,
    target?: CircuitTarget,
    options: CircuitOptions = {},
  ): Promise<OriginCircuit> {
    this.#refuseWhenClosed();
    options.signal?.throwIfAborted();
    const needs = needsOf(purpose, options);
    if (!needs.oneHop && options.path === undefined) await this.#whenReady(options);
    if (purpose.startsWith('hs-')) this.predictInternal({ uptime: needs.uptime, capacity: true });
    let last = new TorError('CIRCUIT_FAILED');
    const attempts = options.attempts ?? (target === undefined ? 5 : 1);
    for (let i = 0; i < attempts; i++) {
      try {
        return await this.#attempt(purpose, target, needs, options);
      } catch (error) {
        last = TorError.from(error);
        if (last.code === 'ABORTED' || last.kind === 'bug' || last.code.startsWith('PATH_')) break;
      }
    }
    throw last;
  }

  async #attempt(
    purpose: CircuitPurpose,
    target: CircuitTarget | undefined,
    needs: CircuitNeeds,
    options: CircuitOptions,
  ): Promise<OriginCircuit> {
    const shared =
      purpose === 'dir' && target !== undefined
        ? this.#pool.sharedDir(this.#launcher.fingerprintOf(target), this.#deps.clock.monotonic())
        : undefined;
    const managed = shared ?? this.#launcher.launch({ purpose, needs, target, options });
    managed.owned = purpose !== 'dir';
    const circuit = await this.#waitOpen(managed, options);
    managed.dirtySinceMs ??= purpose === 'dir' ? this.#deps.clock.monotonic() : undefined;
    return circuit;
  }

  /** The circuit goes on when the caller gives up and others may use it; one that was built for the caller alone ends. */
  #waitOpen(managed: ManagedCircuit, options: CircuitOptions): Promise<OriginCircuit> {
    return waitWithin(this.#deps.timers, managed.opened.promise, {
      ...options,
      onTimeout: () => new TorError('CIRCUIT_TIMEOUT'),
      onGiveUp: (error) => {
        if (managed.owned) this.#builder.abandon(managed, error, DestroyReason.FINISHED);
      },
    });
  }

  findOpen(purpose: CircuitPurpose, tag: string, isolation?: Isolation): OriginCircuit | undefined {
    const wanted = withNymEpoch(isolation, this.#nymEpoch);
    return this.#pool.bestTagged(purpose, tag, wanted, this.#deps.clock.monotonic())?.circuit;
  }

  info(circuit: OriginCircuit): CircuitInfo | undefined {
    const managed = this.#pool.find(circuit);
    return managed === undefined ? undefined : infoOf(managed);
  }

  list(): readonly CircuitInfo[] {
    return [...this.#pool].map(infoOf);
  }

  setPurpose(circuit: OriginCircuit, purpose: CircuitPurpose, tag?: string): void {
    const managed = this.#managed(circuit);
    const oldPurpose = managed.purpose;
    managed.purpose = purpose;
    if (tag !== undefined) managed.tag = tag;
    if (oldPurpose === purpose) return;
    if (purpose === 'general') managed.owned = false;
    this.events.emit('purpose', { info: infoOf(managed), oldPurpose, cannibalized: false });
  }

  setHsState(circuit: OriginCircuit, state: HsState): void {
    const managed = this.#managed(circuit);
    managed.hsState = state;
    this.#pathBias.noteHsState(managed, state);
    this.events.emit('purpose', { info: infoOf(managed), oldPurpose: managed.purpose, cannibalized: false });
  }

  markUnusable(circuit: OriginCircuit): void {
    this.#markUnusable(this.#managed(circuit));
  }

  // Building ahead

  predictPort(port: number): void {
    this.#predicted.notePort(port, this.#deps.clock.monotonic());
  }

  predictInternal(needs: { readonly uptime: boolean; readonly capacity: boolean }): void {
    this.#predicted.noteInternal(needs, this.#deps.clock.monotonic());
  }

  /** Nobody has wanted a circuit for so long that none is likely to be needed. C tor rep_hist_circbuilding_dormant */
  get isIdle(): boolean {
    return this.#predicted.remainingMs(this.#deps.clock.monotonic()) === 0;
  }

  dropTimeouts(): void {
    this.#buildTimes.reset();
    this.#stored.save();
  }

  launchPreemptive(): void {
    if (!this.#closed) this.#supply.buildAhead();
  }

  newIdentity(): void {
    this.#nymEpoch++;
    this.retireDirty();
  }

  retireDirty(): void {
    for (const managed of this.#pool) if (managed.dirtySinceMs !== undefined) this.#markUnusable(managed);
  }

  // Life

  setNetDir(netdir: NetDir | undefined): void {
    const before = this.#netdir.value;
    this.#netdir.set(netdir);
    if (netdir === undefined) return;
    this.#haveExits = netdir.enoughDirInfo().haveExits;
    this.#buildTimes.setParams(buildTimeParams(netdir.params));
    if (netdir.validAfterMs !== before?.validAfterMs) this.#rules.forget();
    this.#attachLater();
    // The tick would come up to a second later.
    if (before === undefined && this.#tickTimer !== undefined) this.#deps.timers.soon(() => this.launchPreemptive());
  }

  start(): void {
    if (this.#tickTimer !== undefined || this.#closed) return;
    const again = (): void => {
      this.#tickTimer = undefined;
      this.#tick();
      this.start();
    };
    this.#tickTimer = this.#deps.timers.after(tickMs, again, { background: true });
  }

  closeAll(): void {
    this.#closed = true;
    this.#tickTimer?.cancel();
    this.#attacher.failAll(new TorError('ABORTED'));
    for (const managed of [...this.#pool]) {
      this.#builder.abandon(managed, new TorError('ABORTED'), DestroyReason.FINISHED);
    }
    this.#netdir.fail(new TorError('ABORTED'));
    this.#stored.save();
  }

  /** What C tor does once a second. */
  #tick(): void {
    const nowMs = this.#deps.clock.monotonic();
    this.#noteLiveness(nowMs);
    expireBuilding(this.#expiry, { circuitStreamTimeoutMs: this.#options.circuitStreamTimeoutMs ?? 0 }, nowMs);
    this.#upgradeGuardWait();
    this.#attacher.expire();
    this.#attacher.attachWaiting();
    if (this.#failures.tick(nowMs)) expireIdle(this.#expiry, nowMs);
    this.launchPreemptive();
  }

  /** spec: guard-spec 4.10: circuits that waited for a better guard. */
  #upgradeGuardWait(): void {
    const { guards } = this.#deps;
    if (guards === undefined) return;
    const upgraded = new Set(guards.upgradeWaiting());
    for (const managed of [...this.#pool]) {
      if (managed.state !== 'guard-wait' || managed.ticket === undefined) continue;
      if (upgraded.has(managed.ticket)) {
        managed.state = 'open';
        this.#onOpen(managed);
      } else if (guards.shouldExpire(managed.ticket)) {
        this.#builder.abandon(managed, new TorError('ABORTED', 'no better guard came in time'), DestroyReason.FINISHED);
      }
    }
  }

  get #live(): LiveCircuitOptions {
    return this.#options.live?.() ?? this.#options;
  }
  get #expiry(): { pool: CircuitPool; builder: CircuitBuilder; buildTimes: BuildTimes } {
    return { pool: this.#pool, builder: this.#builder, buildTimes: this.#buildTimes };
  }

  /** Any cell on any circuit means that the network is there. */
  #noteLiveness(nowMs: number): void {
    let cells = 0;
    for (const managed of this.#pool) cells += managed.circuit?.counters.readCells ?? 0;
    if (cells !== this.#lastReadCells) this.#buildTimes.noteNetworkLive(nowMs);
    this.#lastReadCells = cells;
  }

  // Pieces

  #makeBuilder(): CircuitBuilder {
    return new CircuitBuilder({
      clock: this.#deps.clock,
      maker: this.#deps.maker,
      buildTimes: this.#buildTimes,
      logger: this.#deps.logger,
      anyOpen: () => this.#pool.anyOpen,
      onFirstHop: (managed) => this.#onFirstHop(managed),
      onExtended: (managed) => {
        this.#buildTimes.noteNetworkLive(this.#deps.clock.monotonic());
        this.#pathBias.noteHop(managed);
        this.#news.tell(managed, 'extended');
      },
      onBuilt: (managed) => this.#onBuilt(managed),
      onTimedOut: (managed) => this.#news.tell(managed, 'failed', 'TIMEOUT'),
      onGone: (managed, error, closed) => this.#onGone(managed, error, closed),
    });
  }

  #makeAttacher(): StreamAttacher {
    return new StreamAttacher(
      {
        clock: this.#deps.clock,
        events: this.events,
        rules: this.#rules,
        nymEpoch: () => this.#nymEpoch,
        findOpen: (need) => this.#best(need, true),
        findOrLaunch: (need) => this.#best(need, false) ?? this.#supply.launchFor(need),
        markDirty: (managed, need) => this.#markDirty(managed, need),
        markUnusable: (managed) => this.#markUnusable(managed),
        closeBroken: (managed) => this.#builder.abandon(managed, brokenExit(), DestroyReason.NONE),
        noteUse: (managed, use) => this.#pathBias.noteUse(managed, use),
        notePort: (port) => this.predictPort(port),
      },
      {
        socksTimeoutMs: this.#options.socksTimeoutMs ?? 120_000,
        circuitStreamTimeoutMs: this.#options.circuitStreamTimeoutMs ?? 0,
        longLivedPorts: this.#longLived,
        rejectInternalAnswers: this.#options.clientDnsRejectInternalAddresses ?? true,
        leaveUnattached: () => this.#live.leaveStreamsUnattached === true,
      },
    );
  }

  readonly #relayOf = (hop: ChosenHop): Relay | undefined =>
    this.#netdir.value?.byFingerprint(hop.fingerprint) ?? hop.relay;

  #best(need: StreamNeed, open: boolean): ManagedCircuit | undefined {
    return this.#pool.bestFor(need, this.#rules, this.#relayOf, { open, nowMs: this.#deps.clock.monotonic() });
  }

  // What happens to circuits

  #onFirstHop(managed: ManagedCircuit): void {
    this.#pool.bind(managed);
    if (managed.needs.oneHop) this.events.emit('progress', { tag: 'onehop_create' });
    else {
      this.events.emit('progress', { tag: 'ap_handshake_done' });
      this.events.emit('progress', { tag: 'circuit_create' });
    }
  }

  #onBuilt(managed: ManagedCircuit): void {
    this.#failures.clear();
    this.#pathBias.noteBuilt(managed);
    if (managed.needs.oneHop) this.events.emit('progress', { tag: 'requesting_status' });
    else if (!this.#everOpened) {
      this.#everOpened = true;
      this.events.emit('progress', { tag: 'done' });
    }
    if (managed.state === 'open') this.#onOpen(managed);
    else this.#news.tell(managed, 'guard-wait');
    this.#upgradeGuardWait();
  }

  #onOpen(managed: ManagedCircuit): void {
    managed.hasOpened = true;
    this.#news.tell(managed, 'built');
    managed.opened.resolve(managed.circuit as OriginCircuit);
    if (managed.purpose !== 'general' || managed.owned) return;
    this.#attacher.attachWaiting();
    if (managed.isolation.clearUnused()) this.#attacher.attachWaiting();
  }

  #onGone(managed: ManagedCircuit, error: TorError, closed: CircuitClosed | undefined): void {
    this.#pool.remove(managed);
    this.#pathBias.noteGone(managed, error);
    if (!managed.hasOpened && countsAsFailure.has(managed.purpose) && error.code !== 'ABORTED') this.#failures.add();
    this.#news.tellGone(managed, error, closed);
    if (!this.#closed && !this.#failures.isHigh) this.#attachLater();
  }

  #markDirty(managed: ManagedCircuit, need: StreamNeed): void {
    const nowMs = this.#deps.clock.monotonic();
    // A rendezvous is dear: each use keeps it young, as in C tor.
    if (managed.purpose === 'hs-client-rend' || need.isolation?.keepsAlive === true) managed.dirtySinceMs = nowMs;
    else managed.dirtySinceMs ??= nowMs;
    managed.isolation.apply(need.isolation, true);
  }

  #markUnusable(managed: ManagedCircuit): void {
    managed.unusable = true;
    managed.dirtySinceMs = Number.NEGATIVE_INFINITY;
  }

  #managed(circuit: OriginCircuit): ManagedCircuit {
    const managed = this.#pool.find(circuit);
    if (managed === undefined) throw new TorError('CIRCUIT_FAILED', 'this circuit is closed or not ours');
    return managed;
  }

  /** At the end of the turn: what closes several circuits at once looks once for new ones. */
  #attachLater(): void {
    if (this.#attachSoon || this.#closed) return;
    this.#attachSoon = true;
    this.#deps.timers.soon(() => {
      this.#attachSoon = false;
      if (!this.#closed) this.#attacher.attachWaiting();
    });
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new TorError('ABORTED', 'the circuit manager is closed');
  }

  /** Resolves once there is a network to choose from. */
  async #whenReady(options: CircuitOptions): Promise<void> {
    if (this.#netdir.value !== undefined) return;
    await waitWithin(this.#deps.timers, this.#netdir.next(), {
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? readyTimeoutMs,
      onTimeout: () => new TorError('PATH_TOO_FEW_RELAYS', 'the directory is not there yet'),
    });
  }
}
