import { base16Upper, bytesEqual } from '../../base/bytes/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import type { NetDir, Relay } from '../netdir/index.ts';
import type { EntryGuard } from './entry-guard.ts';
import type { GuardSettings } from './settings.ts';
import type { BridgeInfo, GuardOptions, GuardRestriction } from './types.ts';

/** Everything guard selection looks at but does not own. */
export interface World {
  readonly random: Random;
  readonly settings: GuardSettings;
  readonly options: GuardOptions;
  readonly nowSec: number;
  readonly netdir: NetDir | undefined;
  /** Whether the consensus is fresh enough to change guards by; bridges need none. */
  readonly hasLiveConsensus: boolean;
  /** Caches that lacked microdescriptors of the newest consensus. */
  readonly outdated: ReadonlySet<string>;
  /** Goes into `sampled_by`. */
  readonly version: string;
}

/** The GUARDS set: who may be sampled. */
export function isPossibleGuard(relay: Relay, options: GuardOptions): boolean {
  const { flags } = relay;
  return (
    flags.guard &&
    flags.stable &&
    flags.fast &&
    flags.valid &&
    flags.v2Dir &&
    relay.fingerprint !== options.ownFingerprint
  );
}

/** Whether the configuration lets us connect to a relay as first hop. */
export function passesFilter(relay: Relay, options: GuardOptions): boolean {
  if (options.excludeNodes?.has(relay) === true) return false;
  if (options.entryNodes !== undefined && !options.entryNodes.has(relay)) return false;
  if (options.canReach?.(relay) === false) return false;
  const isBridge = (options.bridges ?? []).some(({ rsaId }) => rsaId !== undefined && bytesEqual(rsaId, relay.rsaId));
  return !isBridge;
}

export function bridgePassesFilter(bridge: BridgeInfo, options: GuardOptions): boolean {
  const { address, port, rsaId } = bridge;
  const { excludeNodes } = options;
  if (excludeNodes !== undefined) {
    if (excludeNodes.hasAddress(address, port) || (rsaId !== undefined && excludeNodes.hasId(rsaId))) return false;
  }
  return options.canReachAddress?.(address, port) !== false;
}

/** The configured bridge that a guard stands for. */
export function bridgeOf(guard: EntryGuard, options: GuardOptions): BridgeInfo | undefined {
  const { bridge } = guard;
  if (bridge === undefined) return undefined;
  return (options.bridges ?? []).find(({ address, port, rsaId }) => {
    if (port !== bridge.port || !bytesEqual(address, bridge.address)) return false;
    return !guard.hasIdentity || rsaId === undefined || base16Upper(rsaId) === guard.fingerprint;
  });
}

/** The relay to connect to: undefined when neither consensus nor bridge descriptor is known. */
export function relayOf(guard: EntryGuard, world: World): Relay | undefined {
  if (guard.bridge !== undefined) return bridgeOf(guard, world.options)?.relay;
  return world.netdir?.byFingerprint(guard.fingerprint);
}

export const hasDescriptor = (guard: EntryGuard, world: World): boolean =>
  relayOf(guard, world)?.hasDescriptor === true;

/** spec: guard-spec 4.6: restrictions of one circuit. */
export function obeys(guard: EntryGuard, restriction: GuardRestriction | undefined, world: World): boolean {
  if (restriction === undefined) return true;
  if (restriction.kind === 'outdated-dirserver') return !world.outdated.has(guard.fingerprint);
  const { exit } = restriction;
  if (guard.fingerprint === exit.fingerprint) return false;
  const relay = relayOf(guard, world);
  if (relay !== undefined && world.netdir?.sameFamily(relay, exit) === true) return false;
  if (restriction.kind === 'exit') return true;
  return !restriction.relays.some((each) => each.fingerprint === guard.fingerprint);
}

/** A time between `maxBackSec` ago and now: what is written to disk must not tell when exactly it was. */
export function randomizedTime(world: World, maxBackSec: number): number {
  const latest = world.nowSec;
  const earliest = Math.max(1, latest - Math.floor(maxBackSec));
  return latest <= earliest ? earliest : earliest + world.random.below(latest - earliest);
}
