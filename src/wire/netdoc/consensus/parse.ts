import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText } from '../meta/types.ts';
import type { UnverifiedConsensus } from './types.ts';

const later = (): never => {
  throw new TorError('INTERNAL', 'not there yet');
};

/** Reads a microdescriptor consensus. Throws NETDOC_SYNTAX. */
export function parseMicrodescConsensus(_text: DocumentText): UnverifiedConsensus {
  return later();
}

/** Reads a consensus of the flavour with server descriptors. Throws NETDOC_SYNTAX. */
export function parseNsConsensus(_text: DocumentText): UnverifiedConsensus {
  return later();
}

/** Reads a consensus of either flavour. Throws NETDOC_SYNTAX. */
export function parseConsensus(_text: DocumentText): UnverifiedConsensus {
  return later();
}
