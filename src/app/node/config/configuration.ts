import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import { Emitter } from '../../../base/util/index.ts';
import {
  type AssignOptions,
  type ConfigLine,
  dumpOptions,
  type HostLookup,
  type IncludeReader,
  loadOptions,
  type OptionName,
  optionNames,
  optionSpec,
  type PortConfig,
  type ReportConfig,
  type TorOptions,
  validateOptions,
} from '../../../wire/torrc/index.ts';
import { checkFurther } from './checks.ts';
import { absolutePath } from './paths.ts';
import { writeConfigurationFile } from './save.ts';

/** A configuration that passed every check. */
export interface Settings {
  readonly options: TorOptions;
  readonly ports: readonly PortConfig[];
  /** Built-in defaults with the defaults file: what SAVECONF and `--dump-config short` leave out. */
  readonly defaults: TorOptions;
  readonly includeUsed: boolean;
}

export interface ConfigurationFile {
  /** Undefined: from standard input, or there is none. */
  readonly path: string | undefined;
  readonly text: string;
}

export interface ConfigurationFiles {
  readonly torrc: ConfigurationFile;
  readonly defaults: ConfigurationFile;
}

export interface ConfigurationDeps {
  readonly log: Logger;
  readonly include: IncludeReader;
  /** Reads torrc and defaults file, again at each reload. Throws TORRC_SYNTAX. */
  readonly readFiles: () => ConfigurationFiles;
  readonly lookup?: HostLookup;
  readonly totalMemoryBytes?: number;
}

export interface ConfigurationEvents {
  /** Options whose value changed, after the new values are in force. */
  changed: { readonly settings: Settings; readonly names: readonly OptionName[] };
}

/** Brings new settings into force; what it throws leaves the old ones standing. */
export type ApplySettings = (next: Settings, old: Settings) => Promise<void>;

/** The configuration of a running program: where it comes from, what it is now, and how it changes. */
export class Configuration {
  readonly events = new Emitter<ConfigurationEvents>();
  readonly #deps: ConfigurationDeps;
  readonly #commandLine: readonly ConfigLine[];
  #files: ConfigurationFiles;
  #settings: Settings;
  #apply: ApplySettings = async () => undefined;
  /** Changes come into force one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  /** Reads and checks everything. Throws TORRC_SYNTAX, TORRC_VALUE, TORRC_UNKNOWN_OPTION. */
  constructor(deps: ConfigurationDeps, options: { readonly commandLine: readonly ConfigLine[] }) {
    this.#deps = deps;
    this.#commandLine = options.commandLine;
    this.#files = deps.readFiles();
    this.#settings = this.#load(this.#files.torrc.text, this.#files.defaults.text);
  }

  get settings(): Settings {
    return this.#settings;
  }

  get options(): TorOptions {
    return this.#settings.options;
  }

  /** The torrc; undefined when there is none that could be written. */
  get path(): string | undefined {
    return this.#files.torrc.path;
  }

  get defaultsPath(): string | undefined {
    return this.#files.defaults.path;
  }

  /** As SAVECONF would write it, without the head. */
  text(): string {
    return dumpOptions(this.options, this.#settings.defaults);
  }

  /** Who brings changes into force: the node. */
  onChange(apply: ApplySettings): void {
    this.#apply = apply;
  }

  /** SIGHUP: reads all files again. */
  reload(): Promise<void> {
    return this.#change(() => {
      const files = this.#deps.readFiles();
      const settings = this.#load(files.torrc.text, files.defaults.text);
      return { settings, files };
    });
  }

  /** LOADCONF: this text in place of the torrc's. */
  loadText(text: string): Promise<void> {
    return this.#change(() => ({ settings: this.#load(text, this.#files.defaults.text) }));
  }

  /** SETCONF and RESETCONF. */
  assign(lines: readonly ConfigLine[], mode: 'setconf' | 'resetconf'): Promise<void> {
    return this.#change(() => {
      const { options, defaults, includeUsed } = this.#settings;
      const assigned = options.assign(lines, { mode, ...this.#reporting });
      return { settings: this.#validated(assigned, defaults, includeUsed) };
    });
  }

  /** SAVECONF. Throws CONFIG_SAVE_FAILED: no file, not writable, or it has `%include` and `force` is not set. */
  save(options: { readonly force?: boolean } = {}): void {
    if (this.#settings.includeUsed && options.force !== true) {
      throw new TorError('CONFIG_SAVE_FAILED', 'The torrc has %include; saving would write it as one file.');
    }
    writeConfigurationFile(this.path, this.text(), (message) => this.#deps.log.notice('config', message));
  }

  get #reporting(): AssignOptions & { readonly report: ReportConfig } {
    return { report: ({ severity, message }) => this.#deps.log.log(severity, 'config', message) };
  }

  #load(torrc: string, defaultsTorrc: string): Settings {
    const loaded = loadOptions({
      defaultsTorrc,
      torrc,
      commandLine: this.#commandLine,
      include: this.#deps.include,
      report: this.#reporting.report,
    });
    return this.#validated(loaded.options, loaded.defaults, loaded.includeUsed);
  }

  #validated(options: TorOptions, defaults: TorOptions, includeUsed: boolean): Settings {
    const { lookup, totalMemoryBytes, log } = this.#deps;
    const valid = validateOptions(options, {
      ...this.#reporting,
      absolutePath,
      ...(lookup === undefined ? {} : { lookup }),
      ...(totalMemoryBytes === undefined ? {} : { totalMemoryBytes }),
    });
    checkFurther(valid.options, (message) => log.warn('config', message));
    return { options: valid.options, ports: valid.ports, defaults, includeUsed };
  }

  #change(make: () => { readonly settings: Settings; readonly files?: ConfigurationFiles }): Promise<void> {
    const work = async (): Promise<void> => {
      const { settings, files } = make();
      const old = this.#settings;
      checkTransition(old.options, settings.options);
      await this.#apply(settings, old);
      this.#settings = settings;
      if (files !== undefined) this.#files = files;
      const names = optionNames.filter((name) => !settings.options.same(old.options, name));
      if (names.length > 0) this.events.emit('changed', { settings, names });
    };
    const run = this.#queue.then(work, work);
    this.#queue = run.catch(() => undefined);
    return run;
  }
}

function checkTransition(old: TorOptions, next: TorOptions): void {
  const name = optionNames.find((each) => optionSpec(each).immutable === true && !next.same(old, each));
  if (name === undefined) return;
  throw new TorError('CONFIG_TRANSITION', `While Tor is running, changing ${name} is not allowed`, {
    facts: { option: name },
  });
}
