import { TorError } from '../../base/errors/index.ts';
import { type ConfigLine, expandAlias } from '../../wire/torrc/index.ts';

/** What the program was started to do. */
export type CommandName =
  | 'run'
  | 'verify-config'
  | 'dump-config'
  | 'hash-password'
  | 'list-fingerprint'
  | 'keygen'
  | 'keygen-family'
  | 'key-expiration'
  | 'help'
  | 'version'
  | 'list-torrc-options'
  | 'list-deprecated-options'
  | 'list-modules'
  | 'library-versions'
  | 'dump-subsystem-list';

export type Quiet = 'none' | 'hush' | 'quiet';

interface Switch {
  readonly argument?: 'needed' | 'optional';
  readonly command?: CommandName;
  readonly quiet?: Quiet;
}

/** Switches that are no options of the torrc. spec: manual page, COMMAND-LINE OPTIONS */
const switches: Readonly<Record<string, Switch>> = {
  '-f': { argument: 'needed' },
  '--torrc-file': { argument: 'needed' },
  '--allow-missing-torrc': {},
  '--defaults-torrc': { argument: 'needed' },
  '--hash-password': { argument: 'needed', command: 'hash-password', quiet: 'hush' },
  '--dump-config': { argument: 'optional', command: 'dump-config', quiet: 'quiet' },
  '--list-fingerprint': { argument: 'optional', command: 'list-fingerprint' },
  '--keygen': { command: 'keygen' },
  '--keygen-family': { argument: 'needed', command: 'keygen-family' },
  '--key-expiration': { argument: 'optional', command: 'key-expiration' },
  '--format': { argument: 'needed' },
  '--newpass': {},
  '--no-passphrase': {},
  '--passphrase-fd': { argument: 'needed' },
  '--verify-config': { command: 'verify-config' },
  '--ignore-missing-torrc': {},
  '--quiet': { quiet: 'quiet' },
  '--hush': { quiet: 'hush' },
  '--version': { command: 'version', quiet: 'hush' },
  '--list-modules': { command: 'list-modules', quiet: 'hush' },
  '--library-versions': { command: 'library-versions', quiet: 'hush' },
  '-h': { command: 'help', quiet: 'hush' },
  '--help': { command: 'help', quiet: 'hush' },
  '--list-torrc-options': { command: 'list-torrc-options', quiet: 'hush' },
  '--list-deprecated-options': { command: 'list-deprecated-options' },
  '--nt-service': {},
  '-nt-service': {},
  '--dbg-dump-subsystem-list': { command: 'dump-subsystem-list', quiet: 'hush' },
};

const quietOrder: readonly Quiet[] = ['none', 'hush', 'quiet'];

export interface CommandLine {
  readonly command: CommandName;
  /** The last command's argument; empty when it has none. */
  readonly argument: string;
  readonly quiet: Quiet;
  /** Switches with their arguments, in order; repeated ones are there twice. */
  readonly switches: readonly { readonly name: string; readonly value: string }[];
  /** Options of the torrc. */
  readonly options: readonly ConfigLine[];
}

export interface ParseCommandLineOptions {
  readonly warn?: (message: string) => void;
  /** Take what can be understood: used before logging is set up. */
  readonly lenient?: boolean;
}

/**
 * Reads the arguments as C tor does: switches, and any option as `--Name value`, with `+Name` to append and `/Name` to
 * clear. Throws TORRC_SYNTAX for an option without a value.
 */
export function parseCommandLine(args: readonly string[], options: ParseCommandLineOptions = {}): CommandLine {
  let command: CommandName = 'run';
  let argument = '';
  let quiet: Quiet = 'none';
  const found: { name: string; value: string }[] = [];
  const lines: ConfigLine[] = [];
  for (let i = 0; i < args.length; ) {
    const word = args[i] as string;
    const known = switches[word];
    const line = known === undefined ? optionLine(word, options) : undefined;
    const wants = line?.command === 'clear' ? undefined : known === undefined ? 'needed' : known.argument;
    const next = args[i + 1];
    const takes =
      wants === 'needed' ? next !== undefined : wants === 'optional' && next !== undefined && !next.startsWith('-');
    if (wants === 'needed' && !takes && options.lenient !== true) {
      throw new TorError('TORRC_SYNTAX', `Command-line option '${word}' with no value. Failing.`);
    }
    const value = takes ? (next as string) : '';
    if (line !== undefined) lines.push({ ...line, value });
    else found.push({ name: word, value });
    if (known?.command !== undefined) {
      command = known.command;
      argument = value;
    }
    const level = known?.quiet ?? 'none';
    if (quietOrder.indexOf(level) > quietOrder.indexOf(quiet)) quiet = level;
    i += takes ? 2 : 1;
  }
  return { command, argument, quiet, switches: found, options: lines };
}

function optionLine(word: string, options: ParseCommandLineOptions): ConfigLine {
  const bare = word.replace(/^--?/, '');
  const command = bare.startsWith('+') ? 'append' : bare.startsWith('/') ? 'clear' : 'set';
  const key = expandAlias(command === 'set' ? bare : bare.slice(1), {
    commandLine: true,
    onOld: (alias, name) => options.warn?.(`The configuration option '${alias}' is deprecated; use '${name}' instead.`),
  });
  return { key, value: '', command };
}
