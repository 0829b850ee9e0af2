import type { GuardTicket } from '../guard/index.ts';
import type { Relay } from '../netdir/index.ts';

/** What a path is chosen for; C tor's circuit purposes as far as they change the choice. */
export type PathPurpose =
  /** General exit traffic. */
  | 'exit'
  /** Ends at any relay; directory requests over three hops, predicted internal circuits. */
  | 'internal'
  /** One hop to a directory guard. */
  | 'directory'
  | 'measure-timeout'
  | 'hs-client-hsdir'
  | 'hs-client-intro'
  | 'hs-client-rend'
  | 'hs-service-hsdir'
  | 'hs-service-intro'
  | 'hs-service-rend'
  /** Unassigned internal circuit built ahead for onion services, with vanguards. */
  | 'hs-vanguards'
  | 'testing';

export interface PathRequest {
  readonly purpose: PathPurpose;
  /** The chosen last hop, when the caller has one already (HSDir, introduction or rendezvous point, user's .exit). */
  readonly target?: Relay;
  /** Every node Stable, when true. Default: from `ports` and the LongLivedPorts option. */
  readonly needStable?: boolean;
  readonly needCapacity?: boolean;
  /** Destination ports waiting for an exit. The exit that serves most of them is preferred. */
  readonly ports?: readonly PortNeed[];
  /** Not on the path: relays of another leg of a conflux set, failed exits. */
  readonly exclude?: readonly Relay[];
  /** The exit must speak what conflux needs. */
  readonly needConflux?: boolean;
  /** One hop only (directory, single onion service). */
  readonly oneHop?: boolean;
}

export interface PortNeed {
  readonly port: number;
  readonly ipv6?: boolean;
  /** How many streams wait for it; 1 by default. */
  readonly count?: number;
}

export interface Path {
  readonly hops: readonly Relay[];
  /** Present when the first hop is a guard; report the outcome there. */
  readonly guard: GuardTicket | undefined;
  readonly needStable: boolean;
  readonly needCapacity: boolean;
  readonly internal: boolean;
}
