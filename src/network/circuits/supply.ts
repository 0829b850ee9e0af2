import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import type { NetDir, Relay } from '../netdir/index.ts';
import type { BuildTimes } from './build-times.ts';
import { type ExitRules, portNeed } from './exit-rules.ts';
import type { FailureCount } from './failure-count.ts';
import type { CircuitLauncher } from './launcher.ts';
import type { ChosenHop, CircuitNeeds, ManagedCircuit } from './managed-circuit.ts';
import type { CircuitManagerOptions } from './manager-options.ts';
import type { CircuitPool, StreamNeed } from './pool.ts';
import type { PredictedNeeds } from './predicted-needs.ts';
import { nextPreemptive } from './preemptive.ts';
import type { CircuitPurpose } from './types.ts';

export interface SupplyDeps {
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  readonly pool: CircuitPool;
  readonly rules: ExitRules;
  readonly buildTimes: BuildTimes;
  readonly predicted: PredictedNeeds;
  readonly launcher: CircuitLauncher;
  readonly failures: FailureCount;
  readonly netdir: () => NetDir | undefined;
  readonly haveExits: () => boolean;
  readonly relayOf: (hop: ChosenHop) => Relay | undefined;
}

export type SupplyOptions = Pick<CircuitManagerOptions, 'maxClientCircuitsPending' | 'serviceCount'> & {
  readonly longLivedPorts: ReadonlySet<number>;
  readonly disablePredictedCircuits: () => boolean;
};

/** C tor: MIN_CIRCUITS_HANDLING_STREAM. */
const circuitsPerPort = 2;

/** Launches circuits that streams wait for, and those that they soon will. spec: path-spec 2.1 */
export class CircuitSupply {
  readonly #deps: SupplyDeps;
  readonly #options: SupplyOptions;

  constructor(deps: SupplyDeps, options: SupplyOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Builds one circuit that will probably be wanted. */
  buildAhead(): void {
    const { buildTimes, clock, haveExits, netdir, pool, predicted } = this.#deps;
    if (netdir() === undefined || this.#options.disablePredictedCircuits()) return;
    const nowMs = clock.monotonic();
    const launch = nextPreemptive({
      unused: pool.countUnused(),
      unhandled: this.#unhandledPorts(nowMs),
      services: this.#options.serviceCount?.() ?? 0,
      internal: predicted.internal(nowMs),
      haveExits: haveExits(),
      buildTimes,
      nowMs,
    });
    if (launch === undefined) return;
    if (launch.noteInternal) predicted.noteInternal({ uptime: true, capacity: true }, nowMs);
    this.#tryLaunch(
      launch.purpose,
      launch.needs,
      launch.ports.map((port) => ({ port })),
    );
  }

  #unhandledPorts(nowMs: number): { ports: number[]; uptime: boolean } {
    const { pool, predicted, relayOf, rules } = this.#deps;
    const ports = predicted.ports(nowMs).filter((port) => {
      const uptime = this.#options.longLivedPorts.has(port);
      return !pool.handlesPort(port, circuitsPerPort, rules, relayOf, { uptime, nowMs });
    });
    return { ports, uptime: ports.some((port) => this.#options.longLivedPorts.has(port)) };
  }

  /** For a stream that no circuit suits. Undefined when it has to wait. Throws PATH_NO_EXIT. */
  launchFor(need: StreamNeed): ManagedCircuit | undefined {
    const netdir = this.#deps.netdir();
    if (netdir === undefined) return undefined;
    if (this.#deps.pool.pendingCount >= (this.#options.maxClientCircuitsPending ?? 32)) return undefined;
    const needs = { internal: false, uptime: need.uptime, capacity: true, oneHop: false };
    const target = need.exit.exit === undefined ? undefined : netdir.byFingerprint(need.exit.exit);
    if (!this.#someExitAllows(netdir, need, target)) {
      throw new TorError('PATH_NO_EXIT', 'no exit that may be used allows this destination');
    }
    return this.#tryLaunch('general', needs, portNeed(need.exit), target);
  }

  #someExitAllows(netdir: NetDir, need: StreamNeed, target: Relay | undefined): boolean {
    if (need.exit.exit !== undefined) return target !== undefined && this.#deps.rules.allows(target, need.exit);
    return netdir.relays.some((relay) => relay.hasDescriptor && this.#deps.rules.allows(relay, need.exit));
  }

  /** Undefined when circuits fail too often to go on now, or no path is found. */
  #tryLaunch(
    purpose: CircuitPurpose,
    needs: CircuitNeeds,
    ports: { port: number; ipv6?: boolean }[],
    target?: Relay,
  ): ManagedCircuit | undefined {
    if (this.#deps.failures.isTooHigh) return undefined;
    try {
      const exclude = this.#deps.rules.refusing;
      return this.#deps.launcher.launch({
        purpose,
        needs,
        target,
        ports,
        ...(exclude.size > 0 && { options: { exclude } }),
      });
    } catch (thrown) {
      const error = TorError.from(thrown);
      this.#deps.logger?.limited(`path ${error.code}`, 60_000, 'info', 'circ', `no path: ${error.message}`);
      if (error.kind === 'bug') throw error;
      return undefined;
    }
  }
}
