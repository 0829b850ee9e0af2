import type { IpBytes } from '../../base/ip/index.ts';
import type { Relay } from '../netdir/index.ts';

/** What a circuit through the guard is for. */
export type GuardUse = 'traffic' | 'directory';

/** Whom one circuit's guard must not be, beyond the guard's own state. */
export type GuardRestriction =
  /** Neither the exit nor one of its family. */
  | { readonly kind: 'exit'; readonly exit: Relay }
  /** Another leg of a conflux set: neither these nor the exit and its family. */
  | { readonly kind: 'exclude'; readonly exit: Relay; readonly relays: readonly Relay[] }
  /** Microdescriptor fetches: not a cache that lacked what it should have had. */
  | { readonly kind: 'outdated-dirserver' };

/** spec: guard-spec 4.6, 4.9 */
export type GuardCircuitState =
  | 'usable-on-completion'
  | 'usable-if-no-better-guard'
  | 'waiting-for-better-guard'
  | 'complete'
  | 'dead';

/** `now`: use the circuit; `later`: keep it, `GuardManager.upgradeWaiting` will tell; `never`: drop it. */
export type GuardVerdict = 'now' | 'later' | 'never';

/** Ties one circuit to the guard it is built through. */
export interface GuardTicket {
  /** The relay, or the bridge, to connect to. */
  readonly relay: Relay;
  readonly state: GuardCircuitState;
  /** All hops stand. */
  succeeded(): GuardVerdict;
  /** The guard could not be reached, or its hop failed. */
  failed(): void;
  /** The circuit is gone for no fault of the guard. To be called for every circuit that closes; harmless twice. */
  cancel(): void;
}

/** A configured bridge. */
export interface BridgeInfo {
  /** As in the Bridge line. */
  readonly address: IpBytes;
  readonly port: number;
  /** From the Bridge line, or learned from the first connection; 20 bytes. */
  readonly rsaId: Uint8Array | undefined;
  /** Present once its descriptor is known. */
  readonly relay: Relay | undefined;
}

/** What the configuration says about first hops. Everything has C tor's default. */
export interface GuardOptions {
  readonly entryNodes?: RouterSetLike | undefined;
  readonly excludeNodes?: RouterSetLike | undefined;
  /** GuardLifetime; less than a day means the consensus' parameters. */
  readonly guardLifetimeSec?: number;
  /** NumEntryGuards, NumDirectoryGuards, NumPrimaryGuards; 0 means the consensus' parameter. */
  readonly numEntryGuards?: number;
  readonly numDirectoryGuards?: number;
  readonly numPrimaryGuards?: number;
  /** UseBridges: the first hop is one of `bridges`. */
  readonly useBridges?: boolean;
  readonly bridges?: readonly BridgeInfo[];
  /** ReachableAddresses, FascistFirewall, ClientUseIPv4, ClientUseIPv6. */
  readonly canReach?: (relay: Relay) => boolean;
  readonly canReachAddress?: (address: IpBytes, port: number) => boolean;
  /** When we are a relay ourselves. */
  readonly ownFingerprint?: string;
  /** AvoidDiskWrites. */
  readonly avoidDiskWrites?: boolean;
  readonly enforceDistinctSubnets?: boolean;
}

/** The part of `RouterSet` that guards need. */
export interface RouterSetLike {
  has(relay: Relay): boolean;
  hasId(rsaId: Uint8Array): boolean;
  hasAddress(address: IpBytes, port: number): boolean;
}

/** Control port GUARD lines and the log. spec: control-spec 4.1.14 */
export interface GuardEvents {
  readonly new: GuardEvent;
  readonly dropped: GuardEvent;
  readonly up: GuardEvent;
  readonly down: GuardEvent;
  /** Another set of guards applies: circuits built so far must not be used for new streams. */
  readonly selectionChanged: { readonly name: string };
  /** What is known of guards changed so that the question for enough directory information may have a new answer. */
  readonly dirInfoChanged: undefined;
}

export interface GuardEvent {
  /** 40 upper-case hex digits; all zero for a bridge whose identity is not known. */
  readonly fingerprint: string;
  readonly nickname: string;
}

/** GETINFO entry-guards. */
export interface GuardDescription extends GuardEvent {
  readonly status: 'never-connected' | 'unusable' | 'down' | 'up';
  /** Seconds since 1970; undefined when no time goes with the status. */
  readonly sinceSec: number | undefined;
}
