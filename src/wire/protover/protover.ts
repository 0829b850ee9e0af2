import { TorError } from '../../base/errors/index.ts';

/** The largest version number a subprotocol may have. */
export const maxProtocolVersion = 63;
const maxNameLength = 100;

/** The versions 0 to 63 of one subprotocol as two 32-bit words. */
export interface VersionSet {
  readonly low: number;
  readonly high: number;
}

/** What a relay says it speaks: subprotocol name to versions. Names are case sensitive, as in C tor. */
export type Protover = ReadonlyMap<string, VersionSet>;

/** The subprotocols that have a meaning today. spec: tor-spec 9 */
export type ProtocolName =
  | 'Conflux'
  | 'Cons'
  | 'Desc'
  | 'DirCache'
  | 'FlowCtrl'
  | 'HSDir'
  | 'HSIntro'
  | 'HSRend'
  | 'Link'
  | 'LinkAuth'
  | 'Microdesc'
  | 'Padding'
  | 'Relay';

export const emptyProtover: Protover = new Map();

/**
 * Parses "Cons=1-2 Link=3-5"; a name given twice counts once, the first time. Throws BAD_PROTOVER.
 *
 * spec: tor-spec 9; where the text leaves room this follows C tor: no leading space, no stray commas, "Name=" allowed.
 */
export function parseProtover(text: string): Protover {
  const entries = new Map<string, VersionSet>();
  for (const entry of text.replace(/ +$/, '').split(/ +/)) {
    if (entry === '') {
      if (text.trim() === '' && !text.startsWith(' ')) break;
      throw bad(text, 'leading space');
    }
    const equals = entry.indexOf('=');
    if (equals < 1) throw bad(text, 'entry without name or =');
    const name = entry.slice(0, equals);
    if (name.length > maxNameLength) throw bad(text, 'name too long');
    if (!/^[A-Za-z0-9-]+$/.test(name)) throw bad(text, 'bad character in name');
    const versions = parseVersions(text, entry.slice(equals + 1));
    if (!entries.has(name)) entries.set(name, versions);
  }
  return entries;
}

function parseVersions(text: string, ranges: string): VersionSet {
  let set: VersionSet = noVersions;
  if (ranges === '') return set;
  for (const range of ranges.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range);
    if (match === null) throw bad(text, 'bad range');
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from > to || to > maxProtocolVersion) throw bad(text, 'range out of order or above 63');
    set = union(set, versionRange(from, to));
  }
  return set;
}

function bad(text: string, why: string): TorError {
  return new TorError('BAD_PROTOVER', `protocol list: ${why}`, { facts: { text: text.slice(0, 200) } });
}

const noVersions: VersionSet = { low: 0, high: 0 };

function versionRange(from: number, to: number): VersionSet {
  let low = 0;
  let high = 0;
  for (let version = from; version <= to; version++) {
    if (version < 32) low |= 1 << version;
    else high |= 1 << (version - 32);
  }
  return { low: low >>> 0, high: high >>> 0 };
}

function union(a: VersionSet, b: VersionSet): VersionSet {
  return { low: (a.low | b.low) >>> 0, high: (a.high | b.high) >>> 0 };
}

function has(set: VersionSet, version: number): boolean {
  if (version < 0 || version > maxProtocolVersion) return false;
  return ((version < 32 ? set.low >>> version : set.high >>> (version - 32)) & 1) === 1;
}

/** Whether `list` has exactly this version of this subprotocol. */
export function supports(list: Protover, name: ProtocolName, version: number): boolean {
  const set = list.get(name);
  return set !== undefined && has(set, version);
}

/** Whether `list` has this version or a later one. Like C tor's helper, the name is compared without case here. */
export function supportsOrLater(list: Protover, name: ProtocolName, version: number): boolean {
  const wanted = versionRange(version, maxProtocolVersion);
  for (const [key, set] of list) {
    if (key.toLowerCase() !== name.toLowerCase()) continue;
    if ((set.low & wanted.low) !== 0 || (set.high & wanted.high) !== 0) return true;
  }
  return false;
}

/** All versions in a set, ascending. */
export function listVersions(set: VersionSet): number[] {
  const versions: number[] = [];
  for (let version = 0; version <= maxProtocolVersion; version++) if (has(set, version)) versions.push(version);
  return versions;
}

/** Ranges joined as short as can be: "1-2,5". */
function formatVersions(set: VersionSet): string {
  const parts: string[] = [];
  let version = 0;
  while (version <= maxProtocolVersion) {
    if (!has(set, version)) {
      version++;
      continue;
    }
    const from = version;
    while (version < maxProtocolVersion && has(set, version + 1)) version++;
    parts.push(from === version ? `${from}` : `${from}-${version}`);
    version++;
  }
  return parts.join(',');
}

/** Writes a list in the order of its map. */
export function formatProtover(list: Protover): string {
  return [...list].map(([name, set]) => `${name}=${formatVersions(set)}`).join(' ');
}

/** What `wanted` has and `ours` lacks; empty when everything is there. For required and recommended protocol lists. */
export function missingProtocols(wanted: Protover, ours: Protover): Protover {
  const missing = new Map<string, VersionSet>();
  for (const [name, set] of wanted) {
    const mine = ours.get(name) ?? noVersions;
    const rest = { low: (set.low & ~mine.low) >>> 0, high: (set.high & ~mine.high) >>> 0 };
    if (rest.low !== 0 || rest.high !== 0) missing.set(name, rest);
  }
  return missing;
}

/** The versions that at least `threshold` of the lists have, names in byte order. spec: dir-spec 3.8.1 */
export function voteProtover(lists: readonly Protover[], threshold: number): Protover {
  const names = [...new Set(lists.flatMap((list) => [...list.keys()]))].sort();
  const result = new Map<string, VersionSet>();
  for (const name of names) {
    let set = noVersions;
    for (let version = 0; version <= maxProtocolVersion; version++) {
      let count = 0;
      for (const list of lists) {
        const theirs = list.get(name);
        if (theirs !== undefined && has(theirs, version)) count++;
      }
      if (count >= threshold) set = union(set, versionRange(version, version));
    }
    if (set.low !== 0 || set.high !== 0) result.set(name, set);
  }
  return result;
}
