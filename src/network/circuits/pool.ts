import type { OriginCircuit } from '../../protocol/circuit/index.ts';
import type { Relay } from '../netdir/index.ts';
import type { ExitNeed, ExitRules } from './exit-rules.ts';
import type { ChosenHop, CircuitNeeds, ManagedCircuit } from './managed-circuit.ts';
import type { CircuitPurpose, Isolation } from './types.ts';

export interface PoolOptions {
  /** MaxCircuitDirtiness. */
  readonly maxDirtinessMs: () => number;
}

/** What a stream needs of a circuit. */
export interface StreamNeed {
  readonly exit: ExitNeed;
  readonly uptime: boolean;
  readonly isolation: Isolation;
}

const maxRelayEarly = 8;

/** Every circuit that is not closed, and which of them suits. spec: path-spec 2.3; C tor's circuituse */
export class CircuitPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<ManagedCircuit>();
  readonly #byCircuit = new WeakMap<OriginCircuit, ManagedCircuit>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  [Symbol.iterator](): IterableIterator<ManagedCircuit> {
    return this.#all[Symbol.iterator]();
  }
  get size(): number {
    return this.#all.size;
  }

  add(managed: ManagedCircuit): void {
    this.#all.add(managed);
  }

  /** The circuit has its link: it can be found by it from now on. */
  bind(managed: ManagedCircuit): void {
    if (managed.circuit !== undefined) this.#byCircuit.set(managed.circuit, managed);
  }

  remove(managed: ManagedCircuit): void {
    this.#all.delete(managed);
  }

  find(circuit: OriginCircuit): ManagedCircuit | undefined {
    return this.#byCircuit.get(circuit);
  }

  /** The circuit to this directory that further requests may share. */
  sharedDir(fingerprint: string, nowMs: number): ManagedCircuit | undefined {
    for (const managed of this.#all) {
      if (managed.purpose !== 'dir' || managed.unusable || this.isTooDirty(managed, nowMs)) continue;
      if (managed.hops[0]?.fingerprint === fingerprint) return managed;
    }
    return undefined;
  }

  /** The youngest open circuit of this purpose and tag that such a stream may use. */
  bestTagged(purpose: CircuitPurpose, tag: string, wanted: Isolation, nowMs: number): ManagedCircuit | undefined {
    let best: ManagedCircuit | undefined;
    for (const managed of this.#all) {
      if (managed.state !== 'open' || managed.purpose !== purpose || managed.tag !== tag || managed.unusable) continue;
      if (purpose === 'hs-client-rend' && managed.hsState !== 'hscr-joined') continue;
      if (this.isTooDirty(managed, nowMs) || !managed.isolation.compatible(wanted)) continue;
      if (best === undefined || managed.ageMs > best.ageMs) best = managed;
    }
    return best;
  }

  isTooDirty(managed: ManagedCircuit, nowMs: number): boolean {
    return managed.dirtySinceMs !== undefined && managed.dirtySinceMs + this.#options.maxDirtinessMs() <= nowMs;
  }

  /** True when an open circuit of more than one hop exists: the network works. */
  get anyOpen(): boolean {
    for (const managed of this.#all) if (managed.state === 'open' && !managed.needs.oneHop) return true;
    return false;
  }

  /** The best circuit for a clear-net stream: an open one, or with `open: false` one on the way. */
  bestFor(
    need: StreamNeed,
    rules: ExitRules,
    relayOf: (hop: ChosenHop) => Relay | undefined,
    options: { readonly open: boolean; readonly nowMs: number },
  ): ManagedCircuit | undefined {
    let best: ManagedCircuit | undefined;
    for (const managed of this.#all) {
      if (options.open ? managed.state !== 'open' : managed.state === 'closed') continue;
      if (!this.#accepts(managed, need, options.nowMs)) continue;
      const relay = managed.exit === undefined ? undefined : relayOf(managed.exit);
      if (!rules.allowsOn(managed, relay, need.exit)) continue;
      if (best === undefined || isBetter(managed, best, need.isolation)) best = managed;
    }
    return best;
  }

  /** How many circuits could serve `port` soon, up to `enough`. */
  handlesPort(
    port: number,
    enough: number,
    rules: ExitRules,
    relayOf: (hop: ChosenHop) => Relay | undefined,
    options: { readonly uptime: boolean; readonly nowMs: number },
  ): boolean {
    const need: ExitNeed = { kind: 'connect', ip: undefined, port, ipv6: false, exit: undefined };
    let count = 0;
    for (const managed of this.#all) {
      if (!this.#isGeneral(managed, options.nowMs) || managed.isolation.isSet) continue;
      if (options.uptime && !managed.needs.uptime) continue;
      const relay = managed.exit === undefined ? undefined : relayOf(managed.exit);
      if (relay === undefined || !rules.allows(relay, need)) continue;
      if (++count >= enough) return true;
    }
    return false;
  }

  /** An open, clean circuit that can be turned into another by adding `hop` (or by nothing). */
  toCannibalize(
    from: CircuitPurpose,
    needs: CircuitNeeds,
    hop: ChosenHop | undefined,
    sameFamily: (a: ChosenHop, b: ChosenHop) => boolean,
  ): ManagedCircuit | undefined {
    let best: ManagedCircuit | undefined;
    for (const managed of this.#all) {
      if (managed.purpose !== from || !isCannibalizable(managed) || !meets(managed.needs, needs)) continue;
      if (hop !== undefined && managed.hops.some((other) => isSameOrFamily(other, hop, sameFamily))) continue;
      if (best === undefined || (best.needs.uptime && !needs.uptime)) best = managed;
    }
    return best;
  }

  /** Circuits under way that count toward MaxClientCircuitsPending. */
  get pendingCount(): number {
    let count = 0;
    for (const managed of this.#all) {
      if (managed.state !== 'open' && managed.state !== 'closed' && countsAsPending.has(managed.purpose)) count++;
    }
    return count;
  }

  /** Clean general and vanguard circuits, for the decision what to build ahead. */
  countUnused(): { readonly all: number; readonly internal: number; readonly uptimeInternal: number } {
    let [all, internal, uptimeInternal] = [0, 0, 0];
    for (const managed of this.#all) {
      if (managed.purpose !== 'general' && managed.purpose !== 'hs-vanguards') continue;
      if (managed.dirtySinceMs !== undefined || managed.unusable || managed.needs.oneHop || managed.owned) continue;
      all++;
      if (managed.needs.internal) internal++;
      if (managed.needs.internal && managed.needs.uptime) uptimeInternal++;
    }
    return { all, internal, uptimeInternal };
  }

  #isGeneral(managed: ManagedCircuit, nowMs: number): boolean {
    if (managed.purpose !== 'general' || managed.owned || managed.unusable || managed.state === 'closed') return false;
    if (managed.needs.oneHop || managed.needs.internal) return false;
    return !this.isTooDirty(managed, nowMs);
  }

  #accepts(managed: ManagedCircuit, need: StreamNeed, nowMs: number): boolean {
    if (!this.#isGeneral(managed, nowMs) || managed.measureOnly) return false;
    if (need.uptime && !managed.needs.uptime) return false;
    return managed.isolation.compatible(need.isolation);
  }
}

/** Open, clean, and with a RELAY_EARLY cell left for one more hop. */
function isCannibalizable(managed: ManagedCircuit): boolean {
  if (managed.state !== 'open' || managed.dirtySinceMs !== undefined || managed.owned || managed.unusable) return false;
  if (managed.needs.oneHop || managed.isolation.isSet || managed.ticket?.state === 'dead') return false;
  return managed.hops.length === 3 && managed.relayEarlyUsed < maxRelayEarly - 1;
}

const meets = (have: CircuitNeeds, want: CircuitNeeds): boolean =>
  have.internal === want.internal && (have.uptime || !want.uptime) && (have.capacity || !want.capacity);

const isSameOrFamily = (a: ChosenHop, b: ChosenHop, sameFamily: (a: ChosenHop, b: ChosenHop) => boolean): boolean =>
  a.fingerprint === b.fingerprint || sameFamily(a, b);

/** As C tor counts. */
const countsAsPending = new Set<CircuitPurpose>(['general', 'hs-client-hsdir']);

/** Used before unused, then less dirty, then younger; then the one that fewer isolation rules would mix. */
function isBetter(a: ManagedCircuit, b: ManagedCircuit, isolation: Isolation): boolean {
  if (a.relaxedTimeout !== b.relaxedTimeout) return b.relaxedTimeout;
  if (b.dirtySinceMs !== undefined) {
    if (a.dirtySinceMs !== undefined && a.dirtySinceMs > b.dirtySinceMs) return true;
  } else if (a.dirtySinceMs !== undefined || a.ageMs > b.ageMs) return true;
  const costA = a.isolation.cost(isolation);
  const costB = b.isolation.cost(isolation);
  if (costA === undefined) return false;
  return costB === undefined || costA < costB;
}
