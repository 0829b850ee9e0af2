/** Reading of single lines that several documents share. */
import type { Protover } from '../../protover/index.ts';
import { emptyProtover, parseProtover } from '../../protover/index.ts';
import type { Section, Token } from './tokenizer.ts';
import type { PortSummary, SharedRandomLine } from './types.ts';
import { decodeBase64Of, parseInteger, parseIsoTime } from './values.ts';

/** The time in a keyword's line. Throws NETDOC_SYNTAX. */
export function timeField(section: Section, keyword: string): number {
  const token = section.need(keyword);
  const ms = parseIsoTime(token.args[0] ?? '');
  if (ms === undefined) throw section.error(token, `${keyword} is not a time`);
  return ms;
}

export function integerArg(section: Section, token: Token, index: number, min: number, max: number): number {
  const value = parseInteger(token.args[index] ?? '', min, max);
  if (value === undefined) throw section.error(token, `${token.keyword} has a number that cannot be`);
  return value;
}

/** A line of subprotocol versions; no line means none. Throws NETDOC_SYNTAX. */
export function protoverField(section: Section, keyword: string): Protover {
  const token = section.first(keyword);
  if (token === undefined) return emptyProtover;
  const list = tryProtover(token.args[0] ?? '');
  if (list === undefined) throw section.error(token, `${keyword} is not a list of protocol versions`);
  return list;
}

export function tryProtover(text: string): Protover | undefined {
  try {
    return parseProtover(text);
  } catch {
    return undefined;
  }
}

/** `name=number` words. `sorted`: by byte order and without doubles, as C tor demands of `params`. */
export function numbersField(section: Section, keyword: string, sorted: boolean): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const token = section.first(keyword);
  if (token === undefined) return numbers;
  let last = '';
  for (const word of token.args) {
    const equals = word.indexOf('=');
    const value = equals === -1 ? undefined : parseInteger(word.slice(equals + 1), -(2 ** 31), 2 ** 31 - 1);
    if (value === undefined) throw section.error(token, `${keyword} has an element that is no number`);
    const name = word.slice(0, equals);
    if (sorted && (word <= last || numbers.has(name))) throw section.error(token, `${keyword} is not in order`);
    if (!numbers.has(name)) numbers.set(name, value);
    last = word;
  }
  return numbers;
}

/** A shared random value; a line that cannot be read counts as none, as in C tor. */
export function sharedRandomField(section: Section, keyword: string): SharedRandomLine | undefined {
  const args = section.first(keyword)?.args;
  if (args === undefined || args[1]?.length !== 44) return undefined;
  const reveals = parseInteger(args[0] ?? '', 0, 2 ** 64);
  const value = decodeBase64Of(args[1], 32);
  return reveals === undefined || value === undefined ? undefined : { reveals, value };
}

const summaryLimit = 1000;
const entryForm = /^(\d{1,10})(?:-(\d{1,10}))?$/;

/**
 * A policy summary, `accept 80,443,8000-8100`. Entries that do not begin with a digit are skipped, as in C tor;
 * undefined when it cannot be read.
 */
export function parsePortSummary(text: string): PortSummary | undefined {
  const accepts = text.startsWith('accept ');
  if (!accepts && !text.startsWith('reject ')) return undefined;
  const ranges: number[] = [];
  const entries = text.slice(7).split(',');
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as string;
    if (entry === '' && i === entries.length - 1) break;
    if (!/^\d/.test(entry)) continue;
    const match = entryForm.exec(entry);
    if (match === null || ranges.length === 2 * summaryLimit) return undefined;
    const low = Number(match[1]);
    const high = match[2] === undefined ? low : Number(match[2]);
    if (low < 1 || high > 65535 || low > high) return undefined;
    ranges.push(low, high);
  }
  return ranges.length === 0 ? undefined : { accepts, ranges: Uint16Array.from(ranges) };
}

export function formatPortSummary(summary: PortSummary): string {
  const entries: string[] = [];
  for (let i = 0; i < summary.ranges.length; i += 2) {
    const [low, high] = [summary.ranges[i], summary.ranges[i + 1]];
    entries.push(low === high ? `${low}` : `${low}-${high}`);
  }
  return `${summary.accepts ? 'accept' : 'reject'} ${entries.join(',')}`;
}

/** `reject 1-65535` in just that form, which is how C tor knows who is no exit at all. */
export const rejectsAllPorts = ({ accepts, ranges }: PortSummary): boolean =>
  !accepts && ranges.length === 2 && ranges[0] === 1 && ranges[1] === 65535;
