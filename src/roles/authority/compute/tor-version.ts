import { compareText } from './statistics.ts';

/** A version of C tor, `0.4.9.11-alpha-dev (git-0123)`. */
export interface TorVersion {
  /** Major, minor, micro, release status (0 pre, 1 release candidate, 2 release), patch level. */
  readonly numbers: readonly [number, number, number, number, number];
  /** What follows `-`. */
  readonly tag: string;
  readonly svnRevision: number;
  /** Hexadecimal, lower case. */
  readonly gitTag: string;
}

const form = /^(?:tor )?(\d+)\.(\d+)(?:\.(\d+)(?:(\.|pre|rc)(\d+))?)?(?:[-.]?([^ \t\r\n]*))(?:[ \t\r\n]+(.*))?$/is;
const statuses: Readonly<Record<string, number>> = { pre: 0, rc: 1 };
const intMax = 2 ** 31 - 1;
const tagLength = 63;

/** Undefined when it is no version. spec: version-spec */
export function parseTorVersion(text: string): TorVersion | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, major, minor, micro, separator, patch, tag = '', rest = ''] = match;
  const numbers = [major, minor, micro ?? '0', patch ?? '0'].map(Number);
  if (numbers.some((number) => number > intMax)) return undefined;
  // A tag has to be set off, except where a patch level stands before it.
  const bare = text.replace(/^tor /i, '');
  const head = patch === undefined ? (micro === undefined ? `${major}.${minor}` : `${major}.${minor}.${micro}`) : '';
  if (patch === undefined && bare.length > head.length && bare[head.length] !== '-') return undefined;
  const git = /^\(git-([^)]*)\)/.exec(rest)?.[1];
  if (rest.startsWith('(git-') && (git === undefined || !/^(?:[0-9a-f]{2}){1,20}$/i.test(git))) return undefined;
  const [a, b, c, d] = numbers as [number, number, number, number];
  return {
    numbers: [a, b, c, statuses[separator?.toLowerCase() ?? ''] ?? 2, d],
    tag: tag.slice(0, tagLength),
    svnRevision: Number.parseInt(/^\(r(-?\d+)/.exec(rest)?.[1] ?? '0', 10),
    gitTag: git?.toLowerCase() ?? '',
  };
}

export function compareTorVersions(a: TorVersion, b: TorVersion): number {
  for (let i = 0; i < a.numbers.length; i++) {
    const order = (a.numbers[i] as number) - (b.numbers[i] as number);
    if (order !== 0) return order;
  }
  const byTag = compareText(a.tag, b.tag);
  if (byTag !== 0) return byTag;
  if (a.svnRevision !== b.svnRevision) return a.svnRevision - b.svnRevision;
  return a.gitTag.length - b.gitTag.length || compareText(a.gitTag, b.gitTag);
}

/** Orders versions written out: those that can be read come first. Remembers what it read. */
export class VersionOrder {
  readonly #parsed = new Map<string, TorVersion | undefined>();

  readonly compare = (a: string, b: string): number => {
    const left = this.#parse(a);
    const right = this.#parse(b);
    if (left !== undefined && right !== undefined) return compareTorVersions(left, right);
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
    return compareText(a, b);
  };

  #parse(text: string): TorVersion | undefined {
    if (!this.#parsed.has(text)) this.#parsed.set(text, parseTorVersion(text));
    return this.#parsed.get(text);
  }
}

/** The version in a `platform` line: undefined when the program is not called Tor, `bad` when it has none. */
export function platformVersion(platform: string): TorVersion | 'bad' | undefined {
  if (!platform.startsWith('Tor ')) return undefined;
  const words = platform
    .slice(3)
    .trimStart()
    .split(/[ \t\r\n]+/);
  const [first, second] = words;
  if (first === undefined || first === '') return 'bad';
  const version = second?.startsWith('(r') || second?.startsWith('(git-') ? `${first} ${second}` : first;
  return version.length > 126 ? 'bad' : (parseTorVersion(version) ?? 'bad');
}
