import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText } from '../meta/types.ts';
import type { DetachedSignatures } from './types.ts';

/** Reads detached signatures. Throws NETDOC_SYNTAX. */
export function parseDetachedSignatures(_text: DocumentText): DetachedSignatures {
  throw new TorError('INTERNAL', 'not there yet');
}

export function encodeDetachedSignatures(_signatures: DetachedSignatures): string {
  throw new TorError('INTERNAL', 'not there yet');
}
