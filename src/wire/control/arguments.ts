import { TorError } from '../../base/errors/index.ts';
import { readQuoted } from '../torrc/index.ts';

export interface ControlArgument {
  /** Undefined for a word without an equals sign. */
  readonly key: string | undefined;

  readonly value: string;
}

/** Words between blanks. */
export const splitWords = (text: string): string[] => text.split(/[ \t]+/).filter((word) => word !== '');

/**
 * `KEY=VALUE`, `KEY="quoted value"`, or words alone, with blanks between. Throws CONTROL_SYNTAX. spec: control-spec 2.2
 */
export function parseArguments(text: string): ControlArgument[] {
  const found: ControlArgument[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === ' ' || text[at] === '\t') {
      at++;
      continue;
    }
    const { argument, end } = readArgument(text, at);
    found.push(argument);
    at = end;
  }
  return found;
}

function readArgument(text: string, start: number): { argument: ControlArgument; end: number } {
  if (text[start] === '"') {
    const { value, end } = quotedAt(text, start);
    return { argument: { key: undefined, value }, end };
  }
  const wordEnd = endOfWord(text, start);
  const equals = text.indexOf('=', start);
  if (equals === -1 || equals >= wordEnd) {
    return { argument: { key: undefined, value: text.slice(start, wordEnd) }, end: wordEnd };
  }
  const key = text.slice(start, equals);
  if (text[equals + 1] === '"') {
    const { value, end } = quotedAt(text, equals + 1);
    return { argument: { key, value }, end };
  }
  return { argument: { key, value: text.slice(equals + 1, wordEnd) }, end: wordEnd };
}

function quotedAt(text: string, start: number): { value: string; end: number } {
  const quoted = readQuoted(text, start);
  const next = quoted === undefined ? undefined : text[quoted.end];
  if (quoted === undefined || (next !== undefined && next !== ' ' && next !== '\t')) {
    throw new TorError('CONTROL_SYNTAX', 'Cannot parse a quoted value');
  }
  return quoted;
}

function endOfWord(text: string, start: number): number {
  const match = /[ \t]/.exec(text.slice(start));
  return match === null ? text.length : start + match.index;
}
