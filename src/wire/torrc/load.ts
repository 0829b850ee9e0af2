import { TorError } from '../../base/errors/index.ts';
import { type ConfigLine, type IncludeReader, parseConfigLines } from './lines.ts';
import { type ReportConfig, TorOptions } from './options.ts';

export interface ConfigSources {
  /** Text of the defaults file, of the torrc, and lines from the command line: later ones win. */
  readonly defaultsTorrc?: string;
  readonly torrc?: string;
  readonly commandLine?: readonly ConfigLine[];
  readonly include?: IncludeReader;
  readonly report?: ReportConfig;
}

export interface LoadedOptions {
  readonly options: TorOptions;
  /** What options are compared with to find out what the user set: built-in defaults and the defaults file. */
  readonly defaults: TorOptions;
  readonly includeUsed: boolean;
}

/** Reads all sources as C tor does. Throws TORRC_SYNTAX, TORRC_VALUE, TORRC_UNKNOWN_OPTION. */
export function loadOptions(sources: ConfigSources): LoadedOptions {
  const first = readSources(sources, false);
  return first.options.get('TestingTorNetwork') ? readSources({ ...sources, report: () => undefined }, true) : first;
}

function readSources(sources: ConfigSources, testing: boolean): LoadedOptions {
  let includeUsed = false;
  const notice = (message: string): void => sources.report?.({ severity: 'notice', message });
  const read = (text: string): ConfigLine[] =>
    parseConfigLines(text, {
      extended: true,
      onNotice: notice,
      include: (pattern) => {
        includeUsed = true;
        if (sources.include === undefined) throw new TorError('TORRC_SYNTAX', 'nothing can be included here');
        return sources.include(pattern);
      },
    });
  const assign = { warnDeprecated: true, ...(sources.report === undefined ? {} : { report: sources.report }) };
  const builtin = TorOptions.defaults({ testing });
  const defaults = builtin.assign(read(sources.defaultsTorrc ?? ''), assign);
  const fromFile = defaults.assign(read(sources.torrc ?? ''), assign);
  return { options: fromFile.assign(sources.commandLine ?? [], assign), defaults, includeUsed };
}
