import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import type { Protover } from '../../wire/protover/index.ts';
import type { ChannelManager } from '../channels/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { GuardManager } from '../guard/index.ts';
import type { NetDirOptions } from '../netdir/index.ts';
import type { DataStore } from '../storage/index.ts';
import type { BridgeLine } from './bridge-lines.ts';
import type { DirServersOptions } from './servers.ts';

export interface DirectoryManagerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Where `cached-*` and `unverified-*` are. */
  readonly store: DataStore;
  /** Brings the circuits for requests. Is given each snapshot by `setNetDir`; undefined while too little is known. */
  readonly circuits: Pick<CircuitManager, 'circuitTo' | 'setNetDir' | 'events'>;
  /** Chooses directory guards once there is a network. Is given each snapshot by `setNetDir`. None: any cache is asked. */
  readonly guards?: Pick<
    GuardManager,
    | 'pick'
    | 'setNetDir'
    | 'noteOutdated'
    | 'missingDescriptors'
    | 'events'
    | 'options'
    | 'setOptions'
    | 'noteBridge'
    | 'noteBridgeIdentity'
    | 'usableBridges'
  >;
  /** Heard for the bootstrap phases and for clock skew that authorities tell in NETINFO. */
  readonly channels?: Pick<ChannelManager, 'events' | 'get'>;
  readonly logger?: Logger | undefined;
}

/** Options by the names of the manual page. Delays in seconds, as there. */
export interface DirectoryManagerOptions extends DirServersOptions {
  /** Flavour that paths are chosen from; default `microdesc`. */
  readonly flavor?: 'microdesc' | 'ns';
  readonly netdir?: NetDirOptions;
  /** Directory caches and authorities: both flavours and server descriptors, for others to ask for. */
  readonly isCache?: boolean;
  /** Fetch early and from authorities; default `isCache`, but not for a bridge. */
  readonly fetchFromAuthorities?: boolean;
  /** A public relay: one consensus request at a time, no directory guards. */
  readonly isRelay?: boolean;
  /** With UseBridges: the first hops, and the only directories that are asked without a circuit. Needs `guards`. */
  readonly bridges?: readonly BridgeLine[];
  /** TestingBridgeBootstrapDownloadInitialDelay, TestingBridgeDownloadInitialDelay; 0 and 3 hours. */
  readonly bridgeBootstrapDelaySec?: number;
  readonly bridgeDelaySec?: number;
  /** UseEntryGuards; default true. */
  readonly useEntryGuards?: boolean;
  readonly fetchDirInfoEarly?: boolean;
  readonly fetchDirInfoExtraEarly?: boolean;
  /** ClientBootstrapConsensus...; 3 tries, 6, 0 and 0 seconds. */
  readonly bootstrapMaxInProgressTries?: number;
  readonly bootstrapAuthorityDelaySec?: number;
  readonly bootstrapFallbackDelaySec?: number;
  readonly bootstrapAuthorityOnlyDelaySec?: number;
  /** TestingClientConsensusDownloadInitialDelay, TestingServerConsensusDownloadInitialDelay. */
  readonly consensusDelaySec?: number;
  /** TestingClientDownloadInitialDelay, TestingServerDownloadInitialDelay. */
  readonly downloadDelaySec?: number;
  /** TestingClientMaxIntervalWithoutRequest; default 10 minutes. */
  readonly maxIntervalWithoutRequestMs?: number;
  /** TestingDirConnectionMaxStall; default 5 minutes. */
  readonly stallTimeoutMs?: number;
  /** What we speak, for the warning that we are too old; none: no check. */
  readonly protocols?: Protover;
  /** False while nothing may be asked: DisableNetwork, hibernation, no bridge that could work, dormancy. */
  readonly mayFetch?: () => boolean;
  /** No circuit has been wanted for long: a client then stops asking for descriptors, not for consensuses. */
  readonly isIdle?: () => boolean;
}
