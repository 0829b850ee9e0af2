import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import type { Channel } from '../../protocol/channel/index.ts';
import type { CircuitClosed, OriginCircuit } from '../../protocol/circuit/index.ts';
import type { ChannelTarget } from '../channels/index.ts';
import type { BuildTimes } from './build-times.ts';
import type { ChosenHop, ManagedCircuit } from './managed-circuit.ts';

/** Hops after which a circuit's build time is taken, whatever its final length. */
export const measuredHops = 3;

/** Opens links and puts circuits on them: `network/channels` and `protocol/circuit`, or a test's own. */
export interface CircuitMaker {
  channel(target: ChannelTarget, signal: AbortSignal): Promise<Channel>;
  /** `id`: the control port's. */
  circuit(channel: Channel, id: number): OriginCircuit;
}

export interface BuilderDeps {
  readonly clock: Clock;
  readonly maker: CircuitMaker;
  readonly buildTimes: BuildTimes;
  readonly logger: Logger | undefined;
  /** True when some circuit of two hops or more is open: else timeouts are relaxed. */
  readonly anyOpen: () => boolean;
  /** The link is there and the first hop is asked for. */
  readonly onFirstHop: (managed: ManagedCircuit) => void;
  /** Each hop that stands. */
  readonly onExtended: (managed: ManagedCircuit) => void;
  /** All hops stand, the guard agreed or wants it to wait (`managed.state`). */
  readonly onBuilt: (managed: ManagedCircuit) => void;
  /** The users of the circuit gave up on it, and it goes on to be measured. */
  readonly onTimedOut: (managed: ManagedCircuit) => void;
  /** The circuit is gone: never stood, or closed later. Called once. */
  readonly onGone: (managed: ManagedCircuit, error: TorError, closed: CircuitClosed | undefined) => void;
}

/** Builds circuits hop by hop along a chosen path and tells guards and build times how it went. */
export class CircuitBuilder {
  readonly #deps: BuilderDeps;
  readonly #aborts = new Map<ManagedCircuit, AbortController>();

  constructor(deps: BuilderDeps) {
    this.#deps = deps;
  }

  /** Starts building `managed.hops`; `first` says where the first of them is reached. Never throws. */
  launch(managed: ManagedCircuit, first: ChannelTarget): void {
    void this.#build(managed, first).catch((error: unknown) => this.#failed(managed, TorError.from(error)));
  }

  /** Adds hops to an open circuit (cannibalization, EXTENDCIRCUIT); it is building again until they stand. */
  extend(managed: ManagedCircuit, hops: readonly ChosenHop[]): void {
    managed.hops = [...managed.hops, ...hops];
    managed.state = 'building';
    managed.beganMs = this.#deps.clock.monotonic();
    void this.#extendAll(managed).catch((error: unknown) => this.#failed(managed, TorError.from(error)));
  }

  /** Gives up on a circuit at any stage. */
  abandon(managed: ManagedCircuit, error: TorError, reason?: number): void {
    if (managed.state === 'closed') return;
    this.#aborts.get(managed)?.abort(error);
    // The guard is blamed for what it did, not for our giving up; a first hop that never answered is its doing.
    if (error.code === 'CIRCUIT_TIMEOUT' && managed.openedHops === 0 && managed.beganMs !== undefined) {
      managed.ticket?.failed();
    } else managed.ticket?.cancel();
    managed.ticket = undefined;
    this.#gone(managed, error, undefined);
    managed.circuit?.close(reason);
  }

  async #build(managed: ManagedCircuit, first: ChannelTarget): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(managed, abort);
    const channel = await this.#deps.maker.channel(first, abort.signal);
    // Abandoned while the link was opened: the link stays for others.
    if (isClosed(managed)) return;
    const circuit = this.#deps.maker.circuit(channel, managed.id);
    managed.circuit = circuit;
    managed.beganMs = this.#deps.clock.monotonic();
    circuit.events.on('closed', (closed) => this.#closed(managed, closed));
    this.#deps.onFirstHop(managed);
    await this.#extendAll(managed);
  }

  async #extendAll(managed: ManagedCircuit): Promise<void> {
    const circuit = managed.circuit as OriginCircuit;
    for (let i = circuit.hops.length; i < managed.hops.length; i++) {
      const hop = managed.hops[i] as ChosenHop;
      const exit = i === managed.hops.length - 1 && wantsExitFeatures(managed);
      if (i > 0) managed.relayEarlyUsed++;
      if (hop.target === undefined) await circuit.createFast();
      else if (i === 0) await circuit.create(hop.target, { exit });
      else await circuit.extend(hop.target, { exit });
      if (isClosed(managed)) return;
      this.#hopDone(managed);
      this.#deps.onExtended(managed);
    }
    this.#complete(managed);
  }

  /** spec: path-spec 2.4.1. Circuits on which hops are added later were measured when they were built. */
  #hopDone(managed: ManagedCircuit): void {
    const { buildTimes, clock } = this.#deps;
    if (!buildTimes.enabled || !countsForBuildTimes(managed)) return;
    const elapsedMs = clock.monotonic() - (managed.beganMs ?? clock.monotonic());
    if (elapsedMs > buildTimes.timeoutMs && this.#deps.anyOpen()) this.measureOnly(managed);
    if (managed.openedHops === measuredHops) buildTimes.addBuilt(elapsedMs, { measureOnly: managed.measureOnly });
  }

  /** The circuit is too slow to be used; it goes on being built for its time's sake. */
  measureOnly(managed: ManagedCircuit): void {
    if (managed.measureOnly) return;
    managed.measureOnly = true;
    if (!managed.relaxedTimeout) this.#deps.buildTimes.countTimeout(managed.openedHops > 0);
    this.#deps.onTimedOut(managed);
    managed.purpose = 'measure-timeout';
    managed.opened.reject(new TorError('CIRCUIT_TIMEOUT'));
  }

  #complete(managed: ManagedCircuit): void {
    managed.circuit?.markOpen();
    const usable = managed.hasOpened ? 'now' : (managed.ticket?.succeeded() ?? 'now');
    if (usable === 'never') {
      this.abandon(managed, new TorError('CIRCUIT_FAILED', 'the guard of this circuit is not to be used any more'));
      return;
    }
    managed.state = usable === 'now' ? 'open' : 'guard-wait';
    if (managed.use === 'new') managed.use = 'built';
    if (managed.measureOnly) this.abandon(managed, new TorError('CIRCUIT_TIMEOUT', 'measured'));
    else this.#deps.onBuilt(managed);
  }

  #closed(managed: ManagedCircuit, closed: CircuitClosed): void {
    if (managed.state === 'closed') return;
    // A first hop that answered with DESTROY is alive; one that vanished with its link is to blame.
    if (managed.openedHops === 0 && !closed.remote) managed.ticket?.failed();
    else managed.ticket?.cancel();
    this.#gone(managed, closed.error, closed);
  }

  #failed(managed: ManagedCircuit, error: TorError): void {
    if (managed.state === 'closed') return;
    if (error.code === 'INTERNAL') this.#deps.logger?.warn('bug', `building a circuit failed: ${error.message}`);
    if (managed.openedHops === 0 && error.code !== 'ABORTED') managed.ticket?.failed();
    else managed.ticket?.cancel();
    this.#gone(managed, error, undefined);
    managed.circuit?.close();
  }

  #gone(managed: ManagedCircuit, error: TorError, closed: CircuitClosed | undefined): void {
    this.#aborts.delete(managed);
    const built = managed.state === 'open' || managed.state === 'guard-wait';
    managed.state = 'closed';
    managed.ticket = undefined;
    const code = error.code === 'CIRCUIT_TIMEOUT' || error.code === 'ABORTED' ? error.code : 'CIRCUIT_FAILED';
    if (!built)
      managed.opened.reject(error.code === code ? error : new TorError(code, error.message, { cause: error }));
    this.#deps.onGone(managed, error, closed);
  }
}

// A function, since the state changes across an await and the compiler would not believe it.
const isClosed = (managed: ManagedCircuit): boolean => managed.state === 'closed';

/** True for a circuit whose first three hops are being built for the first time. */
export function countsForBuildTimes(managed: ManagedCircuit): boolean {
  return !managed.hasOpened && managed.hops.length >= measuredHops && managed.openedHops <= measuredHops;
}

/** Whether the last hop may be asked for congestion control and CGO: not on onion circuits. */
function wantsExitFeatures(managed: ManagedCircuit): boolean {
  if (managed.purpose === 'controller' || managed.purpose === 'dir') return true;
  return !managed.needs.internal && !managed.purpose.startsWith('hs-');
}
