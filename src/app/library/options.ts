import { homedir } from 'node:os';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import type { LogRecord, Severity } from '../../base/log/index.ts';
import {
  type ConfigLine,
  listeningPorts,
  loadOptions,
  type ValidatedOptions,
  validateOptions,
} from '../../wire/torrc/index.ts';
import { told } from './checks.ts';

export interface StartProgress {
  /** 0 to 100. */
  readonly percent: number;
  /** C tor's tag, such as `loading_descriptors`. */
  readonly tag: string;
  readonly summary: string;
  /** What holds it up, when something does. */
  readonly warning?: string;
}

/** A network to join in place of the public one: a `TestNetwork`, or lines of a torrc that name its authorities. */
export interface JoinableNetwork {
  readonly torrc: readonly string[];
}

export interface TorStartOptions {
  /**
   * Where guards, keys and caches are kept, in C tor's layout. One process at a time may use it. Default: `tropea` in the
   * user's data folder.
   */
  readonly dataDirectory?: string;
  readonly network?: JoinableNetwork;
  /** Also serve SOCKS on this port of 127.0.0.1, for other programs; `auto` takes a free one. */
  readonly socksPort?: number | 'auto';
  /** Any other option by the names of C tor's manual page: text of a torrc, or an object. */
  readonly torrc?: string | Readonly<Record<string, TorrcValue>>;
  readonly onProgress?: (progress: StartProgress) => void;
  /** Log lines from `notice` up, or from `level` up. */
  readonly onLog?: (record: LogRecord) => void;
  readonly logLevel?: Severity;
  /** Gives up starting; everything that was opened is closed. */
  readonly signal?: AbortSignal;
  /** Resolve before the network is known; `tor.ready()` tells when it is. Default: wait. */
  readonly wait?: boolean;
}

export type TorrcValue = string | number | boolean | readonly (string | number)[];

/** Throws TORRC_SYNTAX, TORRC_VALUE, TORRC_UNKNOWN_OPTION, OPTION_INVALID. */
export function configOf(options: TorStartOptions, warn: (message: string) => void): ValidatedOptions {
  const { dataDirectory, network, socksPort, torrc } = options;
  const lines: ConfigLine[] = [
    set('DataDirectory', folderOf(dataDirectory)),
    ...(socksPort === undefined ? [] : [set('SocksPort', `127.0.0.1:${socksPort}`)]),
    ...(typeof torrc === 'object' ? Object.entries(torrc).flatMap(([key, value]) => linesOf(key, value)) : []),
  ];
  const report = ({ message }: { readonly message: string }): void => warn(message);
  const text = [...networkLines(network), typeof torrc === 'string' ? torrc : ''].join('\n');
  // No port unless somebody asks for one.
  const sources = { defaultsTorrc: 'SocksPort 0\n', torrc: `${text}\n`, commandLine: lines, report };
  const validated = validateOptions(loadOptions(sources).options, { report });
  refusePrograms(validated);
  return validated;
}

function folderOf(folder: unknown): string {
  if (folder === undefined) return defaultDataDirectory();
  if (typeof folder === 'string' && folder !== '') return folder;
  throw new TorError('OPTION_INVALID', `dataDirectory is the path of a folder, not ${told(folder)}`);
}

/** What is no network must not lead into the public one. */
function networkLines(network: unknown): readonly string[] {
  if (network === undefined) return [];
  const lines = typeof network === 'object' && network !== null && 'torrc' in network ? network.torrc : undefined;
  if (Array.isArray(lines) && lines.length > 0 && lines.every((line) => typeof line === 'string')) return lines;
  const hint = network instanceof Promise ? '; await it first' : '';
  throw new TorError('OPTION_INVALID', `network is a TestNetwork or { torrc: [lines] }${hint}`);
}

/** What an option asks for and a library does not do, it says. */
function refusePrograms({ ports }: ValidatedOptions): void {
  const kinds = (['control', 'metrics'] as const).filter((kind) => listeningPorts(ports, kind).length > 0);
  if (kinds.length === 0) return;
  const why = 'a library opens no control or metrics port; use tor.on() and tor.circuits(), or run the program';
  throw new TorError('OPTION_INVALID', `torrc: ${why}`);
}

const set = (key: string, value: string): ConfigLine => ({ key, value, command: 'set' });

function linesOf(key: string, value: TorrcValue): ConfigLine[] {
  if (typeof value === 'boolean') return [set(key, value ? '1' : '0')];
  if (typeof value === 'object') return value.map((each) => set(key, String(each)));
  return [set(key, String(value))];
}

function defaultDataDirectory(): string {
  const base = process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share');
  return join(base, 'tropea');
}
