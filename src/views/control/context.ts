import type { ControlCommand } from '../../wire/control/index.ts';
import type { EventHub } from './events/hub.ts';
import type { InfoKeys } from './info/info-keys.ts';
import type { OnionLedger } from './onion-ledger.ts';
import type { StreamTable } from './stream-table.ts';
import type { ControlDeps, ControlOptions } from './types.ts';

/** One controller, as commands see it. */
export interface Controller {
  /** Names of the events it asked for. */
  events: ReadonlySet<string>;
  /** TAKEOWNERSHIP: the node ends with this connection. */
  owner: boolean;
}

/** What commands work on. */
export interface CommandContext {
  readonly deps: ControlDeps;
  readonly options: ControlOptions;
  readonly hub: EventHub;
  readonly streams: StreamTable;
  readonly onions: OnionLedger;
  readonly info: InfoKeys;
  /** Addresses that controllers can connect to. */
  readonly listeners: () => readonly string[];
  /** BW events of the last minutes, for bw-event-cache. */
  readonly recentBandwidth: () => string;
}

/** Gives the whole reply. Throws ControlFailure; CONTROL_SYNTAX becomes 512. */
export type CommandHandler = (
  command: ControlCommand,
  context: CommandContext,
  controller: Controller,
) => string | Promise<string>;
