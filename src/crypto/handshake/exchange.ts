import { TorError } from '../../base/errors/index.ts';
import { type X25519KeyPair, type X25519Peer, x25519 } from '../primitives/index.ts';

/** X25519 whose refusal of low-order points is a failed handshake. */
export function exchange(own: X25519KeyPair, peer: Uint8Array | X25519Peer): Uint8Array {
  try {
    return x25519(own, peer);
  } catch (cause) {
    throw new TorError('HANDSHAKE_FAILED', 'a handshake with a low-order key', { cause });
  }
}
