import { base16Upper, bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import { defaultParams, type NetDir } from '../netdir/index.ts';
import type { StateStore } from '../storage/index.ts';
import type { EntryGuard, PathBias } from './entry-guard.ts';
import type { SelectionKind } from './sample.ts';
import { GuardSelection } from './selection.ts';
import { guardSettings } from './settings.ts';
import { formatGuardLine, parseGuardLine } from './state-line.ts';
import { Ticket, ticketsToUpgrade } from './ticket.ts';
import type {
  GuardDescription,
  GuardEvent,
  GuardEvents,
  GuardOptions,
  GuardRestriction,
  GuardTicket,
  GuardUse,
  GuardVerdict,
} from './types.ts';
import { hasDescriptor, isPossibleGuard, passesFilter, relayOf, type World } from './world.ts';

export interface GuardManagerDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Guards are read from it at once and written back on change; without it nothing outlives the process. */
  readonly state?: StateStore | undefined;
  readonly logger?: Logger | undefined;
}

/** Below this many usable guards none is passed over for having been outdated. */
const minGuardsForOutdated = 10;
const flushSoonMs = 30_000;
const flushLateMs = 600_000;

/** Chooses and remembers our entry guards. Never touches the network: circuits report through tickets. */
export class GuardManager {
  readonly events = new Emitter<GuardEvents>();
  readonly #deps: GuardManagerDeps;
  readonly #version: string;
  #options: GuardOptions;
  #netdir: NetDir | undefined;
  readonly #selections = new Map<string, GuardSelection>();
  #current: GuardSelection | undefined;
  readonly #tickets = new Set<Ticket>();
  readonly #outdated = new Set<string>();
  #warnedExtreme = false;

  /** `version`: what goes into `sampled_by`, such as "0.4.9.11". */
  constructor(deps: GuardManagerDeps, options: GuardOptions & { readonly version: string }) {
    this.#deps = deps;
    this.#options = options;
    this.#version = options.version;
    if (deps.state !== undefined) this.#load(deps.state);
  }

  #world(): World {
    const nowMs = this.#deps.clock.now();
    const netdir = this.#netdir;
    return {
      random: this.#deps.random,
      settings: guardSettings(netdir?.params ?? defaultParams, this.#options),
      options: this.#options,
      nowSec: Math.floor(nowMs / 1000),
      netdir,
      hasLiveConsensus: this.#options.useBridges === true || netdir?.isReasonablyLive(nowMs) === true,
      outdated: this.#outdated,
      version: this.#version,
    };
  }

  #load(state: StateStore): void {
    const bySelection = new Map<string, EntryGuard[]>();
    const nowSec = Math.floor(this.#deps.clock.now() / 1000);
    const lines = state.getAll('Guard');
    for (const line of lines) {
      const guard = parseGuardLine(line, nowSec);
      if (guard === undefined) {
        this.#deps.logger?.warn('guard', 'A Guard line in the state file cannot be read; it is left out.');
        continue;
      }
      const guards = bySelection.get(guard.selectionName) ?? [];
      if (guards.some((other) => other.fingerprint === guard.fingerprint && guard.bridge === undefined)) continue;
      bySelection.set(guard.selectionName, [...guards, guard]);
    }
    for (const [name, guards] of bySelection) this.#selection(name).sample.restore(guards);
    for (const selection of this.#selections.values()) selection.updateAll(this.#world());
    // Lines that are none, or gaps in the order of sampling, go from the file as well.
    if (this.stateLines().join('\n') !== lines.join('\n')) this.#changed();
  }

  #selection(name: string): GuardSelection {
    let selection = this.#selections.get(name);
    if (selection === undefined) {
      const listener = {
        changed: () => this.#changed(),
        added: (guard: EntryGuard) => this.events.emit('new', nameOf(guard)),
        retryBridge: () => this.events.emit('dirInfoChanged', undefined),
      };
      selection = new GuardSelection(name, kindOf(name), listener, this.#deps.logger);
      this.#selections.set(name, selection);
    }
    return selection;
  }

  /** A new snapshot of the network, or undefined when there is none that can be used. */
  setNetDir(netdir: NetDir | undefined): void {
    if (netdir?.validAfterMs !== this.#netdir?.validAfterMs) this.#outdated.clear();
    this.#netdir = netdir;
    this.#update();
  }

  /** New configuration, or bridges whose descriptors came. */
  setOptions(options: GuardOptions): void {
    this.#options = options;
    this.#update();
  }

  get options(): GuardOptions {
    return this.#options;
  }

  #update(): void {
    const world = this.#world();
    const name = this.#chooseName(world);
    const before = this.#current;
    if (before?.name !== name) {
      this.#current = this.#selection(name);
      const was = before === undefined ? 'Starting with' : `Leaving guard context "${before.name}" for`;
      this.#deps.logger?.notice('guard', `${was} guard context "${name}".`);
      if (before !== undefined) this.events.emit('selectionChanged', { name });
    }
    for (const guard of this.#current?.updateAll(world) ?? []) this.events.emit('dropped', nameOf(guard));
    this.events.emit('dirInfoChanged', undefined);
  }

  /** Restricted when the configuration leaves less than a fifth of all guards; sticky within five percent of that. */
  #chooseName(world: World): string {
    if (world.options.useBridges === true) return 'bridges';
    if (!world.hasLiveConsensus || world.netdir === undefined) return 'default';
    const guards = world.netdir.relays.filter((relay) => isPossibleGuard(relay, world.options));
    const passing = guards.filter((relay) => passesFilter(relay, world.options)).length;
    const { meaningfulRestriction, extremeRestriction } = world.settings;
    if (guards.length > 0 && passing < Math.floor(guards.length * extremeRestriction))
      this.#warnExtreme(passing, guards.length);
    const threshold = guards.length * meaningfulRestriction;
    const before = this.#current?.name;
    if (before === undefined || before === 'bridges')
      return passing >= Math.floor(threshold) ? 'default' : 'restricted';
    if (passing >= Math.floor(threshold * 1.05)) return 'default';
    return passing < Math.floor(threshold * 0.95) ? 'restricted' : before;
  }

  #warnExtreme(passing: number, total: number): void {
    if (this.#warnedExtreme) return;
    this.#warnedExtreme = true;
    const percent = Math.floor(((total - passing) / total) * 100);
    this.#deps.logger?.warn(
      'guard',
      `Your configuration excludes ${percent}% of all possible guards. That's likely to make you stand out from the rest of the world.`,
    );
  }

  #require(): GuardSelection {
    if (this.#current === undefined) this.#update();
    return this.#current as GuardSelection;
  }

  /** Throws PATH_NO_GUARD: no guard at all, or none whose descriptor is known. */
  pick(use: GuardUse, restriction?: GuardRestriction): GuardTicket {
    const world = this.#world();
    const selection = this.#require();
    const effective = this.#effective(world, selection, restriction);
    const picked = selection.pick(world, use, effective);
    const relay = picked === undefined ? undefined : relayOf(picked.guard, world);
    if (picked === undefined || relay === undefined) {
      if (picked?.state === 'usable-if-no-better-guard') picked.guard.pending = false;
      throw new TorError('PATH_NO_GUARD', undefined, { facts: { selection: selection.name } });
    }
    return this.#ticket(selection, { ...picked, relay, restriction: effective });
  }

  #effective(
    world: World,
    selection: GuardSelection,
    restriction: GuardRestriction | undefined,
  ): GuardRestriction | undefined {
    if (restriction?.kind !== 'outdated-dirserver') return restriction;
    return selection.sample.countUsable(world) < minGuardsForOutdated ? undefined : restriction;
  }

  #ticket(selection: GuardSelection, picked: ConstructorParameters<typeof Ticket>[2]): Ticket {
    const owner = {
      world: () => this.#world(),
      succeeded: (ticket: Ticket) => this.#succeeded(ticket),
      failed: (ticket: Ticket) => this.#failed(ticket),
      forget: (ticket: Ticket) => this.#tickets.delete(ticket),
    };
    const ticket = new Ticket(owner, selection, picked);
    this.#tickets.add(ticket);
    return ticket;
  }

  /** For fetching the descriptor of this bridge directly; undefined when it is not among our guards. */
  ticketForBridge(rsaId: Uint8Array): GuardTicket | undefined {
    const world = this.#world();
    const fingerprint = base16Upper(rsaId);
    const selection = this.#require();
    const guard = selection.sample.guards.find((each) => each.fingerprint === fingerprint);
    const relay = guard === undefined ? undefined : relayOf(guard, world);
    if (guard === undefined || relay === undefined) return undefined;
    guard.lastTriedSec = world.nowSec;
    return this.#ticket(selection, { guard, relay, state: 'usable-on-completion', restriction: undefined });
  }

  /** A connection to a bridge without or with a descriptor came to nothing, or worked. */
  noteBridge(address: IpBytes, port: number, outcome: 'up' | 'down'): void {
    const selection = this.#selections.get('bridges');
    const guard = selection?.sample.guards.find((each) => isAt(each, address, port));
    if (selection === undefined || guard === undefined) return;
    if (outcome === 'down') this.#noteFailure(selection, guard);
    else this.#noteSuccess(selection, guard, 'usable-on-completion');
  }

  #succeeded(ticket: Ticket): GuardVerdict {
    const { guard, selection } = ticket;
    if (!this.#isKept(ticket)) return 'never';
    const state = this.#noteSuccess(selection, guard, ticket.state);
    ticket.moveTo(state);
    return state === 'complete' ? 'now' : 'later';
  }

  #noteSuccess(
    selection: GuardSelection,
    guard: EntryGuard,
    state: Ticket['state'],
  ): 'complete' | 'waiting-for-better-guard' {
    const wasUp = guard.reachable === 'yes';
    const next = selection.noteSuccess(this.#world(), guard, state);
    if (!wasUp) {
      this.events.emit('up', nameOf(guard));
      this.events.emit('dirInfoChanged', undefined);
    }
    return next;
  }

  #failed(ticket: Ticket): void {
    this.#tickets.delete(ticket);
    if (this.#isKept(ticket)) this.#noteFailure(ticket.selection, ticket.guard);
  }

  /** False when the guard was dropped while its circuit was built. */
  #isKept({ guard, selection }: Ticket): boolean {
    return this.#selections.get(selection.name) === selection && selection.sample.guards.includes(guard);
  }

  #noteFailure(selection: GuardSelection, guard: EntryGuard): void {
    selection.noteFailure(this.#world(), guard);
    this.events.emit('down', nameOf(guard));
    this.events.emit('dirInfoChanged', undefined);
  }

  /** Circuits that waited for a better guard and may be used now: after a success or failure, and once a second. */
  upgradeWaiting(): readonly GuardTicket[] {
    const world = this.#world();
    const selection = this.#require();
    if (!selection.allPrimariesDown(world)) return [];
    const upgraded = ticketsToUpgrade(
      [...this.#tickets].filter((ticket) => ticket.selection === selection),
      world,
    );
    for (const ticket of upgraded) ticket.moveTo('complete');
    return upgraded;
  }

  /** A circuit that has waited for too long and is to be closed. */
  shouldExpire(ticket: GuardTicket): boolean {
    if (!(ticket instanceof Ticket) || ticket.state !== 'waiting-for-better-guard') return false;
    const world = this.#world();
    return ticket.stateSetSec < world.nowSec - world.settings.nonprimaryIdleTimeoutSec;
  }

  /** Something came in from the network. */
  noteInternetConnectivity(): void {
    this.#require().lastTimeOnInternetSec = this.#world().nowSec;
  }

  /** A user is waiting and the configuration leaves few guards: give the primary ones another chance. */
  retryOptimistic(): boolean {
    if (this.#options.entryNodes === undefined && this.#options.useBridges !== true) return false;
    this.#require().retryPrimaries(this.#world());
    return true;
  }

  /** This cache lacked microdescriptors that the consensus names. */
  noteOutdated(rsaId: Uint8Array): void {
    this.#outdated.add(base16Upper(rsaId));
  }

  /** A bridge told who it is. */
  noteBridgeIdentity(address: IpBytes, port: number, rsaId: Uint8Array): void {
    const guard = this.#selections.get('bridges')?.sample.guards.find((each) => isAt(each, address, port));
    if (guard === undefined) return;
    if (!guard.hasIdentity) {
      guard.fingerprint = base16Upper(rsaId);
      this.#changed();
    } else if (guard.fingerprint !== base16Upper(rsaId)) {
      this.#deps.logger?.warn('guard', `A bridge changed its identity; still holding to $${guard.fingerprint}.`);
    }
  }

  /** Bridges that can be used, or might be: those with a descriptor that are not known to be down. */
  usableBridges(options: { readonly countMaybe?: boolean } = {}): number {
    if (this.#options.useBridges !== true) return 0;
    const world = this.#world();
    return this.#require().sample.guards.filter((guard) => {
      if (!guard.filtered || guard.reachable === 'no' || !guard.hasIdentity) return false;
      if (options.countMaybe !== true && guard.reachable === 'maybe') return false;
      return hasDescriptor(guard, world);
    }).length;
  }

  /** Undefined, or what is missing: descriptors of the first primary guards are needed before circuits are built. */
  missingDescriptors(): string | undefined {
    const world = this.#world();
    const selection = this.#require();
    const toCheck = world.settings.guardsToUse('traffic') + 1;
    const considered = selection
      .primaryGuards(world)
      .filter((guard) => {
        selection.sample.considerRetry(world, guard);
        return guard.reachable !== 'no';
      })
      .slice(0, toCheck);
    const missing = considered.filter((guard) => !hasDescriptor(guard, world)).length;
    if (missing === 0) return undefined;
    return (
      `We're missing descriptors for ${missing}/${toCheck} of our primary entry guards. ` +
      "That's ok. We will try to fetch missing descriptors soon."
    );
  }

  /** Path bias counters of a guard, to be changed in place; call `pathBiasChanged` after. */
  pathBias(fingerprint: string): PathBias | undefined {
    return this.#find(fingerprint)?.pathBias;
  }

  /** `disable`: the guard is not used again. */
  pathBiasChanged(fingerprint: string, disable = false): void {
    const guard = this.#find(fingerprint);
    if (guard === undefined) return;
    if (disable && !guard.pathBiasDisabled) {
      guard.pathBiasDisabled = true;
      this.#require().sample.updateFiltered(this.#world(), guard);
    }
    this.#changed();
  }

  #find(fingerprint: string): EntryGuard | undefined {
    return this.#require().sample.guards.find((guard) => guard.fingerprint === fingerprint);
  }

  /** Sampled guards in order, for GETINFO entry-guards and the page. */
  describe(): readonly GuardDescription[] {
    return this.#require().sample.guards.map((guard) => ({ ...nameOf(guard), ...statusOf(guard) }));
  }

  /** Fingerprints of the primary guards, best first. */
  get primaryGuards(): readonly string[] {
    return this.#require()
      .primaryGuards(this.#world())
      .map((guard) => guard.fingerprint);
  }

  get allPrimariesDown(): boolean {
    return this.#require().allPrimariesDown(this.#world());
  }

  /** "default", "restricted" or "bridges". */
  get selectionName(): string {
    return this.#require().name;
  }

  /** DROPGUARDS: forgets the guards of the current selection and starts over. */
  dropAll(): void {
    const current = this.#require();
    for (const guard of current.sample.guards) this.events.emit('dropped', nameOf(guard));
    this.#selections.delete(current.name);
    this.#current = undefined;
    this.#changed();
    this.#update();
  }

  /** The `Guard` lines of the state file. */
  stateLines(): string[] {
    return [...this.#selections.values()].flatMap(({ sample }) =>
      sample.guards.filter((guard) => guard.hasIdentity).map((guard, i) => formatGuardLine(guard, i)),
    );
  }

  #changed(): void {
    const { state } = this.#deps;
    if (state === undefined) return;
    state.setAll('Guard', this.stateLines());
    state.saveSoon(this.#options.avoidDiskWrites === true ? flushLateMs : flushSoonMs);
  }
}

const kindOf = (name: string): SelectionKind =>
  name === 'bridges' ? 'bridge' : name === 'restricted' ? 'restricted' : 'normal';

const nameOf = ({ fingerprint, nickname }: EntryGuard): GuardEvent => ({ fingerprint, nickname });

const isAt = (guard: EntryGuard, address: IpBytes, port: number): boolean =>
  guard.bridge !== undefined && guard.bridge.port === port && bytesEqual(guard.bridge.address, address);

function statusOf(guard: EntryGuard): Pick<GuardDescription, 'status' | 'sinceSec'> {
  if (!guard.confirmed) return { status: 'never-connected', sinceSec: undefined };
  if (!guard.listed) return { status: 'unusable', sinceSec: guard.unlistedSinceSec };
  if (!guard.filtered) return { status: 'unusable', sinceSec: undefined };
  if (guard.reachable === 'no') return { status: 'down', sinceSec: guard.failingSinceSec };
  return { status: 'up', sinceSec: undefined };
}
