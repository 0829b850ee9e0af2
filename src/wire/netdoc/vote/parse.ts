import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText } from '../meta/types.ts';
import type { Vote } from './types.ts';

/** Reads an authority's vote and checks its certificate and signature. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function parseVote(_text: DocumentText): Vote {
  throw new TorError('INTERNAL', 'not there yet');
}
