import { base16Upper, base64, fromBase16, fromBase64 } from '../../../base/bytes/index.ts';
import type { SharedRandomLine } from '../../../wire/netdoc/index.ts';
import { formatIsoTime, parseIsoTime } from '../format/time.ts';
import { algorithm, type Commit, protocolVersion, readCommit } from './commit.ts';
import type { SharedRandomSaved } from './state.ts';

/** Name of the file in the data directory. */
export const sharedRandomFile = 'sr-state';

/** The text of C tor's `sr-state`. `localTime`: now in local time, for people. */
export function formatSharedRandomState(saved: SharedRandomSaved, version: string, localTime: string): string {
  const commits = saved.commits.map((commit) => {
    const reveal = commit.reveal === undefined ? '' : ` ${commit.reveal.encoded}`;
    return `Commit ${protocolVersion} ${algorithm} ${base16Upper(commit.identity)} ${commit.encoded}${reveal}\n`;
  });
  const value = (key: string, line: SharedRandomLine | undefined): string =>
    line === undefined ? '' : `${key} ${line.reveals} ${base64(line.value)}\n`;
  return [
    `# Tor shared random state file last generated on ${localTime} local time\n`,
    '# Other times below are in UTC\n',
    '# Please *do not* edit this file.\n\n',
    ...commits,
    value('SharedRandPreviousValue', saved.previous),
    value('SharedRandCurrentValue', saved.current),
    `TorVersion ${version}\n`,
    `ValidAfter ${formatIsoTime(saved.validAfterMs)}\n`,
    `ValidUntil ${formatIsoTime(saved.validUntilMs)}\n`,
    `Version ${protocolVersion}\n`,
  ].join('');
}

/** Undefined when the file is broken, of another version or past: then a new state is begun. */
export function parseSharedRandomState(text: string, nowMs: number): SharedRandomSaved | undefined {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const space = line.indexOf(' ');
    const key = (space === -1 ? line : line.slice(0, space)).toLowerCase();
    values.set(key, [...(values.get(key) ?? []), space === -1 ? '' : line.slice(space + 1).trim()]);
  }
  const one = (key: string): string => values.get(key)?.at(-1) ?? '';
  const validAfterMs = parseIsoTime(one('validafter'));
  const validUntilMs = parseIsoTime(one('validuntil'));
  if (one('version') !== String(protocolVersion) || validAfterMs === undefined || validUntilMs === undefined)
    return undefined;
  if (validUntilMs < nowMs || validAfterMs >= validUntilMs) return undefined;
  try {
    return {
      validAfterMs,
      validUntilMs,
      previous: valueIn(values.get('sharedrandpreviousvalue')),
      current: valueIn(values.get('sharedrandcurrentvalue')),
      commits: (values.get('commit') ?? []).flatMap((line) => commitOf(line) ?? []),
    };
  } catch {
    return undefined;
  }
}

function valueIn(lines: readonly string[] | undefined): SharedRandomLine | undefined {
  const [line, second] = lines ?? [];
  if (line === undefined) return undefined;
  const [reveals, encoded] = line.split(/ +/);
  const value = fromBase64(encoded ?? '');
  if (second !== undefined || !/^\d+$/.test(reveals ?? '') || value.length !== 32) throw new RangeError('bad value');
  return { reveals: Number(reveals), value };
}

function commitOf(line: string): Commit | undefined {
  const [version, name, fingerprint, commit, reveal] = line.split(/ +/);
  if (version === undefined || name === undefined || fingerprint === undefined) throw new RangeError('bad commit');
  if (commit === undefined || fingerprint.length !== 40) return undefined;
  return readCommit({ version: Number(version), algorithm: name, identity: fromBase16(fingerprint), commit, reveal });
}
