import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import type { GuardManager, GuardRestriction, GuardTicket, Vanguards } from '../guard/index.ts';
import { chooseRelay, isUsable, type NetDir, type Relay, type RelayNeeds } from '../netdir/index.ts';
import { chooseExit, chooseInternalEnd, type ExitContext } from './exit.ts';
import { isOnionPurpose, pathLength } from './length.ts';
import { chooseMiddle, chooseOnionMiddle, choosePinned, type MiddleContext, relaysIn } from './middle.ts';
import { defaultLongLivedPorts, isIn, isOwn, isSame, type PathOptions } from './options.ts';
import type { Path, PathPurpose, PathRequest } from './types.ts';

export interface PathSelectorDeps {
  readonly random: Random;
  readonly guards: GuardManager;
  readonly vanguards: Vanguards;
}

/** A path being chosen. */
interface Draft {
  readonly netdir: NetDir;
  readonly request: PathRequest;
  readonly needs: RelayNeeds;
  readonly internal: boolean;
  readonly last: Relay;
}

/**
 * Chooses the relays of a circuit: the end first, then the guard, then what is between, each away from the others.
 *
 * spec: path-spec 2; C tor's circuitbuild.c
 */
export class PathSelector {
  readonly #deps: PathSelectorDeps;
  options: PathOptions;
  readonly #usableCount = new WeakMap<NetDir, number>();

  constructor(deps: PathSelectorDeps, options: PathOptions = {}) {
    this.#deps = deps;
    this.options = options;
  }

  /** Throws PATH_NO_EXIT, PATH_NO_MIDDLE, PATH_NO_GUARD, PATH_TOO_FEW_RELAYS; then no guard is left pending. */
  choose(netdir: NetDir, request: PathRequest): Path {
    if (request.purpose === 'directory') return this.#oneHop(request);
    const length = this.#length(netdir, request);
    const needs = this.#needs(request);
    const internal = isInternal(request.purpose);
    const context = { netdir, random: this.#deps.random, options: this.options, needs };
    const wish = request.target ?? chooseEnd(context, request, internal);
    const { relay: first, ticket } = this.#first({ netdir, request, needs, internal, last: wish });
    try {
      // The guard of an onion circuit does not look at the end. No relay extends back to where it came from: C tor's
      // circuit fails then, ours ends elsewhere.
      const again = request.target === undefined && isSame(first, wish);
      const exclude = [...(request.exclude ?? []), first];
      const last = again ? chooseEnd(context, { ...request, exclude }, internal) : wish;
      const draft: Draft = { netdir, request, needs, internal, last };
      const hops = [first];
      while (hops.length < length - 1) hops.push(this.#middle(draft, hops, length));
      return this.#path([...hops, last], ticket, needs, internal);
    } catch (error) {
      ticket?.cancel();
      throw error;
    }
  }

  #path(hops: readonly Relay[], guard: GuardTicket | undefined, needs: RelayNeeds, internal: boolean): Path {
    return { hops, guard, needStable: needs.stable === true, needCapacity: needs.fast === true, internal };
  }

  #oneHop(request: PathRequest): Path {
    const needs = this.#needs(request);
    if (request.target !== undefined) return this.#path([request.target], undefined, needs, true);
    const restriction: GuardRestriction | undefined =
      request.directoryUse === 'microdescs' ? { kind: 'outdated-dirserver' } : undefined;
    const ticket = this.#deps.guards.pick('directory', restriction);
    return this.#path([ticket.relay], ticket, needs, true);
  }

  #needs(request: PathRequest): RelayNeeds {
    const longLived = this.options.longLivedPorts ?? defaultLongLivedPorts;
    const stable = request.needStable ?? (request.ports ?? []).some((need) => longLived.has(need.port));
    return { stable, fast: request.needCapacity ?? true };
  }

  #length(netdir: NetDir, request: PathRequest): number {
    const length = pathLength(request.purpose, request.target !== undefined, this.options.hsLayer3Nodes !== undefined);
    let usable = this.#usableCount.get(netdir);
    if (usable === undefined) {
      usable = netdir.relays.filter((relay) => isUsable(relay)).length;
      this.#usableCount.set(netdir, usable);
    }
    if (usable >= length - 1) return length;
    throw new TorError('PATH_TOO_FEW_RELAYS', undefined, { facts: { usable, wanted: length } });
  }

  #first(draft: Draft): { relay: Relay; ticket: GuardTicket | undefined } {
    const { guards } = this.#deps;
    if (this.options.useEntryGuards !== false && draft.request.purpose !== 'testing') {
      const ticket = guards.pick('traffic', guardRestriction(draft));
      return { relay: ticket.relay, ticket };
    }
    return { relay: this.#anyFirst(draft), ticket: undefined };
  }

  /** Without guards: a new first hop for each circuit. */
  #anyFirst({ netdir, needs, last }: Draft): Relay {
    const { canReach, excludeNodes } = this.options;
    const own = isOwn(netdir, this.options);
    const relay = chooseRelay(netdir, this.#deps.random, {
      position: 'guard',
      needs: { ...needs, guard: true },
      excluded: (each) =>
        each.fingerprint === last.fingerprint ||
        netdir.sameFamily(each, last) ||
        excludeNodes?.has(each) === true ||
        canReach?.(each) === false ||
        own(each),
    });
    if (relay === undefined) throw new TorError('PATH_NO_GUARD', 'no relay is left for the first hop');
    return relay;
  }

  #middle(draft: Draft, before: readonly Relay[], length: number): Relay {
    const { netdir, request, last } = draft;
    const isSecondLast = before.length === length - 2;
    const needs = request.ipv6SelfTest === true && isSecondLast ? { ...draft.needs, ipv6Extend: true } : draft.needs;
    const otherSeconds = (request.otherLegs ?? []).flatMap((leg) => leg.hops.slice(1, 2));
    const exclude = [...(request.exclude ?? []), ...otherSeconds];
    const context = { netdir, random: this.#deps.random, options: this.options, needs, before, last, exclude };
    if (!isOnionPurpose(request.purpose)) return chooseMiddle(context);
    return this.#pinned(context) ?? chooseOnionMiddle(context);
  }

  /** The second hop is always sticky, the third when HSLayer3Nodes is set; nothing is when VanguardsLiteEnabled is 0. */
  #pinned(context: MiddleContext): Relay | undefined {
    const { netdir, before } = context;
    const { vanguards } = this.#deps;
    const { hsLayer2Nodes, hsLayer3Nodes } = this.options;
    if (!vanguards.isEnabled(netdir)) return undefined;
    if (before.length === 1) {
      const pinned = hsLayer2Nodes === undefined ? vanguards.layer2(netdir) : relaysIn(netdir, hsLayer2Nodes);
      return choosePinned(context, pinned, 2);
    }
    if (before.length !== 2 || hsLayer3Nodes === undefined) return undefined;
    return choosePinned(context, relaysIn(netdir, hsLayer3Nodes), 3);
  }

  /**
   * A relay to be one of our introduction points: Stable, not one of `exclude`, not MiddleOnly. Undefined when none is
   * left. spec: rend-spec-v3 3.1
   */
  chooseIntroPoint(netdir: NetDir, exclude: readonly Relay[]): Relay | undefined {
    const own = isOwn(netdir, this.options);
    return chooseRelay(netdir, this.#deps.random, {
      position: 'middle',
      needs: { stable: true, onionEnd: true },
      excluded: (relay) => isIn(relay, exclude) || this.options.excludeNodes?.has(relay) === true || own(relay),
    });
  }

  /**
   * One of the responsible directories, evenly, that `mayAsk` allows (not asked a moment ago). An excluded one only when
   * no other is left and StrictNodes is off.
   */
  chooseHsDir(responsible: readonly Relay[], mayAsk: (relay: Relay) => boolean): Relay | undefined {
    const { random } = this.#deps;
    const askable = responsible.filter((relay) => relay.hasDescriptor && mayAsk(relay));
    const allowed = askable.filter((relay) => this.options.excludeNodes?.has(relay) !== true);
    const from = allowed.length > 0 || this.options.strictNodes === true ? allowed : askable;
    return from[random.below(Math.max(1, from.length))];
  }
}

function isInternal(purpose: PathPurpose): boolean {
  return !(purpose === 'exit' || purpose === 'conflux' || purpose === 'measure-timeout');
}

function chooseEnd(context: ExitContext, request: PathRequest, internal: boolean): Relay {
  if (isOnionPurpose(request.purpose)) {
    return chooseInternalEnd({ ...context, needs: { ...context.needs, onionEnd: true } }, request);
  }
  if (internal) return chooseInternalEnd(context, request);
  const conflux = request.purpose === 'conflux';
  return chooseExit(conflux ? { ...context, needs: { ...context.needs, conflux } } : context, request);
}

/** Onion circuits take any guard: else a chosen end could drive us from one guard to the next. */
function guardRestriction({ request, last }: Draft): GuardRestriction | undefined {
  if (isOnionPurpose(request.purpose)) return undefined;
  if (request.purpose !== 'conflux') return { kind: 'exit', exit: last };
  return { kind: 'exclude', exit: last, relays: (request.otherLegs ?? []).flatMap((leg) => leg.hops.slice(0, 1)) };
}
