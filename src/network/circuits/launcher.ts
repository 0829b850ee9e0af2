import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { identityOf } from '../../wire/linkspec/index.ts';
import type { ChannelTarget, OrEndpoint } from '../channels/index.ts';
import type { NetDir, Relay } from '../netdir/index.ts';
import type { Path, PathPurpose, PathRequest } from '../path/index.ts';
import { type BuildTimes, learningIdleMs } from './build-times.ts';
import type { CircuitBuilder } from './builder.ts';
import { type ChosenHop, type CircuitNeeds, ManagedCircuit, relayHop, targetHop } from './managed-circuit.ts';
import type { CircuitPool } from './pool.ts';
import type { PredictedNeeds } from './predicted-needs.ts';
import type { CircuitOptions, CircuitPurpose, CircuitTarget, DirTarget } from './types.ts';

/** Chooses relays for a path: `network/path`. Throws PATH_*. */
export interface PathSource {
  choose(netdir: NetDir, request: PathRequest): Path;
}

export interface LauncherDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly paths: PathSource;
  readonly pool: CircuitPool;
  readonly builder: CircuitBuilder;
  readonly buildTimes: BuildTimes;
  readonly predicted: PredictedNeeds;
  readonly netdir: () => NetDir | undefined;
  readonly onLaunched: (managed: ManagedCircuit) => void;
  readonly onCannibalized: (managed: ManagedCircuit, oldPurpose: CircuitPurpose) => void;
}

export interface LaunchRequest {
  readonly purpose: CircuitPurpose;
  readonly needs: CircuitNeeds;
  readonly target?: CircuitTarget | undefined;
  readonly ports?: PathRequest['ports'];
  readonly options?: CircuitOptions;
}

/** Turns the wish for a circuit into one that is being built: by cannibalizing another, or along a new path. */
export class CircuitLauncher {
  readonly #deps: LauncherDeps;
  #nextId = 1;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
  }

  /** Throws PATH_*, RELAY_NO_DESCRIPTOR. */
  launch(request: LaunchRequest): ManagedCircuit {
    return this.#cannibalize(request) ?? this.#launchNew(request);
  }

  fingerprintOf(target: CircuitTarget): string {
    return this.#hopOf(target).fingerprint;
  }

  // Cannibalizing: C tor's circuit_should_cannibalize_to_build and circuit_find_to_cannibalize

  #cannibalize(request: LaunchRequest): ManagedCircuit | undefined {
    const { purpose, needs, target, options } = request;
    const from = cannibalizedFrom(purpose, target !== undefined);
    if (from === undefined || needs.oneHop || options?.path !== undefined || options?.cannibalize === false) {
      return undefined;
    }
    const hop = target === undefined ? undefined : this.#hopOf(target);
    const managed = this.#deps.pool.toCannibalize(from, needs, hop, (a, b) => this.#sameFamily(a, b));
    if (managed === undefined || hasExcluded(managed.hops, options)) return undefined;
    managed.purpose = purpose;
    managed.tag = options?.tag;
    managed.owned = true;
    managed.beganMs = this.#deps.clock.monotonic();
    this.#deps.onCannibalized(managed, from);
    if (hop !== undefined) {
      managed.reopen();
      this.#deps.builder.extend(managed, [hop]);
    }
    return managed;
  }

  #sameFamily(a: ChosenHop, b: ChosenHop): boolean {
    const netdir = this.#deps.netdir();
    const [relayA, relayB] = [netdir?.byFingerprint(a.fingerprint), netdir?.byFingerprint(b.fingerprint)];
    return relayA !== undefined && relayB !== undefined && netdir?.sameFamily(relayA, relayB) === true;
  }

  // New circuits

  #launchNew(request: LaunchRequest): ManagedCircuit {
    const chosen = this.#chooseHops(request);
    const { options, purpose } = request;
    const managed = new ManagedCircuit(
      this.#nextId++,
      purpose,
      chosen.needs,
      this.#deps.clock.now(),
      this.#idleTimeoutMs(),
    );
    managed.hops = chosen.hops;
    managed.ticket = chosen.path?.guard;
    managed.tag = options?.tag;
    if (options?.isolation !== undefined) managed.isolation.apply(options.isolation, false);
    this.#deps.pool.add(managed);
    this.#deps.buildTimes.noteCircuitLaunched(this.#deps.clock.monotonic());
    this.#deps.onLaunched(managed);
    this.#deps.builder.launch(managed, chosen.first);
    return managed;
  }

  #chooseHops(request: LaunchRequest): Chosen {
    const { needs, target, options } = request;
    if (options?.path !== undefined) {
      const hops = options.path.map((hop) => this.#hopOf(hop));
      return { hops, first: channelTargetOf(firstOf(hops)), path: undefined, needs };
    }
    if (needs.oneHop) {
      if (target === undefined) throw new TorError('INTERNAL', 'a circuit of one hop needs a target');
      const hop = this.#hopOf(target);
      return { hops: [hop], first: isDirTarget(target) ? target : channelTargetOf(hop), path: undefined, needs };
    }
    const netdir = this.#deps.netdir();
    if (netdir === undefined) throw new TorError('PATH_TOO_FEW_RELAYS', 'the directory is not there yet');
    return this.#choosePath(netdir, request);
  }

  #choosePath(netdir: NetDir, request: LaunchRequest): Chosen {
    const { purpose, needs, target, options, ports } = request;
    const relay = target === undefined ? undefined : relayFor(netdir, target);
    const exclude = excludedRelays(netdir, options);
    const path = this.#deps.paths.choose(netdir, {
      purpose: pathPurpose(purpose, needs, target !== undefined && relay === undefined),
      ...(relay === undefined ? {} : { target: relay }),
      needStable: needs.uptime,
      needCapacity: needs.capacity,
      ...(ports === undefined ? {} : { ports }),
      ...(exclude.length === 0 ? {} : { exclude }),
    });
    const hops = path.hops.map(relayHop);
    // What the caller knows of the last hop (a descriptor's link specifiers and key) is newer than the network's word.
    if (target !== undefined && relay !== undefined) hops[hops.length - 1] = this.#hopOf(target);
    else if (target !== undefined) hops.push(this.#hopOf(target));
    const chosenNeeds = { ...needs, uptime: path.needStable, capacity: path.needCapacity };
    return { hops, first: channelTargetOf(firstOf(hops)), path, needs: chosenNeeds };
  }

  #hopOf(target: CircuitTarget): ChosenHop {
    if (isDirTarget(target)) return dirHop(target);
    if (!isRelay(target)) return targetHop(target, this.#deps.netdir()?.byRsaId(target.rsa));
    if (target.ntorKey !== undefined) return relayHop(target);
    return { relay: target, target: undefined, fingerprint: target.fingerprint, nickname: target.nickname };
  }

  /** While learning, circuits live short, so that more are built; else as long as what they were built for is likely. */
  #idleTimeoutMs(): number {
    const { buildTimes, predicted, clock, random } = this.#deps;
    if (buildTimes.enabled && !buildTimes.enough) return learningIdleMs;
    const remainingMs = predicted.remainingMs(clock.monotonic());
    return remainingMs + 1000 + random.unit() * (1000 + remainingMs / 20);
  }
}

interface Chosen {
  readonly hops: readonly ChosenHop[];
  readonly first: ChannelTarget;
  readonly path: Path | undefined;
  readonly needs: CircuitNeeds;
}

const firstOf = (hops: readonly ChosenHop[]): ChosenHop => {
  const [first] = hops;
  if (first === undefined) throw new TorError('PATH_TOO_FEW_RELAYS', 'an empty path');
  return first;
};

export const isDirTarget = (target: CircuitTarget): target is DirTarget => 'identity' in target;
export const isRelay = (target: CircuitTarget): target is Relay => 'fingerprint' in target;

function relayFor(netdir: NetDir, target: CircuitTarget): Relay | undefined {
  if (isRelay(target)) return target;
  return netdir.byRsaId(isDirTarget(target) ? target.identity.rsa : target.rsa);
}

function dirHop(target: DirTarget): ChosenHop {
  const fingerprint = base16Upper(target.identity.rsa);
  return { relay: undefined, target: undefined, fingerprint, nickname: target.nickname ?? '' };
}

/** Where the first hop is reached. */
function channelTargetOf(hop: ChosenHop): ChannelTarget {
  if (hop.relay !== undefined) {
    const identity = hop.target === undefined ? { rsa: hop.relay.rsaId } : identityOf(hop.target.linkSpecifiers);
    return { identity, addresses: hop.relay.addresses };
  }
  const specifiers = hop.target?.linkSpecifiers ?? [];
  const addresses: OrEndpoint[] = [];
  for (const specifier of specifiers) {
    if (specifier.kind === 'ipv4' || specifier.kind === 'ipv6') addresses.push(specifier);
  }
  return { identity: identityOf(specifiers), addresses };
}

/** Which circuits may be turned into one of this purpose. */
function cannibalizedFrom(purpose: CircuitPurpose, hasTarget: boolean): CircuitPurpose | undefined {
  switch (purpose) {
    case 'general':
      return hasTarget ? 'general' : undefined;
    case 'hs-client-rend':
      return hasTarget ? undefined : 'hs-vanguards';
    case 'hs-client-hsdir':
    case 'hs-client-intro':
    case 'hs-service-hsdir':
    case 'hs-service-rend':
      return hasTarget ? 'hs-vanguards' : undefined;
    default:
      return undefined;
  }
}

/** `beyond`: the target is no relay that the path could be chosen around; it becomes one more hop. */
function pathPurpose(purpose: CircuitPurpose, needs: CircuitNeeds, beyond: boolean): PathPurpose {
  if (purpose.startsWith('hs-')) return beyond ? 'hs-vanguards' : (purpose as PathPurpose);
  if (purpose === 'testing' || purpose === 'measure-timeout') return purpose;
  return needs.internal || beyond ? 'internal' : 'exit';
}

function excludedRelays(netdir: NetDir, options: CircuitOptions | undefined): Relay[] {
  return [...(options?.exclude ?? [])].flatMap((fingerprint) => netdir.byFingerprint(fingerprint) ?? []);
}

const hasExcluded = (hops: readonly ChosenHop[], options: CircuitOptions | undefined): boolean =>
  hops.some((hop) => options?.exclude?.has(hop.fingerprint) === true);
