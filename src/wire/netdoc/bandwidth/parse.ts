import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText } from '../meta/types.ts';
import type { BandwidthFile } from './types.ts';

/** Reads a bandwidth file. Throws NETDOC_SYNTAX. */
export function parseBandwidthFile(_text: DocumentText): BandwidthFile {
  throw new TorError('INTERNAL', 'not there yet');
}
