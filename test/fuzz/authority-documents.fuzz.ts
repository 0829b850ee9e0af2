import { fromLatin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { parseBandwidthFile, parseDetachedSignatures, parseVote } from '../../src/wire/netdoc/index.ts';
import { documentText } from '../support/documents.ts';

export const name = 'authority-documents';

const readers: readonly ((text: Uint8Array) => unknown)[] = [parseVote, parseDetachedSignatures, parseBandwidthFile];

/** The first byte chooses the kind of document. */
export function fuzz(data: Uint8Array): void {
  const reader = readers[(data[0] ?? 0) % readers.length];
  try {
    reader?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

export const seeds = (): Uint8Array[] =>
  [
    'network-0.4.9.11/vote-auth0-2026-11-21T072320',
    'network-0.4.9.11/sigs-auth0-2026-11-21T072340',
    'bandwidth_file_v1.4.txt',
  ].map((document, kind) => fromLatin1(String.fromCharCode(kind) + documentText(document)));
