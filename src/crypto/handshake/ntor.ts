import { bytesEqual, concatBytes, fromUtf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import {
  hkdfSha256,
  hmacSha256,
  secretEqual,
  type X25519KeyPair,
  x25519KeyPair,
  x25519Peer,
} from '../primitives/index.ts';
import { exchange } from './exchange.ts';
import type { ClientHandshake, KeyMaterial, ServerHandshake } from './result.ts';

const protoId = fromUtf8('ntor-curve25519-sha256-1');
const tMac = fromUtf8('ntor-curve25519-sha256-1:mac');
const tKey = fromUtf8('ntor-curve25519-sha256-1:key_extract');
const tVerify = fromUtf8('ntor-curve25519-sha256-1:verify');
const mExpand = fromUtf8('ntor-curve25519-sha256-1:key_expand');
const server = fromUtf8('Server');

/** A relay as ntor knows it: SHA-1 of its RSA identity (20 bytes) and its onion key (32 bytes). */
export interface NtorRelay {
  readonly rsaId: Uint8Array;
  readonly onionKey: Uint8Array;
}

interface Exchange {
  readonly relay: NtorRelay;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly xy: Uint8Array;
  readonly xb: Uint8Array;
}

function derive(e: Exchange): { readonly auth: Uint8Array; readonly material: KeyMaterial } {
  const { rsaId, onionKey } = e.relay;
  const secretInput = concatBytes(e.xy, e.xb, rsaId, onionKey, e.clientKey, e.serverKey, protoId);
  const verify = hmacSha256(tVerify, secretInput);
  const auth = hmacSha256(tMac, concatBytes(verify, rsaId, onionKey, e.serverKey, e.clientKey, protoId, server));
  return { auth, material: { keys: (length) => hkdfSha256(secretInput, tKey, mExpand, length) } };
}

/** spec: tor-spec 5.1.4. `keyPair` is for tests alone. */
export function ntorClient(
  random: Random,
  relay: NtorRelay,
  keyPair: X25519KeyPair = x25519KeyPair(random),
): ClientHandshake<KeyMaterial> {
  const clientKey = keyPair.publicKey;
  return {
    onionskin: concatBytes(relay.rsaId, relay.onionKey, clientKey),
    finish(reply) {
      if (reply.length < 64) throw new TorError('HANDSHAKE_FAILED', 'an ntor answer has 64 bytes');
      const serverKey = reply.slice(0, 32);
      const xy = exchange(keyPair, serverKey);
      const xb = exchange(keyPair, relay.onionKey);
      const { auth, material } = derive({ relay, clientKey, serverKey, xy, xb });
      if (!secretEqual(auth, reply.subarray(32, 64))) {
        throw new TorError('HANDSHAKE_FAILED', 'the ntor answer does not come from the relay we asked');
      }
      return material;
    },
  };
}

/**
 * The relay's half. `onionKeys` are the current key and those still in their grace time.
 *
 * @throws TorError HANDSHAKE_FAILED when the message is not for us
 */
export function ntorServer(
  random: Random,
  identity: { readonly rsaId: Uint8Array; readonly onionKeys: readonly X25519KeyPair[] },
  onionskin: Uint8Array,
  keyPair: X25519KeyPair = x25519KeyPair(random),
): ServerHandshake {
  if (onionskin.length < 84) throw new TorError('HANDSHAKE_FAILED', 'an ntor onionskin has 84 bytes');
  const wanted = onionskin.subarray(20, 52);
  const onionKey = identity.onionKeys.find((key) => bytesEqual(key.publicKey, wanted));
  if (onionKey === undefined || !bytesEqual(onionskin.subarray(0, 20), identity.rsaId)) {
    throw new TorError('HANDSHAKE_FAILED', 'an ntor onionskin for another relay or an old key');
  }
  const clientKey = onionskin.slice(52, 84);
  const peer = x25519Peer(clientKey);
  const { auth, material } = derive({
    relay: { rsaId: identity.rsaId, onionKey: onionKey.publicKey },
    clientKey,
    serverKey: keyPair.publicKey,
    xy: exchange(keyPair, peer),
    xb: exchange(onionKey, peer),
  });
  return { ...material, reply: concatBytes(keyPair.publicKey, auth) };
}
