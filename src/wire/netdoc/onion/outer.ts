import { TorError } from '../../../base/errors/index.ts';
import type { DocumentText } from '../meta/types.ts';
import type { OnionDescriptorOuter } from './types.ts';

/**
 * Reads the outer layer and checks its certificate and signature: what an HSDir does with an upload, and the first
 * step of a client.
 *
 * @throws TorError NETDOC_SYNTAX, NETDOC_SIGNATURE, CERTIFICATE_EXPIRED
 */
export function parseOnionDescriptor(
  _text: DocumentText,
  _options: { readonly nowMs: number; readonly blindedKey?: Uint8Array },
): OnionDescriptorOuter {
  throw new TorError('INTERNAL', 'not there yet');
}
