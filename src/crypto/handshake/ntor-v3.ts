import { bytesEqual, concatBytes, fromUtf8 } from '../../base/bytes/index.ts';
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
import type { ClientHandshake, KeyMaterial, ServerHandshake } from './result.ts';

const protoId = fromUtf8('ntor3-curve25519-sha3_256-1');
/** Tags as they go into a digest: with their length. */
const tag = (name: string): Uint8Array => encap(fromUtf8(`ntor3-curve25519-sha3_256-1:${name}`));
const tMsgKdf = tag('kdf_phase1');
const tMsgMac = tag('msg_mac');
const tKeySeed = tag('key_seed');
const tVerify = tag('verify');
const tFinal = tag('kdf_final');
const tAuth = tag('auth_final');
const server = fromUtf8('Server');

/** The verification string of circuit handshakes. */
const circuitExtend = fromUtf8('circuit extend');
/** C tor bounds both messages by what a cell or an EXTENDED2 body can hold. */
const maxMessageBytes = 498;

/** A relay as ntor-v3 knows it: Ed25519 identity and onion key, 32 bytes each. */
export interface NtorV3Relay {
  readonly ed25519Id: Uint8Array;
  readonly onionKey: Uint8Array;
}

/** Keys, and the message that came with them (encoded extensions). */
export interface NtorV3Keys extends KeyMaterial {
  readonly message: Uint8Array;
}

/** ENCAP(s) = 8-byte length | s. */
function encap(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + bytes.length);
  out[6] = bytes.length >>> 8;
  out[7] = bytes.length;
  out.set(bytes, 8);
  return out;
}

const hash = (t: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array => sha3_256(concatBytes(t, ...data));
const kdf = (t: Uint8Array, length: number, ...data: readonly Uint8Array[]): Uint8Array =>
  shake256(concatBytes(t, ...data), length);

/** AES-256-CTR; a cipher costs more than all the rest of a short message. */
const crypt = (key: Uint8Array, message: Uint8Array): Uint8Array =>
  message.length === 0 ? message : new AesCtr(key).crypt(message);

interface Phase1 {
  readonly encKey: Uint8Array;
  readonly macKey: Uint8Array;
}

function phase1(bx: Uint8Array, relay: NtorV3Relay, clientKey: Uint8Array, verification: Uint8Array): Phase1 {
  const keys = kdf(tMsgKdf, 64, bx, relay.ed25519Id, clientKey, relay.onionKey, protoId, encap(verification));
  return { encKey: keys.subarray(0, 32), macKey: keys.subarray(32, 64) };
}

interface Phase2 {
  readonly encKey: Uint8Array;
  readonly material: KeyMaterial;
  authOf(encryptedServerMessage: Uint8Array): Uint8Array;
}

function phase2(
  e: { readonly xy: Uint8Array; readonly xb: Uint8Array; readonly relay: NtorV3Relay },
  clientKey: Uint8Array,
  serverKey: Uint8Array,
  messageMac: Uint8Array,
  verification: Uint8Array,
): Phase2 {
  const { ed25519Id, onionKey } = e.relay;
  const secret = concatBytes(e.xy, e.xb, ed25519Id, onionKey, clientKey, serverKey, protoId, encap(verification));
  const seed = hash(tKeySeed, secret);
  const verify = hash(tVerify, secret);
  // The first 32 bytes encrypt the relay's message; circuit keys follow them.
  const expanded = kdf(tFinal, 32 + likelyKeyLength, seed);
  return {
    encKey: expanded.subarray(0, 32),
    material: {
      keys: (length) =>
        (length <= likelyKeyLength ? expanded : kdf(tFinal, 32 + length, seed)).subarray(32, 32 + length),
    },
    authOf: (encrypted) =>
      hash(tAuth, verify, ed25519Id, onionKey, serverKey, clientKey, messageMac, encap(encrypted), protoId, server),
  };
}

/** What circuits take, of either kind: expanded at once. */
const likelyKeyLength = 180;

export interface NtorV3Options {
  readonly verification?: Uint8Array;
  /** For tests alone. */
  readonly keyPair?: X25519KeyPair;
}

/** spec: tor-spec 5.1.4.1, proposal 332. `message` is the encoded extension list. */
export function ntorV3Client(
  random: Random,
  relay: NtorV3Relay,
  message: Uint8Array,
  options: NtorV3Options = {},
): ClientHandshake<NtorV3Keys> {
  const verification = options.verification ?? circuitExtend;
  const own = options.keyPair ?? x25519KeyPair(random);
  const clientKey = own.publicKey;
  const xb = exchange(own, relay.onionKey);
  const { encKey, macKey } = phase1(xb, relay, clientKey, verification);
  const encrypted = crypt(encKey, message);
  const head = concatBytes(relay.ed25519Id, relay.onionKey, clientKey, encrypted);
  const messageMac = hash(tMsgMac, encap(macKey), head);
  return {
    onionskin: concatBytes(head, messageMac),
    finish(reply) {
      if (reply.length < 64 || reply.length > 64 + maxMessageBytes) {
        throw new TorError('HANDSHAKE_FAILED', 'an ntor-v3 answer of a wrong length', {
          facts: { length: reply.length },
        });
      }
      const serverKey = reply.slice(0, 32);
      const xy = exchange(own, serverKey);
      const p = phase2({ xy, xb, relay }, clientKey, serverKey, messageMac, verification);
      const encryptedAnswer = reply.subarray(64);
      if (!secretEqual(p.authOf(encryptedAnswer), reply.subarray(32, 64))) {
        throw new TorError('HANDSHAKE_FAILED', 'the ntor-v3 answer does not come from the relay we asked');
      }
      return { ...p.material, message: crypt(p.encKey, encryptedAnswer) };
    },
  };
}

/** A client's message, opened; `answer()` makes the relay's half. */
export interface NtorV3Request {
  readonly message: Uint8Array;
  answer(message: Uint8Array): ServerHandshake;
}

/** @throws TorError HANDSHAKE_FAILED */
export function ntorV3Server(
  random: Random,
  identity: { readonly ed25519Id: Uint8Array; readonly onionKeys: readonly X25519KeyPair[] },
  onionskin: Uint8Array,
  options: NtorV3Options = {},
): NtorV3Request {
  const verification = options.verification ?? circuitExtend;
  if (onionskin.length < 128 || onionskin.length > 128 + maxMessageBytes) {
    throw new TorError('HANDSHAKE_FAILED', 'an ntor-v3 onionskin of a wrong length');
  }
  const wanted = onionskin.subarray(32, 64);
  const onionKey = identity.onionKeys.find((key) => bytesEqual(key.publicKey, wanted));
  if (onionKey === undefined || !bytesEqual(onionskin.subarray(0, 32), identity.ed25519Id)) {
    throw new TorError('HANDSHAKE_FAILED', 'an ntor-v3 onionskin for another relay or an old key');
  }
  const relay: NtorV3Relay = { ed25519Id: identity.ed25519Id, onionKey: onionKey.publicKey };
  const clientKey = onionskin.slice(64, 96);
  const peer = x25519Peer(clientKey);
  const xb = exchange(onionKey, peer);
  const { encKey, macKey } = phase1(xb, relay, clientKey, verification);
  const messageMac = onionskin.slice(onionskin.length - 32);
  if (!secretEqual(hash(tMsgMac, encap(macKey), onionskin.subarray(0, onionskin.length - 32)), messageMac)) {
    throw new TorError('HANDSHAKE_FAILED', 'an ntor-v3 onionskin with a wrong MAC');
  }
  return {
    message: crypt(encKey, onionskin.subarray(96, onionskin.length - 32)),
    answer(message) {
      const own = options.keyPair ?? x25519KeyPair(random);
      const xy = exchange(own, peer);
      const p = phase2({ xy, xb, relay }, clientKey, own.publicKey, messageMac, verification);
      const encrypted = crypt(p.encKey, message);
      return { ...p.material, reply: concatBytes(own.publicKey, p.authOf(encrypted), encrypted) };
    },
  };
}
