import { TorError } from '../../../base/errors/index.ts';
import { type LogDomain, type LogRecord, type Severity, severities } from '../../../base/log/index.ts';

/** C tor's domains, in its order. Those this program never logs to are understood all the same. */
const logDomains = [
  'general',
  'crypto',
  'net',
  'config',
  'fs',
  'protocol',
  'mm',
  'http',
  'app',
  'control',
  'circ',
  'rend',
  'bug',
  'dir',
  'dirserv',
  'or',
  'edge',
  'acct',
  'hist',
  'handshake',
  'heartbeat',
  'channel',
  'sched',
  'guard',
  'consdiff',
  'dos',
  'process',
  'pt',
  'btrack',
  'mesg',
] as const;

export type LogTarget =
  | { readonly kind: 'stdout' | 'stderr' | 'syslog' }
  | { readonly kind: 'file'; readonly path: string };

/** What one `Log` line asks for. */
export interface LogSpec {
  /** The line's value, to tell whether a reload brings the same one. */
  readonly line: string;
  readonly target: LogTarget;
  /** The most talkative severity any domain lets through. */
  readonly minimum: Severity;
  readonly wants: (record: LogRecord) => boolean;
}

type DomainSet = ReadonlySet<string> | 'all';

interface Range {
  readonly low: number;
  readonly high: number;
  readonly domains: DomainSet;
}

/** `[domains]minSeverity[-maxSeverity] ... target`. Throws TORRC_VALUE. spec: manual page, Log */
export function parseLogSpec(line: string): LogSpec {
  const { ranges, rest } = readRanges(line);
  const target = readTarget(line, rest);
  const minimum = severities[Math.min(...ranges.map((range) => range.low))] ?? 'err';
  return {
    line,
    target,
    minimum,
    wants: ({ severity, domain }) => {
      const level = severities.indexOf(severity);
      return ranges.some((range) => level >= range.low && level <= range.high && includes(range.domains, domain));
    },
  };
}

const includes = (domains: DomainSet, domain: LogDomain): boolean => domains === 'all' || domains.has(domain);

function readRanges(line: string): { ranges: Range[]; rest: string } {
  const bad = (): never => {
    throw invalid(`Couldn't parse log levels in Log option 'Log ${line}'`);
  };
  const ranges: Range[] = [];
  let unqualified = 0;
  let rest = line.trimStart();
  while (rest !== '') {
    let domains: DomainSet = 'all';
    if (rest.startsWith('[')) {
      const end = rest.indexOf(']');
      if (end === -1) return bad();
      domains = readDomains(rest.slice(1, end));
      rest = rest.slice(end + 1).trimStart();
    } else unqualified++;
    if (/^(file|stderr|stdout|syslog)/i.test(rest)) break;
    if (unqualified > 1) return bad();
    const word = /^\S*/.exec(rest)?.[0] ?? '';
    const [lowText = '', highText = 'err'] = word.split(/-(.*)/s, 2);
    const low = levelOf(lowText);
    const high = levelOf(highText);
    if (low === -1 || high === -1) return bad();
    ranges.push({ low, high, domains });
    rest = rest.slice(word.length).trimStart();
  }
  return ranges.length === 0 ? bad() : { ranges, rest };
}

function levelOf(text: string): number {
  const name = text.toLowerCase();
  return severities.indexOf((name === 'error' ? 'err' : name) as Severity);
}

/** Domains with commas between; `~` takes one away, `*` is all. */
function readDomains(text: string): DomainSet {
  const wanted = new Set<string>();
  const unwanted = new Set<string>();
  let all = false;
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '*') {
      all = true;
      continue;
    }
    const name = part.replace(/^~/, '').toLowerCase();
    if (!(logDomains as readonly string[]).includes(name)) throw invalid(`No such logging domain as ${part}`);
    (part.startsWith('~') ? unwanted : wanted).add(name);
  }
  if (all && unwanted.size === 0) return 'all';
  const base = all || wanted.size === 0 ? logDomains : [...wanted];
  return new Set(base.filter((name) => !unwanted.has(name)));
}

function readTarget(line: string, rest: string): LogTarget {
  const [kind = 'stdout', ...path] = rest.split(/\s+/).filter((word) => word !== '');
  const name = kind.toLowerCase();
  if (path.length === 0 && (name === 'stdout' || name === 'stderr' || name === 'syslog')) return { kind: name };
  if (name === 'file' && path.length > 0) return { kind: 'file', path: rest.replace(/^\S+\s+/, '').trimEnd() };
  throw invalid(`Bad syntax on file Log option 'Log ${line}'`);
}

function invalid(message: string): TorError {
  return new TorError('TORRC_VALUE', message, { facts: { option: 'Log' } });
}
