import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord, Severity } from '../../base/log/index.ts';
import { type ConfigLine, loadOptions, type ValidatedOptions, validateOptions } from '../../wire/torrc/index.ts';

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

/** Throws TORRC_SYNTAX, TORRC_VALUE, TORRC_UNKNOWN_OPTION. */
export function configOf(options: TorStartOptions, warn: (message: string) => void): ValidatedOptions {
  const { network, socksPort, torrc } = options;
  const lines: ConfigLine[] = [
    set('DataDirectory', options.dataDirectory ?? defaultDataDirectory()),
    set('SocksPort', socksPort === undefined ? '0' : `127.0.0.1:${socksPort}`),
    ...(typeof torrc === 'object' ? Object.entries(torrc).flatMap(([key, value]) => linesOf(key, value)) : []),
  ];
  const report = ({ message }: { readonly message: string }): void => warn(message);
  const text = [...(network?.torrc ?? []), typeof torrc === 'string' ? torrc : ''].join('\n');
  const { options: loaded } = loadOptions({ torrc: `${text}\n`, commandLine: lines, report });
  return validateOptions(loaded, { report });
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
