import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { chooseRelay, isUsable, type NetDir, type Relay, type RelayNeeds, type RouterSet } from '../netdir/index.ts';
import { isIn, isOwn, type PathOptions } from './options.ts';

export interface MiddleContext {
  readonly netdir: NetDir;
  readonly random: Random;
  readonly options: PathOptions;
  readonly needs: RelayNeeds;
  /** The hops before this one, guard first. */
  readonly before: readonly Relay[];
  readonly last: Relay;
  /** Not to be chosen beyond that: excluded by the request, second hops of other conflux legs. */
  readonly exclude: readonly Relay[];
}

/** Up to this many sticky relays are taken for a choice made with care, and each is as likely as the next. */
const maxPinned = 20;

/** A middle away from every other hop and its family. Throws PATH_NO_MIDDLE. spec: path-spec 2.2 */
export function chooseMiddle(context: MiddleContext): Relay {
  const { netdir, random, options, needs, before, last, exclude } = context;
  const own = isOwn(netdir, options);
  const isNear = (relay: Relay, hop: Relay): boolean =>
    relay.fingerprint === hop.fingerprint || netdir.sameFamily(relay, hop);
  const excluded = (relay: Relay): boolean =>
    isNear(relay, last) || before.some((hop) => isNear(relay, hop)) || isIn(relay, exclude);
  return found(chooseFree(netdir, random, options, needs, (relay) => excluded(relay) || own(relay)));
}

/**
 * A middle of an onion service circuit. Sticky hops are few, so that families and subnets do not count, which would
 * tell of the ones before; only the same relay twice is ruled out. C tor means to let a fourth hop be the guard again,
 * but never does.
 *
 * Throws PATH_NO_MIDDLE. spec: vanguards-spec 4
 */
export function chooseOnionMiddle(context: MiddleContext): Relay {
  const { netdir, random, options, needs, before, last, exclude } = context;
  const own = isOwn(netdir, options);
  const excluded = (relay: Relay): boolean =>
    relay.fingerprint === last.fingerprint || isIn(relay, before) || isIn(relay, exclude);
  return found(chooseFree(netdir, random, options, needs, (relay) => excluded(relay) || own(relay)));
}

/** A sticky hop: one of `pinned`. Throws PATH_NO_MIDDLE. */
export function choosePinned(context: MiddleContext, pinned: readonly Relay[], layer: 2 | 3): Relay {
  const { netdir, random, options, needs, before, last } = context;
  const candidates = pinned.filter(
    (relay) =>
      isUsable(relay, needs) &&
      options.excludeNodes?.has(relay) !== true &&
      relay.fingerprint !== last.fingerprint &&
      !isIn(relay, before),
  );
  // Many of them: the user did not balance load, so weight does.
  const choice =
    candidates.length > maxPinned
      ? netdir.pickFrom(candidates, 'none', random)
      : candidates[random.below(Math.max(1, candidates.length))];
  if (choice !== undefined) return choice;
  throw new TorError('PATH_NO_MIDDLE', `no usable relay among the layer ${layer} guards`, { facts: { layer } });
}

export const relaysIn = (netdir: NetDir, set: RouterSet): Relay[] => netdir.relays.filter((relay) => set.has(relay));

function chooseFree(
  netdir: NetDir,
  random: Random,
  options: PathOptions,
  needs: RelayNeeds,
  excluded: (relay: Relay) => boolean,
): Relay | undefined {
  const { middleNodes, excludeNodes } = options;
  const isExcluded = (relay: Relay): boolean => excludeNodes?.has(relay) === true || excluded(relay);
  if (middleNodes === undefined)
    return chooseRelay(netdir, random, { position: 'middle', needs, excluded: isExcluded });
  // A user's own middles are not asked to be Stable or Fast.
  return netdir.pick('middle', random, (relay) => middleNodes.has(relay) && isUsable(relay) && !isExcluded(relay));
}

function found(relay: Relay | undefined): Relay {
  if (relay === undefined) throw new TorError('PATH_NO_MIDDLE');
  return relay;
}
