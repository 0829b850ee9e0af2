import type { NetDir, Relay } from '../netdir/index.ts';

/** What a circuit through the guard is for. */
export type GuardUse = 'traffic' | 'directory';

/** Whom this guard must not be, beyond its state. */
export type GuardRestriction =
  | { readonly kind: 'exit'; readonly exit: Relay; readonly netdir: NetDir }
  /** Conflux: not one of these guards nor their families. */
  | { readonly kind: 'exclude'; readonly relays: readonly Relay[]; readonly netdir: NetDir }
  | { readonly kind: 'outdated-dirserver' };

export type GuardCircuitState =
  | 'usable-on-completion'
  | 'usable-if-no-better-guard'
  | 'waiting-for-better-guard'
  | 'complete'
  | 'dead';

/** Ties one circuit to the guard it was built through. Report exactly one outcome. */
export interface GuardTicket {
  /** The relay, or the bridge, to connect to. */
  readonly relay: Relay;
  readonly state: GuardCircuitState;
  /** The circuit is built. `now`: use it; `later`: keep it waiting, `GuardManager.upgradeWaiting` will tell; `never`: drop it. */
  succeeded(): 'now' | 'later' | 'never';
  /** The guard could not be reached, or the first hop failed. */
  failed(): void;
  /** The circuit is given up for no fault of the guard. */
  cancel(): void;
}

/** Control port GUARD lines and the log. */
export interface GuardEvents {
  readonly new: GuardEvent;
  readonly dropped: GuardEvent;
  readonly up: GuardEvent;
  readonly down: GuardEvent;
}

export interface GuardEvent {
  readonly fingerprint: string;
  readonly nickname: string;
}
