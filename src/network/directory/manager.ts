import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import type { ChannelManager } from '../channels/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { GuardManager } from '../guard/index.ts';
import type { NetDir, NetDirOptions } from '../netdir/index.ts';
import type { DataStore } from '../storage/index.ts';
import { BootstrapProgress, isBootstrapTag } from './progress.ts';
import type { DirServersOptions } from './servers.ts';
import type { BootstrapStatus, DirectoryEvents, DirectoryManager } from './types.ts';

export interface DirectoryManagerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Where `cached-*` and `unverified-*` are. */
  readonly store: DataStore;
  /** Brings the circuits for requests. Is given each snapshot by `setNetDir`; undefined while too little is known. */
  readonly circuits: Pick<CircuitManager, 'circuitTo' | 'setNetDir' | 'events'>;
  /** Chooses directory guards once there is a network. Is given each snapshot by `setNetDir`. None: any cache is asked. */
  readonly guards?: Pick<GuardManager, 'pick' | 'setNetDir' | 'noteOutdated' | 'missingDescriptors' | 'events'>;
  /** Heard for the bootstrap phases and for clock skew that authorities tell in NETINFO. */
  readonly channels?: Pick<ChannelManager, 'events'>;
  readonly logger?: Logger | undefined;
}

/** Options by the names of the manual page. Delays in seconds, as there. */
export interface DirectoryManagerOptions extends DirServersOptions {
  /** Flavour that paths are chosen from; default `microdesc`. */
  readonly flavor?: 'microdesc' | 'ns';
  readonly netdir?: NetDirOptions;
  /** Directory caches and authorities: fetch early and keep what others ask for. */
  readonly isCache?: boolean;
  readonly fetchDirInfoEarly?: boolean;
  readonly fetchDirInfoExtraEarly?: boolean;
  readonly bootstrapMaxInProgressTries?: number;
  readonly bootstrapAuthorityDelaySec?: number;
  readonly bootstrapFallbackDelaySec?: number;
  readonly bootstrapAuthorityOnlyDelaySec?: number;
  readonly consensusDelaySec?: number;
  readonly downloadDelaySec?: number;
  readonly stallTimeoutMs?: number;
}

/** The client's directory work: one object that reads, fetches, checks and keeps what is known of the network. */
export class TorDirectoryManager implements DirectoryManager {
  readonly events = new Emitter<DirectoryEvents>();
  readonly #progress: BootstrapProgress;

  constructor(deps: DirectoryManagerDeps, _options: DirectoryManagerOptions) {
    this.#progress = new BootstrapProgress(deps.logger, (status) => this.events.emit('progress', status));
  }

  get netdir(): NetDir | undefined {
    return undefined;
  }

  get status(): BootstrapStatus {
    return this.#progress.status;
  }

  async start(): Promise<void> {
    this.#progress.start();
  }

  async whenReady(signal?: AbortSignal): Promise<NetDir> {
    signal?.throwIfAborted();
    throw new TorError('ABORTED');
  }

  noteProgress(tag: string): void {
    if (isBootstrapTag(tag)) this.#progress.reach(tag);
  }

  poke(): void {}

  async stop(): Promise<void> {}
}
