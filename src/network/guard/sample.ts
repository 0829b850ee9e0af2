import type { Logger } from '../../base/log/index.ts';
import type { Relay } from '../netdir/index.ts';
import { EntryGuard, type GuardIdentity } from './entry-guard.ts';
import { retryDelaySec } from './settings.ts';
import type { BridgeInfo } from './types.ts';
import {
  bridgeOf,
  bridgePassesFilter,
  hasDescriptor,
  isPossibleGuard,
  passesFilter,
  randomizedTime,
  type World,
} from './world.ts';

/** Where a selection takes its sample from. */
export type SelectionKind = 'normal' | 'restricted' | 'bridge';

export interface SampleListener {
  /** A guard line changed: write within half a minute. */
  changed(): void;
  added(guard: EntryGuard): void;
  /** A bridge without descriptor is worth another try. */
  retryBridge(guard: EntryGuard): void;
}

/** Which guard goes before which when equal in all else. */
export const bySampledIndex = (a: EntryGuard, b: EntryGuard): number => a.sampledIndex - b.sampledIndex;

/**
 * The sample: relays that may ever be our guards, grown slowly and pruned by age, so that nobody who can make guards
 * fail walks us through the whole network.
 *
 * spec: guard-spec 4.1 to 4.3, with proposal 310's order of sampling
 */
export class Sample {
  readonly name: string;
  readonly kind: SelectionKind;
  readonly #logger: Logger | undefined;
  readonly #listener: SampleListener;
  guards: EntryGuard[] = [];
  /** Set by every change that may give a guard another place among the primary ones. */
  primariesStale = true;
  #nextIndex = 0;

  constructor(name: string, kind: SelectionKind, listener: SampleListener, logger: Logger | undefined) {
    this.name = name;
    this.kind = kind;
    this.#listener = listener;
    this.#logger = logger;
  }

  /** Guards from the state file, in any order. */
  restore(guards: readonly EntryGuard[]): void {
    this.guards = [...guards].sort(bySampledIndex);
    this.#nextIndex = Math.max(0, ...guards.map((guard) => guard.sampledIndex + 1));
  }

  #add(world: World, identity: GuardIdentity): EntryGuard {
    const onSec = randomizedTime(world, world.settings.lifetimeSec / 10);
    const guard = new EntryGuard(this.name, identity, { onSec, index: this.#nextIndex++ });
    guard.sampledBy = world.version;
    this.guards.push(guard);
    this.updateFiltered(world, guard);
    this.#logger?.info('guard', `Adding ${guard.describe()} to the entry guard sample set.`);
    this.#listener.changed();
    this.#listener.added(guard);
    return guard;
  }

  has(fingerprint: string): boolean {
    return this.guards.some((guard) => guard.fingerprint === fingerprint);
  }

  /** Guards we may use that are not known to be down and that obey `also`. */
  countUsable(world: World, also: (guard: EntryGuard) => boolean = () => true): number {
    let count = 0;
    for (const guard of this.guards) {
      this.considerRetry(world, guard);
      if (guard.usable && also(guard)) count++;
    }
    return count;
  }

  /** Adds guards until enough are usable, but never beyond the largest size the sample may have. */
  expand(world: World): void {
    if (!world.hasLiveConsensus) return;
    let usable = this.countUsable(world);
    if (usable >= world.settings.minFilteredSample) return;
    const source = this.kind === 'bridge' ? this.#bridgeSource(world) : this.#relaySource(world);
    const maxSize = this.#maxSize(world, source.total);
    while (usable < world.settings.minFilteredSample && this.guards.length < maxSize) {
      const identity = source.next();
      if (identity === undefined) return;
      if (this.#add(world, identity).usable) usable++;
    }
  }

  #maxSize(world: World, total: number): number {
    if (this.kind === 'bridge') return Number.POSITIVE_INFINITY;
    const { maxSampleThreshold, maxSampleSize, minFilteredSample } = world.settings;
    return Math.max(minFilteredSample, Math.min(Math.floor(total * maxSampleThreshold), maxSampleSize));
  }

  #relaySource(world: World): { readonly total: number; next(): GuardIdentity | undefined } {
    const { netdir, options, random } = world;
    // A restricted selection samples only what the configuration allows: else its sample might hold nothing of use.
    const isEligible = (relay: Relay): boolean =>
      isPossibleGuard(relay, options) && (this.kind !== 'restricted' || passesFilter(relay, options));
    const sampled = new Set(this.guards.map((guard) => guard.fingerprint));
    const all = netdir?.relays.filter(isEligible) ?? [];
    const left = new Set(all.filter((relay) => !sampled.has(relay.fingerprint)));
    return {
      total: all.length,
      next: () => {
        const relay = left.size === 0 ? undefined : netdir?.pick('guard', random, (each) => left.has(each));
        if (relay === undefined) return undefined;
        left.delete(relay);
        return { rsaId: relay.rsaId, nickname: relay.nickname };
      },
    };
  }

  #bridgeSource(world: World): { readonly total: number; next(): GuardIdentity | undefined } {
    const bridges = world.options.bridges ?? [];
    const left = bridges.filter((bridge) => !this.guards.some((guard) => bridgeOf(guard, world.options) === bridge));
    return {
      total: bridges.length,
      next: () => {
        if (left.length === 0) return undefined;
        const [bridge] = left.splice(world.random.below(left.length), 1) as [BridgeInfo];
        const { address, port, rsaId } = bridge;
        return { rsaId, nickname: '', bridge: { address, port } };
      },
    };
  }

  /**
   * Marks guards as listed or not, and removes those unlisted, unconfirmed or confirmed for too long. Returns the
   * removed, or undefined when nothing changed.
   */
  updateFromConsensus(world: World): EntryGuard[] | undefined {
    if (!world.hasLiveConsensus) return undefined;
    let changed = false;
    for (const guard of this.guards) if (this.#updateListed(world, guard)) changed = true;
    const removed = this.guards.filter((guard) => isOutlived(world, guard));
    if (!changed && removed.length === 0) return undefined;
    for (const guard of removed) this.#logger?.info('guard', `Removing sampled guard ${guard.describe()}.`);
    this.guards = this.guards.filter((guard) => !removed.includes(guard));
    this.primariesStale = true;
    this.#listener.changed();
    return removed;
  }

  #updateListed(world: World, guard: EntryGuard): boolean {
    const listed = this.#isListed(world, guard);
    if (listed === guard.listed && listed === (guard.unlistedSinceSec === 0)) return false;
    guard.listed = listed;
    guard.unlistedSinceSec = listed ? 0 : randomizedTime(world, world.settings.removeUnlistedAfterSec / 5);
    this.#logger?.info('guard', `Sampled guard ${guard.describe()} is now ${listed ? 'listed again' : 'unlisted'}.`);
    return true;
  }

  #isListed(world: World, guard: EntryGuard): boolean {
    if (this.kind === 'bridge') return bridgeOf(guard, world.options) !== undefined;
    const relay = world.netdir?.byFingerprint(guard.fingerprint);
    return relay !== undefined && isPossibleGuard(relay, world.options);
  }

  updateAllFiltered(world: World): void {
    for (const guard of this.guards) this.updateFiltered(world, guard);
  }

  updateFiltered(world: World, guard: EntryGuard): void {
    const before = guard.filtered;
    guard.filtered = this.#passesFilter(world, guard);
    guard.usable = guard.filtered && guard.reachable !== 'no';
    if (guard.filtered) this.considerRetry(world, guard);
    if (guard.filtered !== before) this.primariesStale = true;
  }

  #passesFilter(world: World, guard: EntryGuard): boolean {
    if (!guard.listed || guard.pathBiasDisabled) return false;
    if (this.kind === 'bridge') {
      const bridge = bridgeOf(guard, world.options);
      return bridge !== undefined && bridgePassesFilter(bridge, world.options);
    }
    const relay = world.netdir?.byFingerprint(guard.fingerprint);
    return relay !== undefined && passesFilter(relay, world.options);
  }

  /** Calls an unreachable guard maybe reachable again when its time has come. spec: guard-spec 4.5 */
  considerRetry(world: World, guard: EntryGuard): void {
    if (guard.reachable !== 'no') return;
    // Bridges without descriptor have the schedule of their descriptor's download.
    if (guard.bridge !== undefined && !hasDescriptor(guard, world)) return;
    const failingForSec = Math.max(0, world.nowSec - guard.failingSinceSec);
    if (world.nowSec < guard.lastTriedSec + retryDelaySec(failingForSec, guard.primary)) return;
    guard.reachable = 'maybe';
    if (guard.filtered) guard.usable = true;
  }

  /** Another chance before its time: the network was down, or nothing else is left. */
  markMaybeReachable(world: World, guard: EntryGuard): void {
    if (guard.reachable !== 'no') return;
    guard.reachable = 'maybe';
    if (guard.filtered) guard.usable = true;
    if (guard.bridge !== undefined && !hasDescriptor(guard, world)) this.#listener.retryBridge(guard);
  }
}

function isOutlived(world: World, guard: EntryGuard): boolean {
  const { nowSec, settings } = world;
  if (!guard.listed && guard.unlistedSinceSec < nowSec - settings.removeUnlistedAfterSec) return true;
  // As in C tor a confirmed guard goes by the date of its confirmation alone; guard-spec wants the sampling date too.
  if (guard.confirmedOnSec !== 0) return guard.confirmedOnSec < nowSec - settings.confirmedMinLifetimeSec;
  return guard.sampledOnSec < nowSec - settings.lifetimeSec;
}
