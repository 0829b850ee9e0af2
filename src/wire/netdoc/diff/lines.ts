import { TorError } from '../../../base/errors/index.ts';

const maxLineLength = 2 ** 20;

export const diffError = (message: string): TorError => new TorError('DIFF_BAD', message);

/** The lines of a document without their line ends. Throws DIFF_BAD for one that ends within a line. */
export function linesOf(text: string): string[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw diffError('the document does not end with a line end');
  const lines = text.split('\n');
  lines.pop();
  for (const line of lines) if (line.length > maxLineLength) throw diffError('a line is far too long');
  return lines;
}

export const joinLines = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
