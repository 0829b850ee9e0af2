import type { ChannelManager } from '../../network/channels/index.ts';
import type { PooledCircuitManager } from '../../network/circuits/index.ts';
import type { DirRequester, TorDirectoryManager } from '../../network/directory/index.ts';
import type { GuardManager, Vanguards } from '../../network/guard/index.ts';
import type { PathSelector } from '../../network/path/index.ts';
import type { DataDirectory, StateFile } from '../../network/storage/index.ts';
import type { ClientRole } from '../../roles/client/index.ts';
import type { BookFile } from '../../roles/names/index.ts';
import type { OnionClient } from '../../roles/onion/index.ts';
import type { OnionServices } from './onion/services.ts';

/** The parts that every node has. */
export interface CommonParts {
  readonly store: DataDirectory;
  readonly state: StateFile;
  /** The user's address book: `petnames` in the data directory. */
  readonly names: BookFile;
  readonly channels: ChannelManager;
  readonly guards: GuardManager;
  readonly vanguards: Vanguards;
  readonly paths: PathSelector;
  readonly circuits: PooledCircuitManager;
  readonly directory: TorDirectoryManager;
  readonly dirRequest: DirRequester;
  readonly onionClient: OnionClient;
  readonly services: OnionServices;
  readonly client: ClientRole;
}
