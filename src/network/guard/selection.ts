import type { Logger } from '../../base/log/index.ts';
import type { EntryGuard } from './entry-guard.ts';
import { bySampledIndex, Sample, type SampleListener, type SelectionKind } from './sample.ts';
import type { GuardCircuitState, GuardRestriction, GuardUse } from './types.ts';
import { hasDescriptor, obeys, randomizedTime, type World } from './world.ts';

export interface PickedGuard {
  readonly guard: EntryGuard;
  readonly state: GuardCircuitState;
}

interface SampleFilter {
  readonly excludeConfirmed?: boolean;
  readonly excludePrimary?: boolean;
  readonly excludePending?: boolean;
  readonly needDescriptor?: boolean;
  readonly restriction?: GuardRestriction | undefined;
}

/** One guard selection ("default", "restricted" or "bridges"): its sample, its confirmed and its primary guards. */
export class GuardSelection {
  readonly sample: Sample;
  readonly #logger: Logger | undefined;
  readonly #listener: SampleListener;
  /** Guards that worked, in the order they were sampled. */
  #confirmed: EntryGuard[] = [];
  /** The few we would use if all is well. */
  #primary: EntryGuard[] = [];
  #nextConfirmedIndex = 0;
  lastTimeOnInternetSec = 0;

  constructor(name: string, kind: SelectionKind, listener: SampleListener, logger: Logger | undefined) {
    this.sample = new Sample(name, kind, listener, logger);
    this.#listener = listener;
    this.#logger = logger;
  }

  get name(): string {
    return this.sample.name;
  }

  get kind(): SelectionKind {
    return this.sample.kind;
  }

  get confirmed(): readonly EntryGuard[] {
    return this.#confirmed;
  }

  /** Up to date after `primaryGuards(world)`. */
  get primary(): readonly EntryGuard[] {
    return this.#primary;
  }

  /** A new consensus, new options, or guards just read from disk. */
  updateAll(world: World): EntryGuard[] {
    const removed = this.sample.updateFromConsensus(world) ?? [];
    this.#forget(removed);
    this.sample.updateAllFiltered(world);
    this.#updateConfirmed();
    this.#updatePrimary(world);
    return removed;
  }

  #forget(removed: readonly EntryGuard[]): void {
    for (const guard of removed) {
      guard.primary = false;
      guard.confirmedIndex = -1;
      guard.confirmedOnSec = 0;
    }
    this.#primary = this.#primary.filter((guard) => !removed.includes(guard));
    this.#confirmed = this.#confirmed.filter((guard) => !removed.includes(guard));
  }

  /** Closes gaps in the order of confirmation. */
  #updateConfirmed(): void {
    this.#confirmed = this.sample.guards.filter((guard) => guard.confirmed);
    const byConfirmation = [...this.#confirmed].sort((a, b) => a.confirmedIndex - b.confirmedIndex);
    for (const [i, guard] of byConfirmation.entries()) {
      if (guard.confirmedIndex === i) continue;
      guard.confirmedIndex = i;
      this.#listener.changed();
    }
    this.#nextConfirmedIndex = byConfirmation.length;
    this.#confirmed.sort(bySampledIndex);
  }

  #confirm(world: World, guard: EntryGuard): void {
    guard.confirmedOnSec = randomizedTime(world, world.settings.lifetimeSec / 10);
    guard.confirmedIndex = this.#nextConfirmedIndex++;
    this.#confirmed.push(guard);
    this.#confirmed.sort(bySampledIndex);
    // It may push another one out of the primary guards.
    this.sample.primariesStale = true;
    this.#logger?.info('guard', `Marking ${guard.describe()} as a confirmed guard (index ${guard.confirmedIndex}).`);
    this.#listener.changed();
  }

  primaryGuards(world: World): readonly EntryGuard[] {
    if (this.sample.primariesStale) this.#updatePrimary(world);
    return this.#primary;
  }

  /** Confirmed guards first, then those that were primary already, then more from the sample. spec: guard-spec 4.4 */
  #updatePrimary(world: World): void {
    const wanted = world.settings.primaryGuards;
    const before = this.#primary;
    this.sample.primariesStale = false;
    const next = this.#confirmed.filter((guard) => guard.filtered).slice(0, wanted);
    for (const guard of before) {
      if (next.length < wanted && guard.filtered && !next.includes(guard)) next.push(guard);
    }
    for (const guard of before) guard.primary = false;
    for (const guard of next) guard.primary = true;
    while (next.length < wanted) {
      const guard = this.#firstUsable(world, { excludeConfirmed: true, excludePrimary: true });
      if (guard === undefined) break;
      guard.primary = true;
      next.push(guard);
    }
    const changed = next.length !== before.length || next.some((guard, i) => guard !== before[i]);
    if (changed) next.sort(bySampledIndex);
    this.#primary = next;
    // Guards sampled on the way have no say in this list.
    this.sample.primariesStale = false;
  }

  #firstUsable(world: World, filter: SampleFilter): EntryGuard | undefined {
    const mayServe = (guard: EntryGuard): boolean => obeys(guard, filter.restriction, world);
    if (this.sample.countUsable(world, mayServe) < world.settings.minFilteredSample) this.sample.expand(world);
    return this.sample.guards.find((guard) => {
      if (!guard.usable || !mayServe(guard)) return false;
      if (filter.excludeConfirmed === true && guard.confirmed) return false;
      if (filter.excludePrimary === true && guard.primary) return false;
      if (filter.excludePending === true && guard.pending) return false;
      return filter.needDescriptor !== true || hasDescriptor(guard, world);
    });
  }

  /** spec: guard-spec 4.6 [SELECTING] */
  pick(world: World, use: GuardUse, restriction: GuardRestriction | undefined): PickedGuard | undefined {
    this.primaryGuards(world);
    const primary = this.#pickPrimary(world, use, restriction);
    if (primary !== undefined) return { guard: primary, state: 'usable-on-completion' };
    const needDescriptor = use === 'traffic';
    const guard =
      this.#pickConfirmed(world, needDescriptor, restriction) ?? this.#pickSampled(world, needDescriptor, restriction);
    if (guard === undefined) {
      this.#logger?.info('guard', 'No sampled guard is available. Marking all guards for retry.');
      for (const each of this.sample.guards) this.sample.markMaybeReachable(world, each);
      return undefined;
    }
    guard.pending = true;
    guard.lastTriedSec = world.nowSec;
    return { guard, state: 'usable-if-no-better-guard' };
  }

  #pickPrimary(world: World, use: GuardUse, restriction: GuardRestriction | undefined): EntryGuard | undefined {
    const wanted = world.settings.guardsToUse(use);
    const usable: EntryGuard[] = [];
    let considered = 0;
    for (const guard of this.#primary) {
      this.sample.considerRetry(world, guard);
      if (!obeys(guard, restriction, world)) {
        // What the path rules out counts as looked at, so that choosing an exit cannot drive us from our first guards;
        // what a cache lacks does not.
        if (restriction?.kind === 'outdated-dirserver') continue;
        if (++considered >= wanted && usable.length > 0) break;
        continue;
      }
      if (guard.reachable === 'no') continue;
      if (use === 'traffic' && !hasDescriptor(guard, world)) continue;
      guard.lastTriedSec = world.nowSec;
      usable.push(guard);
      if (++considered >= wanted) break;
    }
    return usable.length === 0 ? undefined : usable[world.random.below(usable.length)];
  }

  #pickConfirmed(
    world: World,
    needDescriptor: boolean,
    restriction: GuardRestriction | undefined,
  ): EntryGuard | undefined {
    return this.#confirmed.find((guard) => {
      if (guard.primary || !obeys(guard, restriction, world)) return false;
      this.sample.considerRetry(world, guard);
      return guard.usable && !guard.pending && (!needDescriptor || hasDescriptor(guard, world));
    });
  }

  #pickSampled(
    world: World,
    needDescriptor: boolean,
    restriction: GuardRestriction | undefined,
  ): EntryGuard | undefined {
    return this.#firstUsable(world, {
      excludeConfirmed: true,
      excludePrimary: true,
      excludePending: true,
      needDescriptor,
      restriction,
    });
  }

  noteFailure(world: World, guard: EntryGuard): void {
    guard.reachable = 'no';
    guard.usable = false;
    guard.pending = false;
    if (guard.failingSinceSec === 0) guard.failingSinceSec = world.nowSec;
    this.#logger?.info('guard', `Recorded failure for guard ${guard.describe()}.`);
  }

  /** Returns the new state of the circuit that succeeded. spec: guard-spec 4.9 */
  noteSuccess(world: World, guard: EntryGuard, state: GuardCircuitState): 'complete' | 'waiting-for-better-guard' {
    const lastOnlineSec = this.lastTimeOnInternetSec;
    this.lastTimeOnInternetSec = world.nowSec;
    guard.reachable = 'yes';
    guard.failingSinceSec = 0;
    guard.pending = false;
    if (guard.filtered) guard.usable = true;
    if (!guard.confirmed) {
      this.#confirm(world, guard);
      this.primaryGuards(world);
    }
    const complete = state === 'complete' || state === 'usable-on-completion' || guard.primary;
    // The first sign of life in a while: the primary guards may have failed for want of a network.
    if (!guard.primary && lastOnlineSec + world.settings.internetLikelyDownSec < world.nowSec) {
      this.retryPrimaries(world);
    }
    return complete ? 'complete' : 'waiting-for-better-guard';
  }

  retryPrimaries(world: World): void {
    for (const guard of this.primaryGuards(world)) this.sample.markMaybeReachable(world, guard);
  }

  allPrimariesDown(world: World): boolean {
    return this.primaryGuards(world).every((guard) => {
      this.sample.considerRetry(world, guard);
      return guard.reachable === 'no';
    });
  }

  /** Whether a circuit through `a` should be waited for before one through `b` is used. */
  static hasPriority(a: EntryGuard, b: EntryGuard): boolean {
    if (a === b) return false;
    if (a.confirmed !== b.confirmed) return a.confirmed;
    if (a.confirmed) return a.confirmedIndex < b.confirmedIndex;
    if (a.pending !== b.pending) return a.pending;
    return a.pending && a.lastTriedSec < b.lastTriedSec;
  }
}
