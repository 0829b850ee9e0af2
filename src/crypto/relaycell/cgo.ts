import { TorError } from '../../base/errors/index.ts';
import type { ClientLayer, RelayLayer } from './layer.ts';

export const cgoKeyLength = 160;

/** Counter galois onion, AES-128: takes 160 bytes of keys. spec: proposal 359 */
export function cgoClientLayer(_keys: Uint8Array): ClientLayer {
  throw new TorError('INTERNAL', 'counter galois onion is not there yet');
}

export function cgoRelayLayer(_keys: Uint8Array): RelayLayer {
  throw new TorError('INTERNAL', 'counter galois onion is not there yet');
}
