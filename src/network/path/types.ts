import type { GuardTicket } from '../guard/index.ts';
import type { Relay } from '../netdir/index.ts';

/** What a path is chosen for; C tor's circuit purposes as far as they change the choice. */
export type PathPurpose =
  /** General exit traffic. */
  | 'exit'
  /** Ends at any relay: directory requests over three hops, internal circuits built ahead. */
  | 'internal'
  /** One hop to a directory guard. */
  | 'directory'
  | 'measure-timeout'
  /** One leg of a conflux set. */
  | 'conflux'
  | 'hs-client-hsdir'
  | 'hs-client-intro'
  | 'hs-client-rend'
  | 'hs-service-hsdir'
  | 'hs-service-intro'
  | 'hs-service-rend'
  /** Built ahead for onion services, with vanguards; turned into another onion purpose later. */
  | 'hs-vanguards'
  /** A relay's test of itself: not over a guard. */
  | 'testing';

export interface PathRequest {
  readonly purpose: PathPurpose;
  /** The last hop, when the caller has one already (HSDir, introduction or rendezvous point, the user's exit). */
  readonly target?: Relay;
  /** Stable relays alone. Default: whether one of `ports` is in LongLivedPorts. */
  readonly needStable?: boolean;
  /** Fast relays alone. Default true. */
  readonly needCapacity?: boolean;
  /** Ports that the exit should serve: the exits that serve most of the waiting streams are chosen from. */
  readonly ports?: readonly PortNeed[];
  /** Not to be chosen for any place but the guard's: failed exits, introduction points in use. */
  readonly exclude?: readonly Relay[];
  /** The other legs of the conflux set: their guards and second hops are not used again. */
  readonly otherLegs?: readonly Path[];
  /** Second-last hop must be able to extend over IPv6 (a relay's test of its IPv6 port). */
  readonly ipv6SelfTest?: boolean;
  /** Looked at for purpose `directory`: `microdescs` avoids caches that were found wanting. */
  readonly directoryUse?: 'microdescs' | 'other';
}

export interface PortNeed {
  readonly port: number;
  readonly ipv6?: boolean;
  /** How many streams wait for it; 1 by default. */
  readonly count?: number;
}

export interface Path {
  readonly hops: readonly Relay[];
  /** Present when the first hop is a guard; the outcome is to be reported there. */
  readonly guard: GuardTicket | undefined;
  readonly needStable: boolean;
  readonly needCapacity: boolean;
  readonly internal: boolean;
}
