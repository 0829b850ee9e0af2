import { concatBytes, Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { decodeLinkSpecifiers, encodeLinkSpecifiers, type LinkSpecifier } from '../linkspec/index.ts';
import { type ExtensionField, encodeExtensions, readExtensions } from './extensions.ts';

/** The only kind of authentication key there is: Ed25519. */
const authKeyEd25519 = 2;
const onionKeyNtor = 1;
const legacyKeyIdLength = 20;

/**
 * INTRODUCE1 and INTRODUCE2, as the introduction point reads them. spec: rend-spec-v3 3.2.1
 *
 * `head` and `encrypted` keep the bytes as they came, for the MAC of the hs-ntor handshake.
 */
export interface Introduce {
  /** The introduction point's authentication key, 32 bytes. */
  readonly authKey: Uint8Array;
  readonly extensions: readonly ExtensionField[];
  /** The client's public key, the encrypted part and its MAC. */
  readonly encrypted: Uint8Array;
  /** Everything before `encrypted`. */
  readonly head: Uint8Array;
}

/** LEGACY_KEY_ID (20 zeros), AUTH_KEY_TYPE (1), AUTH_KEY_LEN (2), AUTH_KEY, extensions: what the MAC covers first. */
export function encodeIntroduceHead(authKey: Uint8Array, extensions: readonly ExtensionField[] = []): Uint8Array {
  return new Writer(64)
    .zeros(legacyKeyIdLength)
    .u8(authKeyEd25519)
    .u16(authKey.length)
    .bytes(authKey)
    .bytes(encodeExtensions(extensions))
    .finish();
}

/** `head` as from `encodeIntroduceHead`; `encrypted` is CLIENT_PK (32), ENCRYPTED_DATA, MAC (32). */
export const encodeIntroduce = (head: Uint8Array, encrypted: Uint8Array): Uint8Array => concatBytes(head, encrypted);

/**
 * Throws TRUNCATED, VALUE_OUT_OF_RANGE. A legacy key id that is not zero is refused: C tor answers it, and anything else
 * malformed, with INTRODUCE_ACK "bad format".
 */
export function decodeIntroduce(body: Uint8Array): Introduce {
  const reader = new Reader(body);
  const legacyKeyId = reader.bytes(legacyKeyIdLength);
  if (legacyKeyId.some((byte) => byte !== 0)) throw bad('a legacy key id');
  const type = reader.u8();
  if (type !== authKeyEd25519) throw bad('an unknown authentication key');
  const authKey = reader.bytes(reader.u16());
  if (authKey.length !== 32) throw bad('an authentication key of a wrong length');
  const extensions = readExtensions(reader);
  const head = body.subarray(0, reader.position);
  return { authKey, extensions, encrypted: reader.rest(), head };
}

/** The decrypted part of INTRODUCE2. spec: rend-spec-v3 3.3 */
export interface IntroducePlaintext {
  /** 20 bytes the client chose for the rendezvous point. */
  readonly rendezvousCookie: Uint8Array;
  readonly extensions: readonly ExtensionField[];
  /** The rendezvous point's ntor key, 32 bytes. */
  readonly onionKey: Uint8Array;
  readonly linkSpecifiers: readonly LinkSpecifier[];
}

/** COOKIE (20), extensions, ONION_KEY_TYPE (1), ONION_KEY_LEN (2), ONION_KEY, link specifiers, zeros up to `padTo`. */
export function encodeIntroducePlaintext(plaintext: IntroducePlaintext, padTo = 0): Uint8Array {
  const writer = new Writer(256)
    .bytes(exactly(plaintext.rendezvousCookie, 20))
    .bytes(encodeExtensions(plaintext.extensions))
    .u8(onionKeyNtor)
    .u16(32)
    .bytes(exactly(plaintext.onionKey, 32))
    .bytes(encodeLinkSpecifiers(plaintext.linkSpecifiers));
  if (writer.length < padTo) writer.zeros(padTo - writer.length);
  return writer.finish();
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new TorError('INTERNAL', `expected ${length} bytes, got ${bytes.length}`);
}

/** What follows the link specifiers is padding. Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeIntroducePlaintext(body: Uint8Array): IntroducePlaintext {
  const reader = new Reader(body);
  const rendezvousCookie = reader.bytes(20);
  const extensions = readExtensions(reader);
  const type = reader.u8();
  if (type !== onionKeyNtor) throw bad('an unknown onion key');
  const onionKey = reader.bytes(reader.u16());
  if (onionKey.length !== 32) throw bad('an onion key of a wrong length');
  return { rendezvousCookie, extensions, onionKey, linkSpecifiers: decodeLinkSpecifiers(reader) };
}

const bad = (what: string): TorError => new TorError('VALUE_OUT_OF_RANGE', `introduction with ${what}`);

/** Fields of the encrypted part. spec: proposals 324 (10.3) and 327 */
export const IntroduceExtension = { CC_REQUEST: 1, POW: 2 } as const;

/** The answer to an onion service's puzzle. spec: proposal 327, 3.2 */
export interface PowSolution {
  /** 1: Equi-X. */
  readonly version: number;
  /** 16 bytes. */
  readonly nonce: Uint8Array;
  readonly effort: number;
  /** The first 4 bytes of the seed. */
  readonly seedHead: Uint8Array;
  /** 16 bytes. */
  readonly solution: Uint8Array;
}

/** Version (1), nonce (16), effort (4), seed head (4), solution (16). */
export function encodePowSolution(pow: PowSolution): Uint8Array {
  return new Writer(41)
    .u8(pow.version)
    .bytes(exactly(pow.nonce, 16))
    .u32(pow.effort)
    .bytes(exactly(pow.seedHead, 4))
    .bytes(exactly(pow.solution, 16))
    .finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodePowSolution(body: Uint8Array): PowSolution {
  const reader = new Reader(body);
  const version = reader.u8();
  if (version !== 1) throw bad('a proof of work of an unknown version');
  return {
    version,
    nonce: reader.bytes(16),
    effort: reader.u32(),
    seedHead: reader.bytes(4),
    solution: reader.bytes(16),
  };
}

/** Status of INTRODUCE_ACK. spec: rend-spec-v3 3.2.2 */
export const IntroduceAckStatus = { SUCCESS: 0, UNKNOWN_ID: 1, BAD_FORMAT: 2, CANT_RELAY: 3 } as const;

/** Status (2), no extensions (1). */
export const encodeIntroduceAck = (status: number): Uint8Array => new Writer(3).u16(status).u8(0).finish();

/** The status. Throws TRUNCATED, also when the extension list is missing, as in C tor. */
export function decodeIntroduceAck(body: Uint8Array): number {
  const reader = new Reader(body);
  const status = reader.u16();
  readExtensions(reader);
  return status;
}
