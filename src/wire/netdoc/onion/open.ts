import { TorError } from '../../../base/errors/index.ts';
import type { OnionDescriptorContent, OnionDescriptorOuter } from './types.ts';

export interface OpenOptions {
  /** 32 bytes, see rend-spec-v3 2.1 [SUBCRED]. */
  readonly subcredential: Uint8Array;
  /** x25519 secret key for client authorization. */
  readonly clientSecretKey?: Uint8Array | undefined;
  readonly nowMs: number;
}

/**
 * Opens both layers.
 *
 * @throws TorError ONION_LAYER_UNREADABLE (wrong subcredential or damage), ONION_AUTH_MISSING (an authorized client's
 *   key is needed), ONION_AUTH_WRONG (the key given opens nothing), NETDOC_SYNTAX, NETDOC_SIGNATURE
 */
export function openOnionDescriptor(_outer: OnionDescriptorOuter, _options: OpenOptions): OnionDescriptorContent {
  throw new TorError('INTERNAL', 'not there yet');
}
