import type { Relay } from './relay.ts';
import type { RouterSet } from './router-set.ts';
import type { DirInfoStatus, NetDir } from './types.ts';
import { maySpeakExtend2 } from './usable.ts';
import type { Position } from './weights.ts';

export interface DirInfoOptions {
  readonly entryNodes?: RouterSet | undefined;
  readonly middleNodes?: RouterSet | undefined;
  readonly exitNodes?: RouterSet | undefined;
  /** PathsNeededToBuildCircuits, 0 to 1; undefined takes the consensus' parameter. */
  readonly pathsNeeded?: number | undefined;
  readonly bridgeUsable?: boolean;
}

interface Counted {
  readonly relays: Relay[];
  readonly usable: number;
  readonly present: number;
}

/** Among relays a client would use: those in `set`, those with the Exit flag, those not known to refuse every port. */
function count(netdir: NetDir, set: RouterSet | undefined, exit: 'any' | 'policy' | 'flag-and-policy'): Counted {
  const relays: Relay[] = [];
  let [usable, present] = [0, 0];
  for (const relay of netdir.relays) {
    if (exit === 'flag-and-policy' && !relay.flags.exit) continue;
    if (set !== undefined && !set.has(relay)) continue;
    if (!relay.flags.running || !maySpeakExtend2(relay)) continue;
    usable++;
    if (relay.hasDescriptor) {
      if (exit !== 'any' && relay.policy4.rejectsAll) continue;
      present++;
    }
    relays.push(relay);
  }
  return { relays, usable, present };
}

/** The share of the relays' weight whose descriptors are here. */
function fraction(netdir: NetDir, relays: readonly Relay[], position: Position): number {
  if (relays.length === 0) return 0;
  let [total, present, count] = [0, 0, 0];
  for (const relay of relays) {
    const weight = netdir.weightOf(relay, position);
    total += weight;
    if (!relay.hasDescriptor) continue;
    present += weight;
    count++;
  }
  return total > 0 ? present / total : count / relays.length;
}

/**
 * Whether paths can be built: the product of the shares of guards, middles and exits that are known must reach a
 * threshold, so that nobody feeding us descriptors one by one decides where we go. As in C tor, a network without exits
 * counts middles in their place.
 *
 * spec: path-spec 2.1.1
 */
export function dirInfoStatus(netdir: NetDir, options: DirInfoOptions): DirInfoStatus {
  const middles = count(netdir, options.middleNodes, 'any');
  const guards =
    options.entryNodes === undefined
      ? middles.relays.filter((relay) => relay.flags.guard)
      : count(netdir, options.entryNodes, 'any').relays;
  const exits = count(netdir, undefined, 'flag-and-policy');
  const haveExits = exits.present > 0;
  const guardFraction = options.bridgeUsable === true ? 1 : fraction(netdir, guards, 'guard');
  const middleFraction = fraction(netdir, middles.relays, 'middle');
  const exitFraction = exitShare(netdir, exits, haveExits, middleFraction, options);
  const pathFraction = guardFraction * middleFraction * exitFraction;
  const threshold = options.pathsNeeded ?? netdir.params.get('min_paths_for_circs_pct') / 100;
  const enough = pathFraction >= threshold;
  const status = {
    enough,
    pathFraction,
    threshold,
    haveExits,
    guardFraction,
    middleFraction,
    exitFraction,
    usableRelays: middles.usable,
    usableDescriptors: middles.present,
  };
  return { ...status, reason: enough ? '' : reasonOf(status, netdir.flavor) };
}

function exitShare(
  netdir: NetDir,
  exits: Counted,
  haveExits: boolean,
  middleFraction: number,
  options: DirInfoOptions,
): number {
  let share = fraction(netdir, exits.relays, 'exit');
  if (options.exitNodes !== undefined) {
    let mine = count(netdir, options.exitNodes, 'flag-and-policy').relays;
    if (mine.length === 0) mine = count(netdir, options.exitNodes, 'policy').relays;
    // Both must be known: else a directory could learn the chosen exits by handing descriptors out slowly.
    share = Math.min(share, fraction(netdir, mine, 'exit'));
  }
  return !haveExits && share <= 0 ? middleFraction : share;
}

function reasonOf(status: Omit<DirInfoStatus, 'reason'>, flavor: 'microdesc' | 'ns'): string {
  const percent = (share: number): number => Math.floor(share * 100);
  const kind = flavor === 'microdesc' ? 'micro' : '';
  const end = status.haveExits ? 'exit bw' : 'end bw (no exits in consensus, using mid)';
  return (
    `We need more ${kind}descriptors: we have ${status.usableDescriptors}/${status.usableRelays}, and can only build ` +
    `${percent(status.pathFraction)}% of likely paths. (We have ${percent(status.guardFraction)}% of guards bw, ` +
    `${percent(status.middleFraction)}% of midpoint bw, and ${percent(status.exitFraction)}% of ${end} = ` +
    `${percent(status.pathFraction)}% of path bw.)`
  );
}
