import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = fileURLToPath(new URL('../fuzz', import.meta.url));

/** What a `test/fuzz/*.fuzz.ts` file exports. */
export interface FuzzTarget {
  readonly name: string;
  /** Throws only when the code under test has a defect. */
  readonly fuzz: (data: Uint8Array) => void;
  readonly seeds: () => Uint8Array[];
}

export function fuzzFiles(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.fuzz.ts'))
    .sort();
}

export async function loadTarget(file: string): Promise<FuzzTarget> {
  const module = (await import(pathToFileURL(join(folder, file)).href)) as Partial<FuzzTarget>;
  const { name, fuzz, seeds } = module;
  if (name === undefined || fuzz === undefined || seeds === undefined) throw new Error(`${file} is no fuzz target`);
  return { name, fuzz, seeds };
}

export const corpusFolder = (name: string): string => join(folder, 'corpus', name);

/** Inputs kept from earlier runs: those that once found a defect, and those worth starting from. */
export function corpus(name: string): { readonly file: string; readonly data: Uint8Array }[] {
  const kept = corpusFolder(name);
  if (!existsSync(kept)) return [];
  return readdirSync(kept)
    .sort()
    .map((file) => ({ file, data: new Uint8Array(readFileSync(join(kept, file))) }));
}

/** A small generator of numbers that a run can be repeated with (mulberry32). Gives integers below `limit`. */
export function seededNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
}

const maxLength = 65_536;
const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const words = [
  '\n',
  '\r\n',
  '\0',
  ' ',
  '-',
  ':',
  '.',
  '=',
  '-----BEGIN ',
  '-----END ',
  '-1',
  '99999999999999999999',
].map((word) => Uint8Array.from(Buffer.from(word, 'latin1')));

type Below = (limit: number) => number;

/** Replaces `remove` bytes at `at`. */
function splice(data: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const joined = Buffer.concat([data.subarray(0, at), insert, data.subarray(at + remove)]);
  return Uint8Array.from(joined.subarray(0, maxLength));
}

function overwrite(data: Uint8Array, below: Below): Uint8Array {
  const result = data.slice();
  const width = [1, 2, 4][below(3)] ?? 1;
  if (result.length < width) return result;
  const view = new DataView(result.buffer);
  const at = below(result.length - width + 1);
  const value = edges[below(edges.length)] ?? 0;
  if (width === 1) view.setUint8(at, value & 0xff);
  else if (width === 2) view.setUint16(at, value & 0xffff);
  else view.setUint32(at, value >>> 0);
  return result;
}

/** Repeats, drops or moves a whole line: what a document's grammar is made of. */
function lines(data: Uint8Array, below: Below): Uint8Array {
  const parts = Buffer.from(data).toString('latin1').split('\n');
  const line = parts[below(parts.length)] ?? '';
  const action = below(3);
  if (action === 0) parts.splice(below(parts.length), 1);
  else parts.splice(below(parts.length + 1), action === 1 ? 0 : 1, line);
  return Uint8Array.from(Buffer.from(parts.join('\n'), 'latin1').subarray(0, maxLength));
}

const mutations: readonly ((data: Uint8Array, below: Below, other: Uint8Array) => Uint8Array)[] = [
  (data, below) => {
    const result = data.slice();
    const at = below(result.length);
    result[at] = (result[at] ?? 0) ^ (1 << below(8));
    return result;
  },
  (data, below) => {
    const result = data.slice();
    if (result.length > 0) result[below(result.length)] = below(256);
    return result;
  },
  overwrite,
  (data, below) => data.slice(0, below(data.length + 1)),
  (data, below) =>
    splice(
      data,
      below(data.length + 1),
      0,
      Uint8Array.from({ length: 1 + below(16) }, () => below(256)),
    ),
  (data, below) => {
    const at = below(data.length + 1);
    return splice(data, at, below(Math.min(64, data.length - at) + 1), new Uint8Array(0));
  },
  (data, below) => {
    const from = below(data.length + 1);
    const part = data.slice(from, from + 1 + below(256));
    return splice(data, below(data.length + 1), 0, part);
  },
  (data, below) => splice(data, below(data.length + 1), 0, words[below(words.length)] ?? new Uint8Array(0)),
  (data, below, other) => splice(data, below(data.length + 1), data.length, other.slice(below(other.length + 1))),
  (data, below) => (data.length < 20_000 ? lines(data, below) : data.slice()),
];

/** One to four random changes to one of the inputs. */
export function mutate(inputs: readonly Uint8Array[], below: Below): Uint8Array {
  const pick = (): Uint8Array => inputs[below(inputs.length)] ?? new Uint8Array(0);
  let data = pick();
  for (let left = 1 + below(4); left > 0; left--) {
    data = mutations[below(mutations.length)]?.(data, below, pick()) ?? data;
  }
  return data;
}
