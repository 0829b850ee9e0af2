import type { ControlCommand } from '../../wire/control/index.ts';
import type { Controller } from './controller.ts';
import type { EventHub } from './events/hub.ts';
import type { OnionLedger } from './onion-ledger.ts';
import type { StreamTable } from './stream-table.ts';
import type { ControlDeps, ControlOptions } from './types.ts';

/** What a key of GETINFO may look at. */
export interface InfoScope {
  readonly context: CommandContext;
  readonly controller: Controller;
}

export interface InfoSource {
  /** The value; undefined for a key that is not known. Throws ControlFailure 551 when there is no value now. */
  get(key: string, scope: InfoScope): Promise<string | undefined>;
  /** For info/names: `key -- what it is`. */
  names(): string;
}

/** What commands work on. */
export interface CommandContext {
  readonly deps: ControlDeps;
  readonly options: ControlOptions;
  readonly hub: EventHub;
  readonly streams: StreamTable;
  readonly onions: OnionLedger;
  readonly info: InfoSource;
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
