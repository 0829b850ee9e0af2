import { TorError } from '../../base/errors/index.ts';
import type { ClientLayer, KeySource, RelayLayer } from './layer.ts';

/** Counter galois onion, AES-128: takes 160 bytes of keys. spec: proposal 359 */
export function cgoClientLayer(_keys: KeySource): ClientLayer {
  throw new TorError('INTERNAL', 'counter galois onion is not there yet');
}

export function cgoRelayLayer(_keys: KeySource): RelayLayer {
  throw new TorError('INTERNAL', 'counter galois onion is not there yet');
}
