import { TorError } from '../../base/errors/index.ts';
import { x25519 } from '../primitives/index.ts';

/** X25519 whose refusal of low-order points is a failed handshake. */
export function exchange(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  try {
    return x25519(secretKey, publicKey);
  } catch (cause) {
    throw new TorError('HANDSHAKE_FAILED', 'a handshake with a low-order key', { cause });
  }
}
