import type { Random } from '../../base/runtime/index.ts';
import type { Relay } from './relay.ts';
import type { NetDir } from './types.ts';

/** What a position on a path asks of a relay, beyond running, being valid and speaking EXTEND2. */
export interface RelayNeeds {
  readonly stable?: boolean;
  readonly fast?: boolean;
  readonly guard?: boolean;
  /** The exit of a conflux set. */
  readonly conflux?: boolean;
  /** An end of an onion service circuit: introduction, rendezvous or directory; never a MiddleOnly relay. */
  readonly onionEnd?: boolean;
  /** Can extend over IPv6. */
  readonly ipv6Extend?: boolean;
  /** Also relays whose descriptor is not known yet. */
  readonly withoutDescriptor?: boolean;
}

/** C tor's router_can_choose_node, but for reachability from here. */
export function isUsable(relay: Relay, needs: RelayNeeds = {}): boolean {
  const { flags } = relay;
  if (!flags.running || !flags.valid) return false;
  if (needs.withoutDescriptor !== true && !relay.hasDescriptor) return false;
  if (relay.hasDescriptor && relay.ntorKey === undefined) return false;
  if (needs.stable === true && !flags.stable) return false;
  if (needs.fast === true && !flags.fast) return false;
  if (needs.guard === true && !flags.guard) return false;
  if (!maySpeakExtend2(relay)) return false;
  if (needs.conflux === true && !relay.supportsConflux) return false;
  if (needs.onionEnd === true && flags.middleOnly) return false;
  if (needs.ipv6Extend !== true) return true;
  return relay.supports('Relay', 3) && relay.addresses.some(({ address }) => address.length === 16);
}

/** A relay that says nothing of its protocols is given the benefit of the doubt. */
export const maySpeakExtend2 = (relay: Relay): boolean => relay.protover.size === 0 || relay.supports('Relay', 2);

export interface RelayChoice {
  readonly position: 'guard' | 'middle';
  readonly needs: RelayNeeds;
  readonly excluded: (relay: Relay) => boolean;
}

/** C tor's router_choose_random_node: when no relay has all that is wished, one without Stable, Fast and Guard will do. */
export function chooseRelay(netdir: NetDir, random: Random, choice: RelayChoice): Relay | undefined {
  const pick = (needs: RelayNeeds): Relay | undefined =>
    netdir.pick(choice.position, random, (relay) => isUsable(relay, needs) && !choice.excluded(relay));
  const { stable, fast, guard, ...rest } = choice.needs;
  const found = pick(choice.needs);
  if (found !== undefined || (stable !== true && fast !== true && guard !== true)) return found;
  return pick(rest);
}
