import type { Relay } from '../netdir/index.ts';
import type { EntryGuard } from './entry-guard.ts';
import { GuardSelection } from './selection.ts';
import type { GuardCircuitState, GuardRestriction, GuardTicket, GuardVerdict } from './types.ts';
import { obeys, type World } from './world.ts';

/** What a ticket asks of the manager that gave it out. */
export interface TicketOwner {
  world(): World;
  succeeded(ticket: Ticket): GuardVerdict;
  failed(ticket: Ticket): void;
  forget(ticket: Ticket): void;
}

export class Ticket implements GuardTicket {
  readonly relay: Relay;
  readonly guard: EntryGuard;
  readonly selection: GuardSelection;
  readonly restriction: GuardRestriction | undefined;
  readonly #owner: TicketOwner;
  #state: GuardCircuitState;
  #stateSetSec: number;

  constructor(owner: TicketOwner, selection: GuardSelection, picked: PickedTicket) {
    this.#owner = owner;
    this.selection = selection;
    this.relay = picked.relay;
    this.guard = picked.guard;
    this.restriction = picked.restriction;
    this.#state = picked.state;
    this.#stateSetSec = owner.world().nowSec;
  }

  get state(): GuardCircuitState {
    return this.#state;
  }

  get stateSetSec(): number {
    return this.#stateSetSec;
  }

  moveTo(state: GuardCircuitState): void {
    this.#state = state;
    this.#stateSetSec = this.#owner.world().nowSec;
  }

  succeeded(): GuardVerdict {
    return this.#state === 'dead' ? 'never' : this.#owner.succeeded(this);
  }

  failed(): void {
    if (this.#state === 'dead') return;
    this.moveTo('dead');
    this.#owner.failed(this);
  }

  cancel(): void {
    if (this.#state === 'dead') return;
    if (this.#state === 'usable-if-no-better-guard') this.guard.pending = false;
    this.moveTo('dead');
    this.#owner.forget(this);
  }
}

interface PickedTicket {
  readonly relay: Relay;
  readonly guard: EntryGuard;
  readonly state: GuardCircuitState;
  readonly restriction: GuardRestriction | undefined;
}

/**
 * Which waiting circuits may be used now: the best of them, when every primary guard is down and no better circuit is
 * complete or still has a fair chance to become so. Circuits that equal it go with it, unless it was built under a
 * restriction that may be all that lets it through.
 *
 * spec: guard-spec 4.10 [UPDATE_WAITING]
 */
export function ticketsToUpgrade(tickets: readonly Ticket[], world: World): Ticket[] {
  const waiting = tickets.filter((ticket) => ticket.state === 'waiting-for-better-guard');
  let best: Ticket | undefined;
  for (const ticket of waiting) {
    if (best === undefined || GuardSelection.hasPriority(ticket.guard, best.guard)) best = ticket;
  }
  if (best === undefined) return [];
  const first = best;
  const blocks = (ticket: Ticket): boolean =>
    obeys(ticket.guard, first.restriction, world) && GuardSelection.hasPriority(ticket.guard, first.guard);
  const cutoffSec = world.nowSec - world.settings.nonprimaryConnectTimeoutSec;
  const mayComplete = (ticket: Ticket): boolean =>
    ticket.state === 'complete' || (ticket.state === 'usable-if-no-better-guard' && ticket.stateSetSec > cutoffSec);
  if (tickets.some((ticket) => mayComplete(ticket) && blocks(ticket))) return [];
  if (first.restriction !== undefined) return [first];
  return waiting.filter((ticket) => !GuardSelection.hasPriority(first.guard, ticket.guard));
}
