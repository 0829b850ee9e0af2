import { readFileSync } from 'node:fs';
import { totalmem, userInfo } from 'node:os';
import { optionNames, optionSpec, quote } from '../../../wire/torrc/index.ts';
import { signalNames } from '../commands/signal.ts';
import type { InfoScope } from '../context.ts';
import { eventNames } from '../events/hub.ts';
import { isoTime, isoTimeLocal } from '../format/time.ts';
import type { InfoTable } from './info-keys.ts';

const typeNames: Readonly<Record<string, string>> = {
  bool: 'Boolean',
  autobool: 'Boolean+Auto',
  int: 'SignedInteger',
  posint: 'Integer',
  uint64: 'Integer',
  double: 'Float',
  interval: 'TimeInterval',
  'msec-interval': 'TimeMsecInterval',
  'csv-interval': 'TimeInterval',
  memunit: 'DataSize',
  string: 'String',
  filename: 'Filename',
  csv: 'CommaList',
  routerset: 'RouterList',
  linelist: 'LineList',
  'linelist-s': 'Dependent',
  'linelist-v': 'Virtual',
};

function configNames(): string {
  const visible = optionNames.filter((name) => optionSpec(name).invisible !== true);
  return visible.map((name) => `${name} ${typeNames[optionSpec(name).type] ?? 'String'}\n`).join('');
}

function configDefaults(): string {
  return optionNames
    .map((name) => ({ name, initial: optionSpec(name).initial }))
    .filter(({ initial }) => initial !== undefined)
    .map(({ name, initial }) => `${name} ${quote(initial ?? '')}\n`)
    .join('');
}

const now = ({ context }: InfoScope, format: (ms: number) => string): string =>
  format(context.deps.runtime.clock.now()).replace(' ', 'T');

/** Only Linux tells; nothing depends on it but displays. */
function descriptorLimit(): string {
  try {
    return /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? '-1';
  } catch {
    return '-1';
  }
}

/** C tor's default: three quarters of the machine's memory, within bounds. */
function memoryLimit({ context }: InfoScope): string {
  const set = context.deps.configuration.options.get('MaxMemInQueues');
  if (set > 0) return String(set);
  return String(Math.min(8 * 2 ** 30, Math.max(256 * 2 ** 20, Math.floor(totalmem() * 0.75))));
}

/** The program, its process and its configuration. */
export const programInfo: InfoTable = {
  version: { help: 'The current version of Tor.', get: ({ context }) => context.options.version },
  'config-file': {
    help: 'Current location of the "torrc" file.',
    get: ({ context }) => context.deps.configuration.path ?? '',
  },
  'config-defaults-file': {
    help: 'Current location of the defaults file.',
    get: ({ context }) => context.deps.configuration.defaultsPath ?? '',
  },
  'config-text': {
    help: 'Return the string that would be written by a saveconf command.',
    get: ({ context }) => context.deps.configuration.text(),
  },
  'config-can-saveconf': {
    help: 'Is it possible to save the configuration to the "torrc" file?',
    get: ({ context }) => (context.deps.configuration.includeUsed ? '0' : '1'),
  },
  'config/names': { help: 'List of configuration options, types, and documentation.', get: configNames },
  'config/defaults': {
    help: 'List of default values for configuration options. See also config/names',
    get: configDefaults,
  },
  'info/names': {
    help: 'List of GETINFO options, types, and documentation.',
    get: ({ context }) => context.info.names(),
  },
  'events/names': { help: 'Events that the controller can ask for with SETEVENTS.', get: () => eventNames.join(' ') },
  'signal/names': { help: 'Signal names recognized by the SIGNAL command', get: () => signalNames.join(' ') },
  'features/names': { help: 'What arguments can USEFEATURE take?', get: () => 'VERBOSE_NAMES EXTENDED_EVENTS' },
  'process/pid': { help: 'Process id belonging to the main tor process.', get: () => String(process.pid) },
  'process/uid': { help: 'User id running the tor process.', get: () => String(process.geteuid?.() ?? -1) },
  'process/user': { help: 'Username under which the tor process is running.', get: () => userInfo().username },
  'process/descriptor-limit': { help: 'File descriptor limit.', get: descriptorLimit },
  'limits/max-mem-in-queues': {
    help: 'Actual limit on memory in queues',
    get: memoryLimit,
  },
  uptime: { help: 'Uptime of the Tor daemon in seconds.', get: () => String(Math.floor(process.uptime())) },
  'traffic/read': {
    help: 'Bytes read since the process was started.',
    get: ({ context }) => String(context.deps.traffic().read),
  },
  'traffic/written': {
    help: 'Bytes written since the process was started.',
    get: ({ context }) => String(context.deps.traffic().written),
  },
  dormant: { help: 'Is Tor dormant (not building circuits because it is idle)?', get: () => '0' },
  'current-time/local': { help: 'Current time on the local system.', get: (scope) => now(scope, isoTimeLocal) },
  'current-time/utc': { help: 'Current time in UTC.', get: (scope) => now(scope, isoTime) },
  'ip-to-country/': {
    help: 'Perform a GEOIP lookup',
    get: (_, rest) => (rest.endsWith('-available') ? '0' : '??'),
  },
};
