import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText, Parsed } from '../meta/types.ts';
import type { Microdescriptor } from './types.ts';

const later = (): never => {
  throw new TorError('INTERNAL', 'not there yet');
};

/** Reads microdescriptors one after the other: a directory's answer, or a cache file with its annotations. */
export function parseMicrodescriptors(
  _text: DocumentText,
  _options: { readonly annotations?: boolean } = {},
): Parsed<Microdescriptor> {
  return later();
}
