import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { chooseRelay, isUsable, type NetDir, type Relay, type RelayNeeds } from '../netdir/index.ts';
import { isIn, isOwn, type PathOptions } from './options.ts';
import type { PathRequest, PortNeed } from './types.ts';

export interface ExitContext {
  readonly netdir: NetDir;
  readonly random: Random;
  readonly options: PathOptions;
  readonly needs: RelayNeeds;
}

/** Whether an exit's policy lets most streams of this kind out. */
export function exitServes(relay: Relay, need: PortNeed): boolean {
  return (need.ipv6 === true ? relay.policy6 : relay.policy4).allows(need.port);
}

/** Whether a relay may be an exit at all, by configuration, flags and policy. */
export function mayExit(relay: Relay, options: PathOptions): boolean {
  if (relay.flags.badExit || relay.policy4.rejectsAll) return false;
  if (options.excludeNodes?.has(relay) === true || options.excludeExitNodes?.has(relay) === true) return false;
  return options.exitNodes === undefined || options.exitNodes.has(relay);
}

/**
 * An exit by weight among those that serve most of the waiting streams. When none of the Stable and Fast ones will do,
 * others are looked at too.
 *
 * Throws PATH_NO_EXIT. spec: path-spec 2.2.2; C tor's choose_good_exit_server_general, which picks an exit that cannot
 * work where this throws.
 */
export function chooseExit(context: ExitContext, request: PathRequest): Relay {
  const { needs, netdir, options } = context;
  const { stable, fast, ...relaxed } = needs;
  const exit = chooseAmong(context, request, needs) ?? chooseAmong(context, request, relaxed);
  if (exit !== undefined) return exit;
  const ports = (request.ports ?? []).map((need) => need.port);
  const wanted = ports.length === 0 ? '' : ` for port ${ports.join(', ')}`;
  const chosen = options.exitNodes === undefined ? '' : ' among ExitNodes';
  const known = netdir.relays.filter((relay) => relay.flags.exit).length;
  throw new TorError('PATH_NO_EXIT', `no exit${wanted}${chosen}`, {
    facts: { ports: ports.join(','), flaggedExits: known },
  });
}

function chooseAmong(context: ExitContext, request: PathRequest, needs: RelayNeeds): Relay | undefined {
  const { netdir, options, random } = context;
  const mayServe = (relay: Relay): boolean =>
    isUsable(relay, needs) &&
    mayExit(relay, options) &&
    !isIn(relay, request.exclude ?? []) &&
    relay.fingerprint !== options.ownFingerprint;
  const ports = request.ports ?? [];
  const servesAll = (relay: Relay): boolean => ports.every((need) => exitServes(relay, need));
  const exit = netdir.pick('exit', random, (relay) => mayServe(relay) && servesAll(relay));
  if (exit !== undefined || ports.length < 2) return exit;
  return netdir.pickFrom(mostServing(netdir.relays.filter(mayServe), ports), 'exit', random);
}

function mostServing(relays: readonly Relay[], ports: readonly PortNeed[]): Relay[] {
  let best: Relay[] = [];
  let most = 0;
  for (const relay of relays) {
    let served = 0;
    for (const need of ports) if (exitServes(relay, need)) served += need.count ?? 1;
    if (served === 0 || served < most) continue;
    if (served > most) best = [];
    most = served;
    best.push(relay);
  }
  return best;
}

/** The end of an internal circuit: chosen like a middle. Throws PATH_TOO_FEW_RELAYS. */
export function chooseInternalEnd(context: ExitContext, request: PathRequest): Relay {
  const { netdir, options, random, needs } = context;
  const own = isOwn(netdir, options);
  const end = chooseRelay(netdir, random, {
    position: 'middle',
    needs,
    excluded: (relay) => options.excludeNodes?.has(relay) === true || isIn(relay, request.exclude ?? []) || own(relay),
  });
  if (end === undefined) throw new TorError('PATH_TOO_FEW_RELAYS', 'no relay is left for the end of the path');
  return end;
}
