import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import type { IncludeReader } from '../../wire/torrc/index.ts';
import { absolutePath, type ConfigurationFile } from '../node/config/index.ts';
import type { CommandLine } from './command-line.ts';

export interface TorrcDeps {
  readonly notice: (message: string) => void;
  readonly warn: (message: string) => void;
  /** Reads standard input to its end, for `-f -`. */
  readonly readStdin: () => string;
  /** Where a packaged torrc lies. */
  readonly systemFolder?: string;
}

const defaultSystemFolder = '/etc/tor';

/** Reads the torrc the command line names, or the usual one. Throws TORRC_SYNTAX when it cannot be had. */
export function readTorrc(commandLine: CommandLine, deps: TorrcDeps): ConfigurationFile {
  const named = valuesOf(commandLine, ['-f', '--torrc-file']);
  const names = new Set(commandLine.switches.map((entry) => entry.name));
  if (names.has('-f') && names.has('--torrc-file')) {
    throw new TorError('TORRC_SYNTAX', '-f and --torrc-file cannot be used together.');
  }
  if (named.at(-1) === '-') return { path: undefined, text: deps.readStdin().replaceAll('\r', '') };
  warnOfDuplicates(named, commandLine, deps);
  const path = named.length > 0 ? absolutePath(named.at(-1) as string) : defaultTorrc(deps);
  const mayMiss = named.length === 0 || names.has('--ignore-missing-torrc') || names.has('--keygen');
  const text = readIfFile(path);
  if (text !== undefined) {
    deps.notice(`Read configuration file "${path}".`);
    return { path, text };
  }
  if (mayMiss) {
    deps.notice(`Configuration file "${path}" not present, using reasonable defaults.`);
    return { path, text: '' };
  }
  deps.warn(`Unable to open configuration file "${path}".`);
  if (names.has('--allow-missing-torrc')) return { path: undefined, text: '' };
  throw new TorError('TORRC_SYNTAX', `Unable to open configuration file "${path}".`, { facts: { logged: true } });
}

/** Reads the defaults file; it may be missing. */
export function readDefaultsTorrc(commandLine: CommandLine, deps: TorrcDeps): ConfigurationFile {
  const named = valuesOf(commandLine, ['--defaults-torrc']);
  warnOfDuplicates(named, commandLine, deps);
  const folder = deps.systemFolder ?? defaultSystemFolder;
  const path = named.length > 0 ? absolutePath(named.at(-1) as string) : join(folder, 'torrc-defaults');
  const text = readIfFile(path);
  if (text === undefined) return { path: undefined, text: '' };
  deps.notice(`Read configuration file "${path}".`);
  return { path, text };
}

function valuesOf(commandLine: CommandLine, names: readonly string[]): string[] {
  return commandLine.switches.filter((entry) => names.includes(entry.name)).map((entry) => entry.value);
}

function warnOfDuplicates(named: readonly string[], commandLine: CommandLine, deps: TorrcDeps): void {
  if (named.length < 2) return;
  const last = commandLine.switches.findLast((entry) => entry.value === named.at(-1));
  deps.warn(`Duplicate ${last?.name ?? '-f'} options on command line.`);
}

function defaultTorrc(deps: TorrcDeps): string {
  const system = join(deps.systemFolder ?? defaultSystemFolder, 'torrc');
  if (isFile(system)) return system;
  const own = join(homedir(), '.torrc');
  return isFile(own) ? own : system;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Undefined for what is no file, and for what may not be read. */
function readIfFile(path: string): string | undefined {
  try {
    return isFile(path) ? readLines(path) : undefined;
  } catch {
    return undefined;
  }
}

/** C tor drops every carriage return of a text file. */
const readLines = (path: string): string => readFileSync(path, 'utf8').replaceAll('\r', '');

/** `%include`: a file, every file of a folder, or a pattern with `*` and `?` in any part of the path. */
export const includeFiles: IncludeReader = (pattern) => {
  if (pattern === '') throw new TorError('TORRC_SYNTAX', 'no file is named');
  const paths = hasGlob(pattern) ? expandGlob(absolutePath(pattern)) : [absolutePath(pattern)];
  return paths.flatMap((path) => filesAt(path)).map((path) => ({ path, text: readLines(path) }));
};

function filesAt(path: string): string[] {
  const kind = statSync(path);
  if (kind.isFile()) return [path];
  if (!kind.isDirectory()) throw new TorError('TORRC_SYNTAX', `${path} is neither a file nor a folder`);
  return readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => join(path, name))
    .filter(isFile);
}

const hasGlob = (text: string): boolean => /[*?[]/.test(text);

/** Matches in sorted order; names that begin with a dot need one in the pattern. */
function expandGlob(pattern: string): string[] {
  if (!hasGlob(pattern)) return statSync(pattern, { throwIfNoEntry: false }) === undefined ? [] : [pattern];
  const parents = expandGlob(dirname(pattern));
  const name = basename(pattern);
  if (!hasGlob(name)) {
    return parents
      .map((parent) => join(parent, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  }
  const matches = globMatcher(name);
  return parents
    .filter((parent) => statSync(parent, { throwIfNoEntry: false })?.isDirectory() === true)
    .flatMap((parent) =>
      readdirSync(parent)
        .filter((entry) => matches(entry))
        .map((entry) => join(parent, entry)),
    )
    .sort();
}

function globMatcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\*|\?|\[!?[^\]]+\]|[.+^${}()|\\\][]/g, (token) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    if (token.length > 1) return token.replace('[!', '[^').replaceAll('\\', '\\\\');
    return `\\${token}`;
  });
  const expression = new RegExp(`^${source}$`, 's');
  return (name) => (pattern.startsWith('.') || !name.startsWith('.')) && expression.test(name);
}
