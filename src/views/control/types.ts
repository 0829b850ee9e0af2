import type { Logger } from '../../base/log/index.ts';
import type { Runtime } from '../../base/runtime/index.ts';
import type { Emitter } from '../../base/util/index.ts';
import type { ChannelManager } from '../../network/channels/index.ts';
import type { CircuitManager } from '../../network/circuits/index.ts';
import type { TorDirectoryManager } from '../../network/directory/index.ts';
import type { GuardManager } from '../../network/guard/index.ts';
import type { ClientRole } from '../../roles/client/index.ts';
import type { OnionClient, OnionService, OnionServiceOptions } from '../../roles/onion/index.ts';
import type { Relay } from '../../roles/relay/index.ts';
import type { ConfigLine, OptionName, TorOptions } from '../../wire/torrc/index.ts';

/** Onion services of the node: what ADD_ONION adds to. */
export interface ControlledServices {
  readonly all: readonly OnionService[];
  readonly events: Emitter<{ added: OnionService; removed: OnionService }>;
  /** Throws ONION_SERVICE_EXISTS. */
  add(options: OnionServiceOptions): OnionService;
  remove(service: OnionService): Promise<void>;
}

/** The parts of a node that controllers see. */
export interface ControlledParts {
  readonly circuits: CircuitManager;
  readonly channels: ChannelManager;
  readonly guards: GuardManager;
  readonly directory: TorDirectoryManager;
  readonly client: ClientRole;
  readonly onionClient: OnionClient;
  readonly services: ControlledServices;
  /** With an ORPort; what it published last. */
  readonly relay: { readonly relay: Relay; readonly descriptor: { readonly text: string } | undefined } | undefined;
}

/** Reads and changes options. */
export interface ControlledConfiguration {
  readonly options: TorOptions;
  /** The torrc; undefined when there is none. */
  readonly path: string | undefined;
  readonly defaultsPath: string | undefined;
  readonly includeUsed: boolean;
  /** As SAVECONF would write it. */
  text(): string;
  /** Throws TORRC_* (nothing changed), CONFIG_TRANSITION, and what bringing it into force throws. */
  assign(lines: readonly ConfigLine[], mode: 'setconf' | 'resetconf'): Promise<void>;
  loadText(text: string): Promise<void>;
  /** Throws CONFIG_SAVE_FAILED. */
  save(options: { readonly force: boolean }): void;
  /** Calls back with the names of options that changed. */
  onChanged(listener: (names: readonly OptionName[]) => void): () => void;
}

/** What SIGNAL does to the program. */
export interface ControlActions {
  reload(): void;
  /** SHUTDOWN, INT: orderly. */
  interrupt(): void;
  /** HALT, TERM: at once. */
  terminate(): void;
  dumpStats(): void;
  debug(): void;
  newIdentity(): void;
  heartbeat(): void;
}

/** Bytes since the start. */
export interface TrafficTotals {
  readonly read: number;
  readonly written: number;
}

export interface ControlDeps {
  readonly parts: ControlledParts;
  readonly configuration: ControlledConfiguration;
  readonly actions: ControlActions;
  readonly log: Logger;
  readonly runtime: Runtime;
  readonly traffic: () => TrafficTotals;
}

export interface ControlOptions {
  /** `0.4.9.11`, and more behind a blank. */
  readonly version: string;
  /** Where CookieAuthFile is when the torrc does not say. */
  readonly dataDirectory: string;
}
