import { parseIsoTime } from './iso-time.ts';

export interface StateLine {
  readonly key: string;
  readonly value: string;
}

type ValueKind = 'text' | 'time' | 'count' | 'interval';

/** The keys C tor knows, in the order it writes them. Everything else it keeps behind them. */
const knownKeys: Readonly<Record<string, ValueKind>> = {
  AccountingBytesAtSoftLimit: 'text',
  AccountingBytesReadInInterval: 'text',
  AccountingBytesWrittenInInterval: 'text',
  AccountingExpectedUsage: 'text',
  AccountingIntervalStart: 'time',
  AccountingSecondsActive: 'interval',
  AccountingSecondsToReachSoftLimit: 'interval',
  AccountingSoftLimitHitAt: 'time',
  BWHistoryDirReadEnds: 'time',
  BWHistoryDirReadInterval: 'count',
  BWHistoryDirReadMaxima: 'text',
  BWHistoryDirReadValues: 'text',
  BWHistoryDirWriteEnds: 'time',
  BWHistoryDirWriteInterval: 'count',
  BWHistoryDirWriteMaxima: 'text',
  BWHistoryDirWriteValues: 'text',
  BWHistoryIPv6ReadEnds: 'time',
  BWHistoryIPv6ReadInterval: 'count',
  BWHistoryIPv6ReadMaxima: 'text',
  BWHistoryIPv6ReadValues: 'text',
  BWHistoryIPv6WriteEnds: 'time',
  BWHistoryIPv6WriteInterval: 'count',
  BWHistoryIPv6WriteMaxima: 'text',
  BWHistoryIPv6WriteValues: 'text',
  BWHistoryReadEnds: 'time',
  BWHistoryReadInterval: 'count',
  BWHistoryReadMaxima: 'text',
  BWHistoryReadValues: 'text',
  BWHistoryWriteEnds: 'time',
  BWHistoryWriteInterval: 'count',
  BWHistoryWriteMaxima: 'text',
  BWHistoryWriteValues: 'text',
  CircuitBuildAbandonedCount: 'count',
  CircuitBuildTimeBin: 'text',
  Dormant: 'count',
  Guard: 'text',
  LastRotatedOnionKey: 'time',
  LastWritten: 'time',
  MinutesSinceUserActivity: 'count',
  TorVersion: 'text',
  TotalBuildTimes: 'count',
  TransportProxy: 'text',
};

/** Written by versions of C tor that are long gone; not worth keeping. */
const obsoleteKeys = new Set(
  [
    'AccountingBytesReadInterval',
    'HelperNode',
    'HelperNodeDownSince',
    'HelperNodeUnlistedSince',
    'EntryNode',
    'EntryNodeDownSince',
    'EntryNodeUnlistedSince',
    'EntryGuard',
    'EntryGuardDownSince',
    'EntryGuardUnlistedSince',
    'EntryGuardAddedBy',
    'EntryGuardPathBias',
    'EntryGuardPathUseBias',
    'HidServRevCounter',
  ].map((key) => key.toLowerCase()),
);

const canonical = new Map(Object.keys(knownKeys).map((key) => [key.toLowerCase(), key]));
const rank = new Map(Object.keys(knownKeys).map((key, i) => [key, i]));

/** The spelling C tor writes; keys are compared without case. */
export const canonicalKey = (key: string): string => canonical.get(key.toLowerCase()) ?? key;

export interface ParsedState {
  readonly lines: StateLine[];
  /** What could not be read, for the log. */
  readonly problems: string[];
}

/** Reads `key value` lines; comments, blank lines and obsolete keys are left out, unreadable lines reported. */
export function parseStateText(text: string): ParsedState {
  const lines: StateLine[] = [];
  const problems: string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '').trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:[ \t]+(.*))?$/.exec(line);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (match === null || /[\x00-\x08\x0e-\x1f\x7f\ufffd]/.test(line)) {
      problems.push(`unreadable line ${JSON.stringify(line.slice(0, 40))}`);
      continue;
    }
    const key = canonicalKey(match[1] as string);
    const value = unquote(match[2] ?? '');
    if (obsoleteKeys.has(key.toLowerCase())) continue;
    if (isValid(knownKeys[key], value)) lines.push({ key, value });
    else problems.push(`bad value of ${key}`);
  }
  return { lines, problems };
}

function isValid(kind: ValueKind | undefined, value: string): boolean {
  if (kind === 'time') return value === '' || parseIsoTime(value) !== undefined;
  if (kind === 'count') return /^\d{1,10}$/.test(value) && Number(value) <= 2147483647;
  return true;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value.trimEnd();
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

/** C tor's own header and order: known keys sorted, then the unknown ones as they came. */
export function formatStateText(lines: readonly StateLine[], writtenAtLocal: string): string {
  const order = (line: StateLine): number => rank.get(line.key) ?? Number.MAX_SAFE_INTEGER;
  const sorted = [...lines].sort((a, b) => order(a) - order(b));
  const body = sorted.map(({ key, value }) => `${key} ${value}\n`).join('');
  return (
    `# Tor state file last generated on ${writtenAtLocal} local time\n` +
    `# Other times below are in UTC\n# You *do not* need to edit this file.\n\n${body}`
  );
}
