import { base16Upper } from '../../../base/bytes/index.ts';
import { type ErrorCode, TorError } from '../../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../../base/runtime/index.ts';
import type { Emitter } from '../../../base/util/index.ts';
import type { CircuitManager, Isolation } from '../../../network/circuits/index.ts';
import type { HopTarget, NetDir } from '../../../network/netdir/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import { identityOf } from '../../../wire/linkspec/index.ts';
import { emptyProtover } from '../../../wire/protover/index.ts';
import { RelayCommand } from '../../../wire/relaymsg/index.ts';
import { onionLabel } from '../common/address.ts';
import type { IntroPoint, ServiceDescriptor } from './descriptor.ts';
import type { DescriptorCache } from './descriptor-cache.ts';
import type { DescriptorFetch } from './descriptor-fetch.ts';
import type { OnionClientEvents } from './events.ts';
import type { IntroStates } from './intro-state.ts';
import { LateMeetings } from './late-meetings.ts';
import { introduce, join, prepareIntroduction, RendezvousPoint } from './rendezvous.ts';

export interface ConnectorDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly circuits: Pick<CircuitManager, 'circuitTo' | 'setHsState'>;
  readonly netdir: () => NetDir;
  readonly cache: DescriptorCache;
  readonly fetch: DescriptorFetch;
  readonly introStates: IntroStates;
  readonly events: Emitter<OnionClientEvents>;
}

export interface ConnectorOptions {
  /** For RENDEZVOUS_ESTABLISHED, INTRODUCE_ACK and RENDEZVOUS2 each. */
  readonly answerTimeoutMs: number;
  readonly rendezvousTimeoutMs: number;
  /** After it another attempt is made beside the one that still waits for the service. */
  readonly patienceMs: number;
}

export interface Target {
  readonly identityKey: Uint8Array;
  readonly isolation: Isolation;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** An introduction point is not blamed for one bad middle: so many paths to it must fail. C tor blames it at once. */
const pathsTried = 3;
const maxRendezvousFailures = 3;
/**
 * A service that lost its guard has new introduction points within seconds. C tor tells its user at once that all of
 * them failed; here the descriptor is looked at again after each of these.
 */
const introRetryMs: readonly number[] = [0, 2000, 6000];

/** Brings one client and one service together: descriptor, rendezvous point, introduction, joined circuit. */
export class Connector {
  readonly #deps: ConnectorDeps;
  readonly #options: ConnectorOptions;

  constructor(deps: ConnectorDeps, options: ConnectorOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** A joined circuit. Rejects with ONION_* errors, ABORTED. */
  async connect(target: Target): Promise<OriginCircuit> {
    const startedMs = this.#deps.clock.monotonic();
    const late = new LateMeetings<OriginCircuit>();
    const over = new AbortController();
    const signal = target.signal === undefined ? over.signal : AbortSignal.any([over.signal, target.signal]);
    const run = this.#run({ ...target, signal }, late);
    try {
      const circuit = await Promise.race([run, late.first]);
      void run.then(
        (other) => other === circuit || other.close(),
        () => undefined,
      );
      this.#joined(target, circuit, startedMs);
      return circuit;
    } catch (thrown) {
      const error = TorError.from(thrown);
      this.#deps.events.emit('failed', { service: onionLabel(target.identityKey), code: error.code });
      throw error;
    } finally {
      over.abort();
      late.close();
    }
  }

  /** One attempt after the other; what is late goes to `late`. */
  async #run(target: Target, late: LateMeetings<OriginCircuit>): Promise<OriginCircuit> {
    let introRetries = 0;
    let rendezvousFailures = 0;
    let point: Promise<RendezvousPoint> | undefined;
    try {
      for (;;) {
        this.#check(target);
        const descriptor = await this.#descriptor(target.identityKey);
        const introPoint = this.#pickIntroPoint(descriptor);
        if (introPoint === undefined) {
          const delayMs = introRetryMs[introRetries++];
          const error = this.#noIntroPoint(descriptor);
          const isFutile = introRetries > 1 && error.code === 'ONION_INTRO_TIMED_OUT';
          if (delayMs === undefined || isFutile) throw error;
          await this.#beforeRetry(target, delayMs);
          continue;
        }
        point ??= this.#establish(target);
        const outcome = await this.#attempt(target, descriptor, introPoint, point);
        if (outcome.circuit !== undefined) {
          point = undefined;
          return outcome.circuit;
        }
        if (outcome.pointLost) {
          const spent = point;
          point = undefined;
          if (outcome.late === undefined) await closePoint(spent);
          else late.add((await spent).circuit, outcome.late);
          if (outcome.rendezvousFailed) rendezvousFailures++;
          if (rendezvousFailures >= maxRendezvousFailures) {
            return await late.last(new TorError('ONION_RENDEZVOUS_FAILED', undefined, { cause: outcome.error }));
          }
        }
      }
    } finally {
      if (point !== undefined) void closePoint(point);
    }
  }

  /** The next round asks a directory again and, if it comes after a while, forgives all introduction points. */
  async #beforeRetry(target: Target, delayMs: number): Promise<void> {
    const { cache, introStates, timers } = this.#deps;
    if (delayMs > 0) {
      await new Promise<void>((resolve) => timers.after(delayMs, resolve));
      introStates.forget(target.identityKey);
    }
    cache.forget(target.identityKey);
  }

  #check(target: Target): void {
    if (target.signal?.aborted === true) throw new TorError('ABORTED');
    if (this.#deps.clock.monotonic() > target.deadlineMs) throw new TorError('ONION_RENDEZVOUS_FAILED');
  }

  async #descriptor(identityKey: Uint8Array): Promise<ServiceDescriptor> {
    const { cache, fetch, netdir } = this.#deps;
    const known = cache.get(identityKey, netdir());
    if (known !== undefined) return known;
    const fetched = await fetch.fetch(identityKey, netdir());
    return cache.put(fetched.descriptor, fetched.expiresMs);
  }

  #pickIntroPoint(descriptor: ServiceDescriptor): IntroPoint | undefined {
    const usable = descriptor.introPoints.filter((point) =>
      this.#deps.introStates.usable(descriptor.identityKey, point.authKey),
    );
    return usable[this.#deps.random.below(usable.length)];
  }

  #noIntroPoint(descriptor: ServiceDescriptor): TorError {
    const timedOut =
      descriptor.introPoints.length > 0 &&
      descriptor.introPoints.every((point) => this.#deps.introStates.timedOut(descriptor.identityKey, point.authKey));
    return new TorError(timedOut ? 'ONION_INTRO_TIMED_OUT' : 'ONION_INTRO_FAILED');
  }

  async #establish(target: Target): Promise<RendezvousPoint> {
    const { circuits, random, events } = this.#deps;
    const service = onionLabel(target.identityKey);
    const circuit = await circuits.circuitTo('hs-client-rend', undefined, {
      tag: service,
      isolation: target.isolation,
      ...signalOf(target),
    });
    try {
      const point = await RendezvousPoint.establish(circuit, random, this.#options.answerTimeoutMs);
      circuits.setHsState(circuit, 'hscr-established-idle');
      events.emit('rendezvousEstablished', { service, circuitId: circuit.id });
      return point;
    } catch (error) {
      circuit.close();
      throw error;
    }
  }

  /** One introduction. Introduction point and rendezvous circuit are built side by side. */
  async #attempt(
    target: Target,
    descriptor: ServiceDescriptor,
    introPoint: IntroPoint,
    pointPromise: Promise<RendezvousPoint>,
  ): Promise<Outcome> {
    const { circuits, introStates, netdir } = this.#deps;
    const hop = hopTarget(introPoint, netdir());
    const [built, established] = await Promise.allSettled([
      circuits.circuitTo('hs-client-intro', hop, {
        tag: onionLabel(target.identityKey),
        attempts: pathsTried,
        ...signalOf(target),
      }),
      pointPromise,
    ]);
    if (established.status === 'rejected') {
      if (built.status === 'fulfilled') built.value.close();
      this.#check(target);
      return { error: established.reason, pointLost: true, rendezvousFailed: true };
    }
    if (built.status === 'rejected') {
      this.#check(target);
      const code = TorError.from(built.reason).code;
      introStates.note(target.identityKey, introPoint.authKey, 'unreachable');
      this.#introFailed(target, hop, code);
      return { error: built.reason, pointLost: established.value.circuit.state === 'closed', rendezvousFailed: false };
    }
    try {
      return await this.#introduce(target, descriptor, introPoint, built.value, established.value);
    } finally {
      built.value.close();
    }
  }

  async #introduce(
    target: Target,
    descriptor: ServiceDescriptor,
    introPoint: IntroPoint,
    circuit: OriginCircuit,
    point: RendezvousPoint,
  ): Promise<Outcome> {
    const { circuits, events, introStates, netdir, random } = this.#deps;
    const { answerTimeoutMs, rendezvousTimeoutMs } = this.#options;
    const service = onionLabel(target.identityKey);
    const congestion = netdir().params.get('cc_alg') !== 0;
    const introduction = prepareIntroduction(random, point, descriptor, introPoint, congestion);
    const attempt = new AbortController();
    const signals = target.signal === undefined ? [attempt.signal] : [attempt.signal, target.signal];
    // RENDEZVOUS2 may overtake INTRODUCE_ACK, so it is waited for first.
    const rendezvous2 = point.circuit.awaitMessage(RelayCommand.RENDEZVOUS2, {
      timeoutMs: answerTimeoutMs + rendezvousTimeoutMs,
      signal: AbortSignal.any(signals),
    });
    rendezvous2.catch(() => undefined);
    circuits.setHsState(circuit, 'hsci-intro-sent');
    circuits.setHsState(point.circuit, 'hscr-established-waiting');
    try {
      await introduce(circuit, introduction, { timeoutMs: answerTimeoutMs, ...signalOf(target) });
    } catch (thrown) {
      this.#check(target);
      const error = TorError.from(thrown);
      introStates.note(target.identityKey, introPoint.authKey, error.code === 'TIMEOUT' ? 'timed-out' : 'error');
      this.#introFailed(target, hopTarget(introPoint, netdir()), error.code);
      attempt.abort();
      // A refused introduction never reached the service, so the cookie is still secret; after silence it may have.
      return { error, pointLost: error.code !== 'ONION_INTRO_FAILED', rendezvousFailed: false };
    }
    circuits.setHsState(circuit, 'hsci-done');
    introStates.reached(target.identityKey, introPoint.authKey);
    events.emit('introduced', { service, circuitId: circuit.id, introPoint: fingerprintOf(introPoint) });
    const meeting = rendezvous2.then(({ body }) => {
      join(introduction, body);
      return point.circuit;
    });
    try {
      const circuit = await this.#soon(meeting);
      return circuit === undefined
        ? { error: new TorError('TIMEOUT'), pointLost: true, rendezvousFailed: true, late: meeting }
        : { circuit };
    } catch (error) {
      this.#check(target);
      return { error, pointLost: true, rendezvousFailed: true };
    }
  }

  /** Undefined when it takes longer than we have patience for; the promise goes on. */
  #soon(meeting: Promise<OriginCircuit>): Promise<OriginCircuit | undefined> {
    return new Promise((resolve, reject) => {
      const timer = this.#deps.timers.after(this.#options.patienceMs, () => resolve(undefined));
      meeting.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #introFailed(target: Target, hop: HopTarget, reason: ErrorCode): void {
    this.#deps.events.emit('introductionFailed', {
      service: onionLabel(target.identityKey),
      introPoint: base16Upper(hop.rsa),
      reason,
    });
  }

  #joined(target: Target, circuit: OriginCircuit, startedMs: number): void {
    const { circuits, clock, events, introStates } = this.#deps;
    circuits.setHsState(circuit, 'hscr-joined');
    introStates.forget(target.identityKey);
    events.emit('joined', {
      service: onionLabel(target.identityKey),
      circuitId: circuit.id,
      elapsedMs: clock.monotonic() - startedMs,
    });
  }
}

type Outcome =
  | { readonly circuit: OriginCircuit }
  | {
      readonly circuit?: undefined;
      readonly error: unknown;
      readonly pointLost: boolean;
      /** The relay or the service failed us there, not the introduction point. */
      readonly rendezvousFailed: boolean;
      /** The service may still come. */
      readonly late?: Promise<OriginCircuit>;
    };

const signalOf = (target: Target): { signal?: AbortSignal } =>
  target.signal === undefined ? {} : { signal: target.signal };

const fingerprintOf = (point: IntroPoint): string =>
  base16Upper(identityOf(point.linkSpecifiers).rsa ?? new Uint8Array(0));

/** Where the introduction circuit goes: what the descriptor says, whatever our consensus thinks of that relay. */
function hopTarget(point: IntroPoint, netdir: NetDir): HopTarget {
  const { rsa, ed25519 } = identityOf(point.linkSpecifiers);
  if (rsa === undefined) throw new TorError('ONION_DESCRIPTOR_INVALID', 'an introduction point without an identity');
  return {
    rsa,
    ...(ed25519 === undefined ? {} : { ed25519 }),
    ntorKey: point.onionKey,
    linkSpecifiers: point.linkSpecifiers,
    protover: netdir.byRsaId(rsa)?.protover ?? emptyProtover,
  };
}

async function closePoint(point: Promise<RendezvousPoint>): Promise<void> {
  const settled = await Promise.allSettled([point]);
  if (settled[0].status === 'fulfilled') settled[0].value.circuit.close();
}
