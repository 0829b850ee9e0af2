/** The part of ed's language that consensus diffs are written in. spec: dir-spec 3.9; proposal 140 */
import { diffError } from './lines.ts';

interface Command {
  /** First and last line it is about, counted from one. */
  readonly start: number;
  readonly end: number;
  readonly action: 'a' | 'c' | 'd';
}

const maxCommandLength = 127;
const maxLineNumber = 2 ** 31 - 1;
const commandForm = /^(\d+)(?:,(\$|\d+))?([acd])$/;

/** Throws DIFF_BAD. `$` is taken with `d` only, a range with `c` and `d` only, as in C tor. */
function parseCommand(line: string, lineCount: number): Command {
  const match = line.length > maxCommandLength ? null : commandForm.exec(line);
  if (match === null) throw diffError('not an ed command');
  const action = match[3] as Command['action'];
  const start = lineNumber(match[1] ?? '');
  const range = match[2];
  if (range === undefined) return { start, end: start, action };
  if (action === 'a' || (range === '$' && action !== 'd')) throw diffError('a range where none may stand');
  const end = range === '$' ? lineCount : lineNumber(range);
  if (end <= start) throw diffError('a range that ends before it begins');
  return { start, end, action };
}

function lineNumber(digits: string): number {
  const value = Number(digits);
  if (value > maxLineNumber) throw diffError('a line number far too large');
  return value;
}

/** Applies commands, which go from the end of the base to its start. Throws DIFF_BAD. */
export function applyCommands(base: readonly string[], script: readonly string[]): string[] {
  const reversed: string[] = [];
  let left = base.length;
  const keepDownTo = (line: number): void => {
    for (; left > line; left--) reversed.push(base[left - 1] as string);
  };
  for (let at = 0; at < script.length; at++) {
    const { start, end, action } = parseCommand(script[at] as string, base.length);
    if (end > left) throw diffError('commands do not go from the end to the start');
    keepDownTo(end);
    if (action !== 'a') left = start - 1;
    if (action === 'd') continue;
    const dot = script.indexOf('.', at + 1);
    if (dot === -1) throw diffError('lines to be inserted do not end with a dot');
    if (dot === at + 1) throw diffError('nothing to be inserted');
    for (let i = dot - 1; i > at; i--) reversed.push(script[i] as string);
    at = dot;
  }
  keepDownTo(0);
  return reversed.reverse();
}

/** What differs between two lists of lines: one byte for each line, 1 for one that the other does not have. */
export interface Changes {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Commands, from the end to the start, that turn the one list into the other. Throws DIFF_BAD. */
export function commandsFor(changes: Changes, to: readonly string[]): string[] {
  const script: string[] = [];
  let i = changes.from.length - 1;
  let j = changes.to.length - 1;
  while (i >= 0 || j >= 0) {
    const [lastFrom, lastTo] = [i, j];
    while (i >= 0 && changes.from[i] === 1) i--;
    while (j >= 0 && changes.to[j] === 1) j--;
    if (i === lastFrom && j === lastTo) {
      i--;
      j--;
      continue;
    }
    const added = to.slice(j + 1, lastTo + 1);
    if (added.includes('.')) throw diffError('a line of only a dot cannot be inserted');
    script.push(command(i + 2, lastFrom + 1, added.length > 0));
    if (added.length > 0) {
      for (const line of added) script.push(line);
      script.push('.');
    }
  }
  return script;
}

/** `start` to `end` are replaced or removed; nothing is when `end` comes before `start`. */
function command(start: number, end: number, adding: boolean): string {
  if (end < start) return `${end}a`;
  return `${start === end ? start : `${start},${end}`}${adding ? 'c' : 'd'}`;
}
