import { TorError } from '../../base/errors/index.ts';
import { deprecatedOptions, expandAlias } from './aliases.ts';
import type { ConfigLine } from './lines.ts';
import { nearestName } from './nearest.ts';
import { parseRouterSet } from './routerset.ts';
import { findOption, listOwner, type OptionName, type OptionValue, optionNames, optionSpec } from './table/index.ts';
import { testingNetworkDefaults } from './table/testing.ts';
import { parseScalar, type Scalar, type ScalarType, splitList, unsetScalar } from './values.ts';

/** Something the user should hear about the configuration. */
export interface ConfigMessage {
  readonly severity: 'notice' | 'warn';
  readonly message: string;
}
export type ReportConfig = (message: ConfigMessage) => void;

export interface AssignOptions {
  /**
   * How lines are taken. `file`: lists given here replace lists from before, the first time they are named.
   * `setconf` and `resetconf`: every option named is cleared, or set to its default, first.
   */
  readonly mode?: 'file' | 'setconf' | 'resetconf';
  readonly report?: ReportConfig;
  readonly warnDeprecated?: boolean;
}

type Entry = Scalar | readonly ConfigLine[];

/** The value of every option, immutable. Values follow C tor's types; lists keep their lines. */
export class TorOptions {
  readonly #entries: ReadonlyMap<OptionName, Entry>;
  /** Defaults of a testing network were in force when this was made. */
  readonly testingDefaults: boolean;

  private constructor(entries: ReadonlyMap<OptionName, Entry>, testingDefaults: boolean) {
    this.#entries = entries;
    this.testingDefaults = testingDefaults;
  }

  /** `testing`: with the defaults that `TestingTorNetwork` brings. */
  static defaults(options: { readonly testing?: boolean } = {}): TorOptions {
    const entries = new Map<OptionName, Entry>();
    for (const name of optionNames) entries.set(name, initialEntry(name));
    const testing = options.testing === true;
    const plain = new TorOptions(entries, testing);
    if (!testing) return plain;
    return plain.assign(testingNetworkDefaults.map(([key, value]) => ({ key, value, command: 'set' })));
  }

  get<N extends OptionName>(name: N): OptionValue<N> {
    const entry = this.#entry(name);
    return (isList(entry) ? this.lines(name) : entry.value) as OptionValue<N>;
  }

  /** The values of a list option, in order; for a shared list only those under this name. */
  lines(name: OptionName): readonly string[] {
    const entry = this.#entry(name);
    if (!isList(entry)) return entry.text === undefined ? [] : [entry.text];
    const own = listOwner(name) === name ? entry : entry.filter((line) => line.key === name);
    return own.map((line) => line.value);
  }

  /** The option as lines of a torrc, values unquoted; none when it holds nothing. */
  assigned(name: OptionName): readonly ConfigLine[] {
    const { type } = optionSpec(name);
    const entry = this.#entry(name);
    if (!isList(entry)) return entry.text === undefined ? [] : [{ key: name, value: entry.text, command: 'set' }];
    if (type === 'routerset') {
      return [{ key: name, value: entry.map((line) => line.value).join(','), command: 'set' }];
    }
    if (type !== 'linelist-s') return entry;
    return entry.filter((line) => line.key === name);
  }

  /** True when both hold the same value. */
  same(other: TorOptions, name: OptionName): boolean {
    const mine = this.#entry(name);
    const theirs = other.#entry(name);
    if (!isList(mine) || !isList(theirs)) return !isList(mine) && !isList(theirs) && mine.text === theirs.text;
    return (
      mine.length === theirs.length &&
      mine.every((line, i) => line.key === theirs[i]?.key && line.value === theirs[i]?.value)
    );
  }

  /** A copy with the lines applied in order. Throws TORRC_VALUE or TORRC_UNKNOWN_OPTION and then changes nothing. */
  assign(lines: readonly ConfigLine[], options: AssignOptions = {}): TorOptions {
    const work = new Assignment(new Map(this.#entries), options);
    work.run(lines);
    return new TorOptions(work.entries, this.testingDefaults);
  }

  #entry(name: OptionName): Entry {
    return this.#entries.get(listOwner(name)) ?? [];
  }
}

const isList = (entry: Entry): entry is readonly ConfigLine[] => Array.isArray(entry);

function initialEntry(name: OptionName): Entry {
  const { type, initial } = optionSpec(name);
  switch (type) {
    case 'linelist':
    case 'linelist-s':
    case 'linelist-v':
    case 'routerset':
      return [];
    default:
      return initial === undefined ? unsetScalar(type) : parseScalar(type, initial);
  }
}

/** One pass of assignments over a copy of the values. */
class Assignment {
  readonly entries: Map<OptionName, Entry>;
  readonly #options: AssignOptions;
  readonly #report: ReportConfig;
  /** Lists this pass has begun to fill: later lines add to them. */
  readonly #begun = new Set<OptionName>();
  readonly #seen = new Set<OptionName>();

  constructor(entries: Map<OptionName, Entry>, options: AssignOptions) {
    this.entries = entries;
    this.#options = options;
    this.#report = options.report ?? (() => undefined);
  }

  run(lines: readonly ConfigLine[]): void {
    const named = lines.map((line) => ({ ...line, key: this.#expand(line.key) }));
    if (this.#clearsFirst) for (const line of named) this.#resetNamed(line.key);
    for (const line of named) this.#line(line);
  }

  get #clearsFirst(): boolean {
    return this.#options.mode === 'setconf' || this.#options.mode === 'resetconf';
  }

  #warn(message: string): void {
    this.#report({ severity: 'warn', message });
  }

  #expand(key: string): string {
    return expandAlias(key, {
      onOld: (alias, name) => this.#warn(`The configuration option '${alias}' is deprecated; use '${name}' instead.`),
    });
  }

  #resetNamed(key: string): void {
    const found = findOption(key);
    if (found?.kind === 'option') this.#reset(found.name, this.#options.mode === 'resetconf');
  }

  #reset(name: OptionName, useDefault: boolean): void {
    const { type } = optionSpec(name);
    const owner = listOwner(name);
    this.#begun.delete(owner);
    if (useDefault || isListType(type)) this.entries.set(owner, initialEntry(owner));
    else this.entries.set(name, unsetScalar(type as ScalarType));
  }

  #line(line: ConfigLine): void {
    const found = findOption(line.key);
    if (found === undefined) throw unknownOption(line.key);
    if (found.abbreviated) {
      this.#warn(`The abbreviation '${line.key}' is deprecated. Please use '${found.name}' instead`);
    }
    const deprecation = deprecatedOptions.get(found.name);
    if (deprecation !== undefined && this.#options.warnDeprecated === true)
      this.#warn(deprecationOf(found.name, deprecation));
    if (line.value === '') this.#empty(line, found);
    else if (found.kind === 'obsolete') this.#warn(`Skipping obsolete configuration option "${found.name}".`);
    else this.#set(found.name, line);
  }

  #empty(line: ConfigLine, found: NonNullable<ReturnType<typeof findOption>>): void {
    if (this.#clearsFirst || found.kind === 'obsolete') return;
    if (isListType(optionSpec(found.name).type) && line.command !== 'clear') {
      this.#warn(`Linelist option '${found.name}' has no value. Skipping.`);
    } else this.#reset(found.name, false);
  }

  #set(name: OptionName, line: ConfigLine): void {
    const { type } = optionSpec(name);
    if (type === 'linelist-v') throw valueError('Cannot assign directly to virtual option.', name);
    if (isListType(type)) this.#append(name, line);
    else this.#replace(name, type as ScalarType, line);
  }

  #replace(name: OptionName, type: ScalarType, line: ConfigLine): void {
    if (this.#seen.has(name)) {
      this.#warn(`Option '${name}' used more than once; all but the last value will be ignored.`);
    }
    this.#seen.add(name);
    try {
      this.entries.set(name, parseScalar(type, line.value));
    } catch (error) {
      throw valueError(`Could not parse ${name}: ${error instanceof Error ? error.message : String(error)}`, name);
    }
  }

  #append(name: OptionName, line: ConfigLine): void {
    const owner = listOwner(name);
    const isRouterSet = optionSpec(name).type === 'routerset';
    if (isRouterSet && parseRouterSet(line.value) === undefined) {
      this.#warn(`A malformed entry in ${name}. Discarding entire list.`);
      throw valueError('Invalid router list.', name);
    }
    const before = this.entries.get(owner);
    const keep = this.#begun.has(owner) || line.command === 'append';
    this.#begun.add(owner);
    const kept = keep && before !== undefined && isList(before) ? before : [];
    const values = isRouterSet ? splitList(line.value) : [line.value];
    this.entries.set(owner, [...kept, ...values.map((value): ConfigLine => ({ key: name, value, command: 'set' }))]);
  }
}

const isListType = (type: string): boolean => type.startsWith('linelist') || type === 'routerset';

function deprecationOf(name: string, why: string): string {
  return (
    `The ${name} option is deprecated, and will most likely be removed in a future version of Tor. ${why} ` +
    '(If you think this is a mistake, please let us know!)'
  );
}

function valueError(message: string, option: string): TorError {
  return new TorError('TORRC_VALUE', message, { facts: { option } });
}

function unknownOption(key: string): TorError {
  const nearest = nearestName(key);
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  return new TorError('TORRC_UNKNOWN_OPTION', `Unknown option '${key}'.  Failing.${hint}`, { facts: { option: key } });
}
