import { concatBytes, fromUtf8, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import {
  AesCtr,
  secretEqual,
  sha3_256,
  shake256,
  type X25519KeyPair,
  x25519KeyPair,
  x25519Peer,
} from '../primitives/index.ts';
import { exchange } from './exchange.ts';
import type { KeyMaterial } from './result.ts';

const name = 'tor-hs-ntor-curve25519-sha3-256-1';
const protoId = fromUtf8(name);
const tEnc = fromUtf8(`${name}:hs_key_extract`);
const tVerify = fromUtf8(`${name}:hs_verify`);
const tMac = fromUtf8(`${name}:hs_mac`);
const mExpand = fromUtf8(`${name}:hs_key_expand`);
const server = fromUtf8('Server');

/** MAC(k, m) = SHA3-256(8-byte length of k | k | m). spec: rend-spec-v3 0.3 */
function mac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return sha3_256(new Writer(8 + key.length + message.length).u64(BigInt(key.length)).bytes(key).bytes(message).view());
}

/** An introduction point's keys in a descriptor: its authentication key and the service's encryption key for it. */
export interface HsNtorService {
  readonly authKey: Uint8Array;
  /** B: curve25519, 32 bytes. */
  readonly encKey: Uint8Array;
  readonly subcredential: Uint8Array;
}

interface IntroKeys {
  readonly encKey: Uint8Array;
  readonly macKey: Uint8Array;
}

function introKeys(bx: Uint8Array, service: HsNtorService, clientKey: Uint8Array): IntroKeys {
  const secret = concatBytes(bx, service.authKey, clientKey, service.encKey, protoId);
  const keys = shake256(concatBytes(secret, tEnc, mExpand, service.subcredential), 64);
  return { encKey: keys.subarray(0, 32), macKey: keys.subarray(32) };
}

interface RendKeys {
  readonly auth: Uint8Array;
  readonly material: KeyMaterial;
}

function rendKeys(
  xy: Uint8Array,
  xb: Uint8Array,
  service: HsNtorService,
  clientKey: Uint8Array,
  serverKey: Uint8Array,
): RendKeys {
  const secret = concatBytes(xy, xb, service.authKey, service.encKey, clientKey, serverKey, protoId);
  const seed = mac(secret, tEnc);
  const verify = mac(secret, tVerify);
  const authInput = concatBytes(verify, service.authKey, service.encKey, serverKey, clientKey, protoId, server);
  return {
    auth: mac(authInput, tMac),
    material: { keys: (length) => shake256(concatBytes(seed, mExpand), length) },
  };
}

/** The client's half over the whole rendezvous. */
export interface HsNtorClient {
  /** CLIENT_PK | ENCRYPTED_DATA | MAC: what follows the header of INTRODUCE1. */
  introduce(header: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Keys for the virtual hop from the 64 bytes of RENDEZVOUS2. @throws TorError HANDSHAKE_FAILED */
  finish(handshakeInfo: Uint8Array): KeyMaterial;
}

/** spec: rend-spec-v3 3.3.2, 4.2.1 */
export function hsNtorClient(
  random: Random,
  service: HsNtorService,
  keyPair: X25519KeyPair = x25519KeyPair(random),
): HsNtorClient {
  const clientKey = keyPair.publicKey;
  const bx = exchange(keyPair, service.encKey);
  return {
    introduce(header, plaintext) {
      const keys = introKeys(bx, service, clientKey);
      const body = concatBytes(clientKey, new AesCtr(keys.encKey).crypt(plaintext));
      return concatBytes(body, mac(keys.macKey, concatBytes(header, body)));
    },
    finish(handshakeInfo) {
      if (handshakeInfo.length < 64) throw new TorError('HANDSHAKE_FAILED', 'RENDEZVOUS2 is too short');
      const serverKey = handshakeInfo.slice(0, 32);
      const { auth, material } = rendKeys(exchange(keyPair, serverKey), bx, service, clientKey, serverKey);
      if (!secretEqual(auth, handshakeInfo.subarray(32, 64))) {
        throw new TorError('HANDSHAKE_FAILED', 'RENDEZVOUS2 does not come from the service');
      }
      return material;
    },
  };
}

/** An INTRODUCE2, opened. */
export interface HsNtorRequest {
  readonly plaintext: Uint8Array;
  readonly clientKey: Uint8Array;
  /** RENDEZVOUS1's 64 bytes, and the keys. */
  answer(random: Random, keyPair?: X25519KeyPair): KeyMaterial & { readonly handshakeInfo: Uint8Array };
}

/**
 * Opens what follows the header of INTRODUCE2. Several subcredentials are tried: those of the time periods in which the
 * service has a descriptor.
 *
 * @throws TorError HANDSHAKE_FAILED when it is not for these keys
 */
export function hsNtorService(
  keys: {
    readonly authKey: Uint8Array;
    readonly encKey: X25519KeyPair;
    readonly subcredentials: readonly Uint8Array[];
  },
  header: Uint8Array,
  encrypted: Uint8Array,
): HsNtorRequest {
  if (encrypted.length < 64) throw new TorError('HANDSHAKE_FAILED', 'INTRODUCE2 is too short');
  const clientKey = encrypted.slice(0, 32);
  const peer = x25519Peer(clientKey);
  const xb = exchange(keys.encKey, peer);
  const signed = concatBytes(header, encrypted.subarray(0, encrypted.length - 32));
  for (const subcredential of keys.subcredentials) {
    const service: HsNtorService = { authKey: keys.authKey, encKey: keys.encKey.publicKey, subcredential };
    const intro = introKeys(xb, service, clientKey);
    if (!secretEqual(mac(intro.macKey, signed), encrypted.subarray(encrypted.length - 32))) continue;
    return {
      clientKey,
      plaintext: new AesCtr(intro.encKey).crypt(encrypted.subarray(32, encrypted.length - 32)),
      answer(random, keyPair = x25519KeyPair(random)) {
        const xy = exchange(keyPair, peer);
        const { auth, material } = rendKeys(xy, xb, service, clientKey, keyPair.publicKey);
        return { ...material, handshakeInfo: concatBytes(keyPair.publicKey, auth) };
      },
    };
  }
  throw new TorError('HANDSHAKE_FAILED', 'INTRODUCE2 has a wrong MAC');
}
