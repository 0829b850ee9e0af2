import type { Relay } from './relay.ts';

export const bandwidthWeightNames = [
  'Wgg',
  'Wgm',
  'Wgd',
  'Wgb',
  'Wmg',
  'Wmm',
  'Wme',
  'Wmd',
  'Wmb',
  'Weg',
  'Wem',
  'Wee',
  'Wed',
  'Web',
  'Wbg',
  'Wbm',
  'Wbe',
  'Wbd',
  'Wdb',
] as const;

export type BandwidthWeightName = (typeof bandwidthWeightNames)[number];

/** The `bandwidth-weights` line of a consensus, held to the scale; -1 for an absent weight. spec: dir-spec 3.8.3 */
export type BandwidthWeights = Readonly<Record<BandwidthWeightName, number>> & { readonly scale: number };

/** Which rule weights a choice; `none` leaves the plain consensus weight. */
export type Position = 'guard' | 'middle' | 'exit' | 'dir' | 'none';

export function bandwidthWeights(line: ReadonlyMap<string, number>, scale: number): BandwidthWeights {
  const weights = { scale } as Record<BandwidthWeightName | 'scale', number>;
  for (const name of bandwidthWeightNames) weights[name] = Math.max(-1, Math.min(line.get(name) ?? -1, scale));
  return weights;
}

/** What a relay's bandwidth is multiplied with, by its flags. */
interface PositionRule {
  readonly guard: number;
  readonly middle: number;
  readonly exit: number;
  /** Both guard and exit. */
  readonly both: number;
  /** Further factors for a relay that is a directory cache. */
  readonly dirGuard: number;
  readonly dirMiddle: number;
  readonly dirExit: number;
  readonly dirBoth: number;
}

const flat: PositionRule = {
  guard: 1,
  middle: 1,
  exit: 1,
  both: 1,
  dirGuard: 1,
  dirMiddle: 1,
  dirExit: 1,
  dirBoth: 1,
};

/** The rule of C tor's compute_weighted_bandwidths; with any weight missing it falls back to plain bandwidth. */
export function positionRule(position: Position, w: BandwidthWeights): PositionRule {
  const dir = [w.Wgb, w.Wmb, w.Web, w.Wdb] as const;
  const full = [w.scale, w.scale, w.scale, w.scale] as const;
  switch (position) {
    case 'guard':
      return scaled(w.scale, [w.Wgg, w.Wgm, 0, w.Wgd], dir);
    case 'middle':
      return scaled(w.scale, [w.Wmg, w.Wmm, w.Wme, w.Wmd], dir);
    case 'exit':
      return scaled(w.scale, [w.Weg, w.Wem, w.Wee, w.Wed], dir);
    case 'dir':
      return scaled(w.scale, [w.Wbg, w.Wbm, w.Wbe, w.Wbd], full);
    case 'none':
      return flat;
  }
}

type Four = readonly [guard: number, middle: number, exit: number, both: number];

function scaled(scale: number, own: Four, dir: Four): PositionRule {
  if ([...own, ...dir].some((weight) => weight < 0)) return flat;
  return {
    guard: own[0] / scale,
    middle: own[1] / scale,
    exit: own[2] / scale,
    both: own[3] / scale,
    dirGuard: dir[0] / scale,
    dirMiddle: dir[1] / scale,
    dirExit: dir[2] / scale,
    dirBoth: dir[3] / scale,
  };
}

const unknownBytes = 30_000;
const int32Max = 2147483647;

function bytesOf(relay: Relay): number {
  if (relay.weight === undefined) return unknownBytes;
  return relay.weight > Math.floor(int32Max / 1000) ? int32Max : relay.weight * 1000;
}

/** A relay's weight in a position. Only ratios within one rule mean anything. */
export function weightFor(relay: Relay, position: Position, rule: PositionRule, useGuardFraction: boolean): number {
  const { flags } = relay;
  const isExit = flags.exit && !flags.badExit;
  const isDir = flags.v2Dir;
  const bytes = bytesOf(relay);
  const asMiddle = isDir ? rule.dirMiddle * rule.middle : rule.middle;
  const asExit = isDir ? rule.dirExit * rule.exit : rule.exit;
  if (!flags.guard) return bytes * (isExit ? asExit : asMiddle);
  let asGuard: number;
  if (isExit) asGuard = isDir ? rule.dirBoth * rule.both : rule.both;
  else asGuard = isDir ? rule.dirGuard * rule.guard : rule.guard;
  if (!useGuardFraction || relay.guardFraction === undefined || position === 'guard') return bytes * asGuard;
  // Proposal 236: a guard of which clients know only a part of the time counts in part as what it would be without.
  const guardBytes = Math.round((relay.guardFraction / 100) * bytes);
  return guardBytes * asGuard + (bytes - guardBytes) * (isExit ? asExit : asMiddle);
}
