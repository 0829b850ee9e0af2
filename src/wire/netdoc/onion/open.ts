import { TorError } from '../../../base/errors/index.ts';
import { findCookie } from './client-auth.ts';
import { parseFirstLayer, unpadded } from './first-layer.ts';
import { openLayer } from './layer-cipher.ts';
import { parseSecondLayer } from './second-layer.ts';
import type { OnionDescriptorContent, OnionDescriptorFirstLayer, OnionDescriptorOuter } from './types.ts';

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
 *   key is needed), ONION_AUTH_WRONG (the key given opens nothing), NETDOC_SYNTAX
 */
export function openOnionDescriptor(outer: OnionDescriptorOuter, options: OpenOptions): OnionDescriptorContent {
  const { signingKey } = outer;
  return parseSecondLayer(secondLayerText(outer, options), { signingKey, nowMs: options.nowMs });
}

/** Opens the outer layer only: all that a wrong client key leaves one with. Throws ONION_LAYER_UNREADABLE, NETDOC_SYNTAX. */
export function openFirstLayer(outer: OnionDescriptorOuter, subcredential: Uint8Array): OnionDescriptorFirstLayer {
  const plaintext = openLayer('outer', outer.superencrypted, { ...outer, subcredential });
  if (plaintext === undefined) throw new TorError('ONION_LAYER_UNREADABLE');
  return parseFirstLayer(unpadded(plaintext));
}

/** The text of the inner layer. Throws as `openOnionDescriptor`. */
export function secondLayerText(outer: OnionDescriptorOuter, options: OpenOptions): string {
  const { subcredential, clientSecretKey } = options;
  const first = openFirstLayer(outer, subcredential);
  // A client whose key no line is for tries without: the service may have opened itself to everybody.
  const cookie = clientSecretKey === undefined ? undefined : findCookie(first, subcredential, clientSecretKey);
  const plaintext = openLayer('inner', first.encrypted, { ...outer, subcredential }, cookie);
  if (plaintext === undefined) {
    throw new TorError(clientSecretKey === undefined ? 'ONION_AUTH_MISSING' : 'ONION_AUTH_WRONG');
  }
  return unpadded(plaintext);
}
