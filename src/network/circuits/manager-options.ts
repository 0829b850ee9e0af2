import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import type { GuardManager } from '../guard/index.ts';
import type { Relay } from '../netdir/index.ts';
import type { StateStore } from '../storage/index.ts';
import type { CircuitMaker } from './builder.ts';
import type { PathSource } from './launcher.ts';

export interface CircuitManagerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly maker: CircuitMaker;
  readonly paths: PathSource;
  /** Tells when a circuit that waits for a better guard may be used, and keeps path bias counts. */
  readonly guards?: Pick<GuardManager, 'upgradeWaiting' | 'shouldExpire' | 'pathBias' | 'pathBiasChanged' | 'events'>;
  /** Where learned build times are kept; none for an ephemeral client. */
  readonly state?: StateStore;
  readonly logger?: Logger;
}

export type LiveCircuitOptions = Pick<
  CircuitManagerOptions,
  'maxCircuitDirtinessMs' | 'disablePredictedCircuits' | 'leaveStreamsUnattached'
>;

/** Options by the names of the manual page; times in milliseconds. */
export interface CircuitManagerOptions {
  readonly maxCircuitDirtinessMs?: number;
  readonly newCircuitPeriodMs?: number;
  readonly maxClientCircuitsPending?: number;
  readonly learnCircuitBuildTimeout?: boolean;
  readonly circuitBuildTimeoutMs?: number;
  readonly circuitStreamTimeoutMs?: number;
  readonly circuitsAvailableTimeoutMs?: number;
  readonly socksTimeoutMs?: number;
  readonly longLivedPorts?: readonly number[];
  readonly clientRejectInternalAddresses?: boolean;
  readonly clientDnsRejectInternalAddresses?: boolean;
  /** __DisablePredictedCircuits. */
  readonly disablePredictedCircuits?: boolean;
  /** __LeaveStreamsUnattached: streams wait for a controller. */
  readonly leaveStreamsUnattached?: boolean;
  /** What may change while it runs, as it is now; default what stands here. */
  readonly live?: () => LiveCircuitOptions;
  /** ExcludeExitNodes and ExcludeNodes. */
  readonly mayExit?: (relay: Relay) => boolean;
  /** How many onion services run here. */
  readonly serviceCount?: () => number;
}
