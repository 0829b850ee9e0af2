import { fromLatin1, latin1 } from '../../../base/bytes/index.ts';
import { type Facts, TorError } from '../../../base/errors/index.ts';
import type { DocumentText } from './types.ts';

/** The Latin-1 text of a document, one character a byte. */
export const textOf = (document: DocumentText): string => (typeof document === 'string' ? document : latin1(document));

/** The bytes of a Latin-1 text. */
export const bytesOf = (text: string): Uint8Array => fromLatin1(text);

/** A copy that does not keep the text alive that it was cut from. */
export const detached = (text: string): string => latin1(fromLatin1(text));

/** A document that breaks its form. `offset` is where, in `text`. */
export function syntaxError(message: string, at?: { readonly text: string; readonly offset: number }): TorError {
  if (at === undefined) return new TorError('NETDOC_SYNTAX', message);
  const facts: Facts = { line: lineAt(at.text, at.offset), offset: at.offset };
  return new TorError('NETDOC_SYNTAX', `${message} (line ${facts['line']})`, { facts });
}

export const signatureError = (message: string): TorError => new TorError('NETDOC_SIGNATURE', message);

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Where a digest begins and ends, end excluded. */
export interface SignedRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of `text` from the first `startWith` (at the start of a line) to the first `endChar` after the next
 * `endWith`, both included. Undefined when there is none.
 */
export function signedRange(
  text: string,
  startWith: string,
  endWith: string,
  endChar: string,
): SignedRange | undefined {
  const start = text.indexOf(startWith);
  if (start === -1 || (start > 0 && text.charCodeAt(start - 1) !== 10)) return undefined;
  const marker = text.indexOf(endWith, start + startWith.length);
  if (marker === -1) return undefined;
  const last = text.indexOf(endChar, marker + endWith.length);
  return last === -1 ? undefined : { start, end: last + 1 };
}
