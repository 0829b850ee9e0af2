import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText, Parsed } from '../meta/types.ts';
import type { ServerDescriptor } from './types.ts';

const later = (): never => {
  throw new TorError('INTERNAL', 'not there yet');
};

export interface ServerDescriptorOptions {
  /** Annotations may stand before a descriptor (cache files). */
  readonly annotations?: boolean;
  /** Signatures are not checked: for tests with shortened documents. */
  readonly dangerouslySkipSignatures?: boolean;
}

/** Reads and checks one descriptor. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function parseServerDescriptor(_text: DocumentText, _options: ServerDescriptorOptions = {}): ServerDescriptor {
  return later();
}

/** Reads descriptors one after the other: a directory's answer or a cache file. */
export function parseServerDescriptors(
  _text: DocumentText,
  _options: ServerDescriptorOptions = {},
): Parsed<ServerDescriptor> {
  return later();
}
