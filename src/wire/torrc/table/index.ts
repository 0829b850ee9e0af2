import { authorityOptions } from './authority.ts';
import { clientOptions } from './client.ts';
import { dosOptions } from './dos.ts';
import { generalOptions } from './general.ts';
import { hiddenOptions } from './hidden.ts';
import { obsoleteOptions } from './obsolete.ts';
import { onionOptions } from './onion.ts';
import type { OptionSpec, OptionType } from './option.ts';
import { relayOptions } from './relay.ts';
import { testingOptions } from './testing.ts';

/** Every option of C tor 0.4.9.11 that is not obsolete, by name. */
export const optionTable = {
  ...generalOptions,
  ...clientOptions,
  ...relayOptions,
  ...authorityOptions,
  ...onionOptions,
  ...dosOptions,
  ...testingOptions,
  ...hiddenOptions,
};

export type OptionName = keyof typeof optionTable;
export type TypeOf<N extends OptionName> = (typeof optionTable)[N] extends OptionSpec<infer T> ? T : OptionType;

/** What `TorOptions.get` gives for an option of each type; list options are read with `lines`. */
export interface ValueTypes {
  readonly bool: boolean;
  readonly autobool: boolean | 'auto';
  readonly int: number;
  readonly posint: number;
  readonly uint64: bigint;
  readonly double: number;
  readonly interval: number;
  readonly 'msec-interval': number;
  readonly 'csv-interval': number;
  readonly memunit: number;
  readonly string: string | undefined;
  readonly filename: string | undefined;
  readonly csv: readonly string[];
  readonly routerset: readonly string[];
  readonly linelist: readonly string[];
  readonly 'linelist-s': readonly string[];
  readonly 'linelist-v': readonly string[];
}
export type OptionValue<N extends OptionName> = ValueTypes[TypeOf<N>];

/** Names in C tor's order: by letter, without regard to case. */
export const optionNames: readonly OptionName[] = (Object.keys(optionTable) as OptionName[]).sort(compareNames);

/** The order of strcasecmp: letters compared in lower case, so that an underscore comes before them. */
export function compareNames(a: string, b: string): number {
  const x = a.toLowerCase();
  const y = b.toLowerCase();
  return x < y ? -1 : x > y ? 1 : 0;
}

const byLowerName = new Map<string, OptionName>(optionNames.map((name) => [name.toLowerCase(), name]));
const obsoleteByLowerName = new Map<string, string>(obsoleteOptions.map((name) => [name.toLowerCase(), name]));

export type FoundOption =
  | { readonly kind: 'option'; readonly name: OptionName; readonly abbreviated: boolean }
  | { readonly kind: 'obsolete'; readonly name: string; readonly abbreviated: boolean };

const allNames: readonly string[] = [...optionNames, ...obsoleteOptions].sort(compareNames);

/** Looks a name up without regard to case; failing that, takes the first name it is the beginning of. */
export function findOption(key: string): FoundOption | undefined {
  const lower = key.toLowerCase();
  if (lower === '') return undefined;
  const exact = found(lower, false);
  if (exact !== undefined) return exact;
  const longer = allNames.find((name) => name.toLowerCase().startsWith(lower));
  return longer === undefined ? undefined : found(longer.toLowerCase(), true);
}

function found(lower: string, abbreviated: boolean): FoundOption | undefined {
  const name = byLowerName.get(lower);
  if (name !== undefined) return { kind: 'option', name, abbreviated };
  const old = obsoleteByLowerName.get(lower);
  return old === undefined ? undefined : { kind: 'obsolete', name: old, abbreviated };
}

export function optionSpec(name: OptionName): OptionSpec {
  return optionTable[name];
}

/** The option whose list a `linelist-s` option shares. */
export function listOwner(name: OptionName): OptionName {
  if (optionSpec(name).type !== 'linelist-s') return name;
  if (name.startsWith('HiddenService')) return 'HiddenServiceOptions';
  return `${name.replace(/^__/, '')}Lines` as OptionName;
}

/** Options `--list-torrc-options` names. */
export function listableNames(): readonly OptionName[] {
  return optionNames.filter((name) => optionSpec(name).type !== 'linelist-v' && optionSpec(name).invisible !== true);
}

export type { OptionSpec, OptionType } from './option.ts';
