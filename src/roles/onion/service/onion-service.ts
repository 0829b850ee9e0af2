import { setMaxListeners } from 'node:events';
import { base16, base16Upper } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Random, Timer, Timers } from '../../../base/runtime/index.ts';
import { Emitter } from '../../../base/util/index.ts';
import type { ExpandedKey } from '../../../crypto/primitives/index.ts';
import type { CircuitManager } from '../../../network/circuits/index.ts';
import type { DirectoryManager, DirRequester } from '../../../network/directory/index.ts';
import {
  chooseRelay,
  type NetDir,
  type Relay,
  type RingKey,
  sharedRandomRunStartSec,
} from '../../../network/netdir/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import { type IntroDosParams, RelayCommand } from '../../../wire/relaymsg/index.ts';
import { onionHostname, onionLabel } from '../common/address.ts';
import { encodeDescriptor } from './encode-descriptor.ts';
import type { OnionServiceEvents } from './events.ts';
import { ServiceIntroPoint } from './intro-point.ts';
import { goToRendezvous, type Introduction, openIntroduction } from './introduction.ts';
import { PeriodDescriptor } from './period-descriptor.ts';
import type { ServicePort } from './port-map.ts';
import { upload } from './publisher.ts';
import { ReplayCache } from './replay-cache.ts';
import { type StreamRules, StreamServer } from './stream-server.ts';

export interface OnionServiceDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly circuits: Pick<CircuitManager, 'circuitTo' | 'predictInternal' | 'setHsState' | 'setPurpose'>;
  readonly directory: Pick<DirectoryManager, 'events' | 'netdir'>;
  readonly dirRequest: DirRequester;
}

export interface OnionServiceOptions extends StreamRules {
  readonly identity: ExpandedKey;
  readonly ports: readonly ServicePort[];
  /** HiddenServiceNumIntroductionPoints, up to 20; default 3. */
  readonly introPoints?: number;
  /** HiddenServiceEnableIntroDoSDefense with its rates; undefined leaves it to the introduction point. */
  readonly introDos?: IntroDosParams;
  /** x25519 public keys of the only clients that may connect; empty: everyone. */
  readonly authorizedClients?: readonly Uint8Array[];
  /** HiddenServiceSingleHopMode: not anonymous, one hop. */
  readonly singleHop?: boolean;
  /** Relays never chosen as introduction points: ExcludeNodes. */
  readonly excluded?: (relay: Relay) => boolean;
  /** Rendezvous circuits that may be on their way at once; more introductions wait for nothing and are dropped. */
  readonly maxPendingRendezvous?: number;
}

/** What may change while a service runs. */
export type OnionServiceSettings = StreamRules & Pick<OnionServiceOptions, 'introDos' | 'introPoints' | 'ports'>;

const tickMs = 1000;
const establishTimeoutMs = 60_000;
const maxAttemptsPerPoint = 3;
const retryPeriodMs = 5 * 60_000;
const launchEveryMs = 3000;
/** A relay is not asked again at once: what went wrong with it would go wrong again. */
const pointRetryMs = 1000;
/** One bad middle is no fault of an introduction point. */
const pathsTried = 3;
const uploadMinMs = 60 * 60_000;
const uploadMaxMs = 120 * 60_000;
const uploadRetryMs = 10_000;
const rendezvousTimeoutMs = 30_000;
const cookieReplayMs = 5 * 60_000;
const cookieReplayCapacity = 65_536;
const defaultMaxPendingRendezvous = 128;

/**
 * One onion service: keeps introduction points, keeps a descriptor for two time periods on the hash ring, and meets
 * clients at their rendezvous points. spec: rend-spec-v3
 */
export class OnionService {
  readonly events = new Emitter<OnionServiceEvents>();
  readonly hostname: string;
  readonly #tag: string;
  readonly #deps: OnionServiceDeps;
  #options: OnionServiceOptions;
  readonly #streams: StreamServer;
  readonly #cookies = new ReplayCache({ lifetimeMs: cookieReplayMs, capacity: cookieReplayCapacity });
  readonly #abort = new AbortController();
  readonly #rendezvous = new Set<OriginCircuit>();
  #authorizedClients: readonly Uint8Array[];
  #descriptors: PeriodDescriptor[] = [];
  #uploads = new Map<PeriodDescriptor, AbortController>();
  #launches = 0;
  #launchesCountedMs = 0;
  #pendingRendezvous = 0;
  #timer: Timer | undefined;
  #unsubscribe: (() => void) | undefined;
  #poked = false;

  constructor(deps: OnionServiceDeps, options: OnionServiceOptions) {
    this.#deps = deps;
    this.#options = options;
    // Every circuit that is being built listens.
    setMaxListeners(0, this.#abort.signal);
    this.#authorizedClients = options.authorizedClients ?? [];
    this.hostname = onionHostname(options.identity.publicKey);
    this.#tag = onionLabel(options.identity.publicKey);
    this.#streams = new StreamServer(options, options.ports, {
      random: deps.random,
      timers: deps.timers,
      events: this.events,
    });
  }

  get identityKey(): Uint8Array {
    return this.#options.identity.publicKey;
  }

  /** The text of the descriptor that clients fetch now, once there is one. */
  get descriptorText(): string | undefined {
    return this.#descriptors.find(({ text }) => text !== undefined)?.text;
  }

  /** Circuits that clients are on now. */
  get rendezvousCircuits(): number {
    return this.#rendezvous.size;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#unsubscribe = this.#deps.directory.events.on('netdir', () => this.#poke());
    this.#schedule();
    this.#poke();
  }

  /** Stops answering, closes every circuit. Descriptors on the ring run out by themselves. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#unsubscribe?.();
    this.#timer?.cancel();
    for (const controller of this.#uploads.values()) controller.abort();
    for (const descriptor of this.#descriptors) descriptor.close();
    this.#descriptors = [];
    for (const circuit of [...this.#rendezvous]) circuit.close();
    this.#streams.close();
    await Promise.resolve();
  }

  /** Takes up a new list of clients. Each upload has a new cookie, so a revoked key opens no descriptor from now on. */
  setAuthorizedClients(keys: readonly Uint8Array[]): void {
    const before = new Set(this.#authorizedClients.map(base16));
    if (before.size === new Set(keys.map(base16)).size && keys.every((key) => before.has(base16(key)))) return;
    this.#authorizedClients = keys;
    for (const descriptor of this.#descriptors) descriptor.nextUploadMs = 0;
    this.#poke();
  }

  /** Takes up new ports and rules; introduction points, clients' circuits and open streams stay, as in C tor. */
  reconfigure(settings: OnionServiceSettings): void {
    const { introDos: _introDos, ...options } = this.#options;
    this.#options = { ...options, ...settings };
    this.#streams.configure(this.#options, settings.ports);
    this.#poke();
  }

  #schedule(): void {
    this.#timer = this.#deps.timers.after(tickMs, () => {
      this.#schedule();
      this.#tick();
    });
  }

  /** Looks at everything again soon, once, however many reasons there are. */
  #poke(): void {
    if (this.#poked) return;
    this.#poked = true;
    this.#deps.timers.soon(() => {
      this.#poked = false;
      this.#tick();
    });
  }

  #tick(): void {
    const { netdir } = this.#deps.directory;
    const nowMs = this.#deps.clock.now();
    if (this.#abort.signal.aborted || netdir === undefined || !netdir.isReasonablyLive(nowMs)) return;
    if (!netdir.enoughDirInfo().enough) return;
    this.#deps.circuits.predictInternal({ uptime: true, capacity: true });
    const rings = netdir.hsDirRings();
    this.#keepDescriptors(netdir, [rings.storeFirst, rings.storeSecond]);
    for (const descriptor of this.#descriptors) {
      this.#dropSpentPoints(descriptor, netdir, nowMs);
      this.#choosePoints(descriptor, netdir, nowMs);
      this.#connectPoints(descriptor, nowMs);
    }
    this.#publish(netdir, rings.storeFirst, rings.storeSecond, nowMs);
  }

  /** One descriptor for each of the two periods that clients may be in; older ones go with their circuits. */
  #keepDescriptors(netdir: NetDir, rings: readonly RingKey[]): void {
    const kept = rings.map((ring) => this.#descriptors.find((one) => one.periodNumber === ring.periodNumber));
    for (const old of this.#descriptors) {
      if (kept.includes(old)) continue;
      this.#uploads.get(old)?.abort();
      old.close();
    }
    this.#descriptors = rings.map((ring, i) => {
      const known = kept[i];
      if (known !== undefined) return known;
      const period = { number: ring.periodNumber, lengthMinutes: netdir.periodRules.lengthMinutes };
      const made = new PeriodDescriptor(this.#options.identity, period, this.#deps.random);
      this.events.emit('descriptorCreated', { periodNumber: made.periodNumber, blindedKey: made.blindedKey });
      return made;
    });
  }

  #dropSpentPoints(descriptor: PeriodDescriptor, netdir: NetDir, nowMs: number): void {
    for (const point of [...descriptor.introPoints.values()]) {
      const gone = netdir.byRsaId(point.relay.rsaId) === undefined;
      const hopeless = !point.busy && point.attempts >= maxAttemptsPerPoint;
      if (!gone && !hopeless && !point.isSpent(nowMs)) continue;
      if (hopeless) descriptor.failing.set(point.relay.fingerprint, nowMs + retryPeriodMs);
      descriptor.remove(point);
      point.close();
      this.events.emit('introPointLost', {
        relay: point.relay.fingerprint,
        periodNumber: descriptor.periodNumber,
        reason: gone ? 'not in the consensus' : hopeless ? 'cannot be reached' : 'rotated',
      });
    }
  }

  #choosePoints(descriptor: PeriodDescriptor, netdir: NetDir, nowMs: number): void {
    const wanted = this.#options.introPoints ?? 3;
    let missing = wanted - descriptor.introPoints.size;
    if (missing <= 0) return;
    // From nothing, some more are tried than needed and the first to answer are kept (proposal 155).
    if (descriptor.introPoints.size === 0) missing += netdir.params.get('hs_intro_num_extra');
    for (const [relay, untilMs] of descriptor.failing) if (untilMs < nowMs) descriptor.failing.delete(relay);
    const taken = new Set([...descriptor.introPoints.values()].map((point) => point.relay.fingerprint));
    for (; missing > 0; missing--) {
      const relay = chooseRelay(netdir, this.#deps.random, {
        position: 'middle',
        needs: { stable: true, onionEnd: true },
        excluded: (one) =>
          taken.has(one.fingerprint) ||
          descriptor.failing.has(one.fingerprint) ||
          this.#options.excluded?.(one) === true,
      });
      if (relay === undefined) break;
      taken.add(relay.fingerprint);
      descriptor.add(new ServiceIntroPoint(relay, netdir.params, this.#deps.random, nowMs));
      descriptor.nextUploadMs = 0;
      this.events.emit('introPointChosen', { relay: relay.fingerprint, periodNumber: descriptor.periodNumber });
    }
    descriptor.missingIntroPoints = descriptor.introPoints.size < wanted;
  }

  /**
   * At once as many circuits as C tor allows itself in five minutes, (3 + 2 + 3 × 3) for each descriptor by default. Where
   * C tor then waits for the five minutes to end, one more is allowed every few seconds, so that a service whose guard or
   * middles died is back when the network is.
   */
  #mayConnect(netdir: NetDir | undefined, nowMs: number): boolean {
    const wanted = this.#options.introPoints ?? 3;
    const extra = netdir?.params.get('hs_intro_num_extra') ?? 2;
    const limit = (wanted + extra + wanted * maxAttemptsPerPoint) * this.#descriptors.length;
    const elapsedMs = Math.max(0, nowMs - this.#launchesCountedMs);
    this.#launches = Math.max(0, this.#launches - elapsedMs / launchEveryMs);
    this.#launchesCountedMs = nowMs;
    return this.#launches <= limit;
  }

  #connectPoints(descriptor: PeriodDescriptor, nowMs: number): void {
    for (const point of descriptor.introPoints.values()) {
      if (point.busy || nowMs < point.retryMs || !this.#mayConnect(this.#deps.directory.netdir, nowMs)) continue;
      this.#launches++;
      point.connecting();
      void this.#connectPoint(descriptor, point);
    }
  }

  async #connectPoint(descriptor: PeriodDescriptor, point: ServiceIntroPoint): Promise<void> {
    const about = { relay: point.relay.fingerprint, periodNumber: descriptor.periodNumber };
    try {
      const circuit = await this.#deps.circuits.circuitTo('hs-service-intro', point.relay, {
        tag: this.#tag,
        signal: this.#abort.signal,
        attempts: pathsTried,
        ...(this.#options.singleHop === true && point.attempts === 1 ? { oneHop: true } : {}),
      });
      if (!this.#isWanted(descriptor, point)) {
        point.connectFailed();
        descriptor.remove(point);
        circuit.close();
        return;
      }
      circuit.onMessage(RelayCommand.INTRODUCE2, (message) => this.#introduce2(descriptor, point, message.body));
      circuit.events.on('closed', ({ error }) => {
        const wasEstablished = point.established;
        point.lost();
        if (wasEstablished) this.events.emit('introPointLost', { ...about, reason: error.code });
        this.#poke();
      });
      const dos = point.relay.supports('HSIntro', 5) ? this.#options.introDos : undefined;
      await point.establish(circuit, dos, establishTimeoutMs);
      this.#deps.circuits.setHsState(circuit, 'hssi-established');
      this.events.emit('introPointEstablished', { ...about, circuitId: circuit.id });
    } catch (thrown) {
      point.connectFailed();
      point.retryMs = this.#deps.clock.now() + pointRetryMs;
      this.events.emit('introPointLost', { ...about, reason: TorError.from(thrown).code });
    }
    this.#poke();
  }

  /** Still chosen, and still needed: of the extra ones that race at the start the slowest are let go. */
  #isWanted(descriptor: PeriodDescriptor, point: ServiceIntroPoint): boolean {
    if (this.#abort.signal.aborted || !this.#descriptors.includes(descriptor)) return false;
    if (![...descriptor.introPoints.values()].includes(point)) return false;
    const opened = [...descriptor.introPoints.values()].filter((one) => one.circuit !== undefined).length;
    return opened < (this.#options.introPoints ?? 3);
  }

  #publish(netdir: NetDir, first: RingKey, second: RingKey, nowMs: number): void {
    const rules = netdir.periodRules;
    const runStartSec = sharedRandomRunStartSec(Math.floor(netdir.validAfterMs / 1000), rules);
    this.#descriptors.forEach((descriptor, i) => {
      const ring = i === 0 ? first : second;
      const hsDirs = netdir.responsibleHsDirs({ blindedKey: descriptor.blindedKey, ring, use: 'store' });
      const moved = descriptor.uploadedTo.size > 0 && hsDirs.some((one) => !descriptor.uploadedTo.has(one.fingerprint));
      if (moved) descriptor.nextUploadMs = 0;
      const wanted = descriptor.missingIntroPoints ? descriptor.introPoints.size : (this.#options.introPoints ?? 3);
      const ready = wanted > 0 && descriptor.established.length >= wanted;
      if (!ready || nowMs < descriptor.nextUploadMs || hsDirs.length === 0) return;
      const srvStartSec = i === 0 ? runStartSec - rules.runSec : runStartSec;
      if (descriptor.earlyByMs(nowMs, srvStartSec) > 0) return;
      this.#uploadDescriptor(netdir, descriptor, hsDirs, srvStartSec, nowMs);
    });
  }

  #uploadDescriptor(
    netdir: NetDir,
    descriptor: PeriodDescriptor,
    hsDirs: readonly Relay[],
    srvStartSec: number,
    nowMs: number,
  ): void {
    // An upload that is still on its way would come second with an older counter.
    this.#uploads.get(descriptor)?.abort();
    const controller = new AbortController();
    this.#uploads.set(descriptor, controller);
    descriptor.nextUploadMs = nowMs + uploadMinMs + this.#deps.random.below(uploadMaxMs - uploadMinMs);
    descriptor.uploadedTo = new Set(hsDirs.map((one) => one.fingerprint));
    const text = encodeDescriptor(descriptor, {
      revisionCounter: descriptor.nextRevisionCounter(nowMs / 1000, srvStartSec),
      authorizedClients: this.#authorizedClients,
      singleHop: this.#options.singleHop ?? false,
      sendmeInc: netdir.params.get('cc_alg') === 0 ? undefined : netdir.params.get('cc_sendme_inc'),
      nowMs,
      random: this.#deps.random,
    });
    descriptor.text = text;
    const deps = { circuits: this.#deps.circuits, dirRequest: this.#deps.dirRequest, events: this.events };
    const job = { descriptor, text, hsDirs, tag: this.#tag, signal: controller.signal };
    void upload(deps, job).then((taken) => {
      if (controller.signal.aborted) return;
      this.#uploads.delete(descriptor);
      if (taken > 0) this.events.emit('published', { periodNumber: descriptor.periodNumber, hsDirs: taken });
      else descriptor.nextUploadMs = this.#deps.clock.now() + uploadRetryMs;
    });
  }

  #introduce2(descriptor: PeriodDescriptor, point: ServiceIntroPoint, body: Uint8Array): void {
    const relay = point.relay.fingerprint;
    point.introductions++;
    const opened = this.#open(descriptor, point, body);
    if (typeof opened === 'string') {
      this.events.emit('introductionRefused', { relay, reason: opened });
      return;
    }
    this.events.emit('introduced', { relay });
    this.#pendingRendezvous++;
    void this.#meet(opened).finally(() => {
      this.#pendingRendezvous--;
    });
  }

  /** The introduction, or why it is refused. */
  #open(descriptor: PeriodDescriptor, point: ServiceIntroPoint, body: Uint8Array): Introduction | string {
    if (this.#pendingRendezvous >= (this.#options.maxPendingRendezvous ?? defaultMaxPendingRendezvous)) return 'RATE';
    const { netdir } = this.#deps.directory;
    const nowMs = this.#deps.clock.now();
    try {
      const introduction = openIntroduction(body, point, descriptor.subcredential, netdir, nowMs);
      if (!this.#cookies.add(base16(introduction.plaintext.rendezvousCookie), nowMs)) return 'REPLAY';
      return introduction.congestion && netdir?.params.get('cc_alg') === 0 ? 'UNSUPPORTED' : introduction;
    } catch (error) {
      return TorError.from(error).code === 'ONION_REPLAY' ? 'REPLAY' : 'BAD';
    }
  }

  async #meet(introduction: Introduction): Promise<void> {
    const { netdir } = this.#deps.directory;
    const relay = base16Upper(introduction.rendezvous.rsa);
    try {
      const circuit = await goToRendezvous(this.#deps, introduction, {
        tag: this.#tag,
        attempts: netdir?.params.get('hs_service_max_rdv_failures') ?? 2,
        oneHop: this.#options.singleHop ?? false,
        sendmeInc: netdir?.params.get('cc_sendme_inc') ?? 31,
        timeoutMs: rendezvousTimeoutMs,
        signal: this.#abort.signal,
        joined: (joined) => {
          this.#rendezvous.add(joined);
          joined.events.on('closed', () => this.#rendezvous.delete(joined));
          this.#streams.serve(joined);
        },
      });
      this.events.emit('rendezvousJoined', { relay, circuitId: circuit.id });
    } catch (thrown) {
      if (!this.#abort.signal.aborted) this.events.emit('rendezvousFailed', { relay, error: TorError.from(thrown) });
    }
  }
}
