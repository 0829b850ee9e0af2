import { TorError } from '../../base/errors/index.ts';
import { readQuoted } from './quoting.ts';

/** One line of configuration, from a file, the command line or a controller. */
export interface ConfigLine {
  readonly key: string;
  readonly value: string;
  /** `append`: written `+Key`, adds to a list that is there already; `clear`: written `/Key`, empties it. */
  readonly command: 'set' | 'append' | 'clear';
}

/** Reads what `%include` names: each file's text in order. Errors mean that the configuration is refused. */
export type IncludeReader = (pattern: string) => readonly { readonly path: string; readonly text: string }[];

export interface ParseLinesOptions {
  /** Understand `+Key` and `/Key`. */
  readonly extended?: boolean;
  /** Without it `%include` is an unknown option. */
  readonly include?: IncludeReader;
  readonly onNotice?: (message: string) => void;
}

/** C tor allows this many nested `%include`s. */
const maxIncludeDepth = 31;

const isSpace = (c: string | undefined): boolean => c !== undefined && ' \t\n\r\v\f'.includes(c);

/**
 * The lines of a torrc: comments, quoted values, continuation with a backslash at the end of the line, `%include`.
 * spec: torrc_format.txt. Throws TORRC_SYNTAX.
 */
export function parseConfigLines(text: string, options: ParseLinesOptions = {}): ConfigLine[] {
  const out: ConfigLine[] = [];
  const nul = text.indexOf('\0');
  readInto(out, nul === -1 ? text : text.slice(0, nul), options, 1);
  return out;
}

function readInto(out: ConfigLine[], text: string, options: ParseLinesOptions, depth: number): void {
  if (depth > maxIncludeDepth) {
    throw syntaxError(`Error while parsing configuration: more than ${maxIncludeDepth} nested %includes.`);
  }
  let at = 0;
  while (at < text.length) {
    const line = readLine(text, at);
    at = line.end;
    if (line.key === undefined) continue;
    if (line.key === '%include' && options.include !== undefined) {
      includeInto(out, line.value, options, options.include, depth);
      continue;
    }
    out.push(withCommand(line.key, line.value, options.extended === true));
  }
}

function includeInto(
  out: ConfigLine[],
  pattern: string,
  options: ParseLinesOptions,
  include: IncludeReader,
  depth: number,
): void {
  options.onNotice?.(`Processing configuration path "${pattern}" at recursion level ${depth}.`);
  let files: ReturnType<IncludeReader>;
  try {
    files = include(pattern);
  } catch (cause) {
    throw syntaxError(`Error reading included configuration file or directory: "${pattern}".`, cause);
  }
  for (const file of files) {
    options.onNotice?.(`Including configuration file "${file.path}".`);
    readInto(out, file.text, options, depth + 1);
  }
}

function withCommand(key: string, value: string, extended: boolean): ConfigLine {
  if (extended && key.startsWith('+')) return { key: key.slice(1), value, command: 'append' };
  if (extended && key.startsWith('/')) return { key: key.slice(1), value: '', command: 'clear' };
  return { key, value, command: 'set' };
}

interface ReadLine {
  readonly key: string | undefined;
  readonly value: string;
  readonly end: number;
}

/** One key and value; the key is undefined when only comments and white space were left. */
function readLine(text: string, start: number): ReadLine {
  let at = skipBlank(text, start);
  if (at >= text.length) return { key: undefined, value: '', end: at };
  const keyStart = at;
  while (at < text.length && !isSpace(text[at]) && text[at] !== '#' && !(text[at] === '\\' && text[at + 1] === '\n'))
    at++;
  const key = text.slice(keyStart, at);
  while (text[at] === ' ' || text[at] === '\t') at++;
  return text[at] === '"' ? quotedValue(key, text, at) : plainValue(key, text, at);
}

function skipBlank(text: string, start: number): number {
  let at = start;
  for (;;) {
    while (isSpace(text[at])) at++;
    if (text[at] !== '#') return at;
    at = endOfLine(text, at);
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

function quotedValue(key: string, text: string, start: number): ReadLine {
  const quoted = readQuoted(text, start);
  if (quoted === undefined) throw parseError('Invalid escape sequence in quoted string');
  let at = quoted.end;
  while (text[at] === ' ' || text[at] === '\t') at++;
  if (text[at] === '\r' && text[at + 1] === '\n') at++;
  if (at < text.length && text[at] !== '#' && text[at] !== '\n') throw parseError('Excess data after quoted string');
  return { key, value: quoted.value, end: at };
}

/** Up to the end of the line. Once a line was continued, a comment ends with its line and the value goes on. */
function plainValue(key: string, text: string, start: number): ReadLine {
  let continued = false;
  let at = start;
  while (at < text.length && text[at] !== '\n') {
    if (text[at] === '\\' && text[at + 1] === '\n') {
      continued = true;
      at += 2;
    } else if (text[at] !== '#') at++;
    else if (continued) at = Math.min(text.length, endOfLine(text, at) + 1);
    else break;
  }
  // White space goes before continuations are resolved: a last backslash with nothing after it stays, as in C tor.
  let last = at;
  while (last > start && isSpace(text[last - 1])) last--;
  const raw = text.slice(start, last);
  return { key, value: continued ? raw.replace(/#[^\n]*\n?|\\\n/g, '') : raw, end: at };
}

const parseError = (message: string): TorError => syntaxError(`Error while parsing configuration: ${message}`);

function syntaxError(message: string, cause?: unknown): TorError {
  return new TorError('TORRC_SYNTAX', message, cause === undefined ? {} : { cause });
}
