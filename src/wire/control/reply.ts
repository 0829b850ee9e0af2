/** A text as the lines of a data block: CRLF at line ends, dots doubled, closed with a single dot. */
export function dataBlock(text: string): string {
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = text === '' ? [] : body.split('\n').map((line) => line.replace(/\r$/, ''));
  return `${lines.map((line) => `${line.startsWith('.') ? '.' : ''}${line}\r\n`).join('')}.\r\n`;
}

/** One value: on a line of its own, or as a data block when it has more than one line. */
export function valueReply(code: number, key: string, value: string): string {
  return /[\r\n]/.test(value) ? `${code}+${key}=\r\n${dataBlock(value)}` : `${code}-${key}=${value}\r\n`;
}

/** Lines of one code; the last one ends the reply. */
export function linesReply(code: number, lines: readonly string[]): string {
  return lines.map((line, i) => `${code}${i === lines.length - 1 ? ' ' : '-'}${oneLine(line)}\r\n`).join('');
}

export const endReply = (code: number, text: string): string => `${code} ${oneLine(text)}\r\n`;

export const okReply = endReply(250, 'OK');

/** Nothing may break out of its line. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
