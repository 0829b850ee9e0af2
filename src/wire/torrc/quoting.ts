import { fromUtf8, utf8 } from '../../base/bytes/index.ts';

const simpleEscapes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '"': 34, "'": 39, '\\': 92 };
const hexEscape = /^\\[xX]([0-9a-fA-F]{2})/;
const octalEscape = /^\\([0-7]{1,3})/;

/**
 * Reads a C string that starts at `text[start]` with a quotation mark. Escapes give bytes; the whole is read as UTF-8.
 * Undefined: not closed on its line, or an unknown escape.
 */
export function readQuoted(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  if (text[start] !== '"') return undefined;
  const pieces: Uint8Array[] = [];
  let plain = start + 1;
  const flush = (to: number): void => {
    if (to > plain) pieces.push(fromUtf8(text.slice(plain, to)));
  };
  for (let at = start + 1; at < text.length; ) {
    const c = text[at];
    if (c === '\n') return undefined;
    if (c === '"') {
      flush(at);
      return { value: utf8(Buffer.concat(pieces)), end: at + 1 };
    }
    if (c !== '\\') {
      at++;
      continue;
    }
    const escaped = readEscape(text.slice(at, at + 4));
    if (escaped === undefined) return undefined;
    flush(at);
    pieces.push(Uint8Array.of(escaped.byte));
    at += escaped.length;
    plain = at;
  }
  return undefined;
}

function readEscape(text: string): { byte: number; length: number } | undefined {
  const hex = hexEscape.exec(text);
  if (hex !== null) return { byte: Number.parseInt(hex[1] as string, 16), length: 4 };
  const octal = octalEscape.exec(text);
  if (octal !== null) {
    const digits = octal[1] as string;
    return { byte: Number.parseInt(digits, 8) & 0xff, length: 1 + digits.length };
  }
  const simple = simpleEscapes[text[1] ?? ''];
  return simple === undefined ? undefined : { byte: simple, length: 2 };
}

/** A value as a quoted C string, with octal escapes for bytes that are not printable ASCII. */
export function quote(value: string): string {
  let out = '"';
  for (const byte of fromUtf8(value)) {
    if (byte === 92 || byte === 34 || byte === 39) out += `\\${String.fromCharCode(byte)}`;
    else if (byte === 10) out += '\\n';
    else if (byte === 13) out += '\\r';
    else if (byte === 9) out += '\\t';
    else if (byte >= 32 && byte < 127) out += String.fromCharCode(byte);
    else out += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `${out}"`;
}

/** A value as it stands in a torrc: quoted only when it would be misread otherwise. */
export function quoteIfNeeded(value: string): string {
  return value.startsWith('"') || /[^\x20-\x22\x24-\x7e]/.test(value) ? quote(value) : value;
}
