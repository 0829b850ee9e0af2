import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { type ExtensionField, encodeExtensions, findExtension, readExtensions } from './extensions.ts';

const authKeyEd25519 = 2;

/** How many INTRODUCE2 a second an introduction point passes on. spec: rend-spec-v3 3.1.1.1 */
export interface IntroDosParams {
  readonly ratePerSec: number;
  readonly burstPerSec: number;
}

/** ESTABLISH_INTRO as it came; the signed parts are kept as bytes. spec: rend-spec-v3 3.1.1 */
export interface EstablishIntro {
  readonly authKey: Uint8Array;
  readonly extensions: readonly ExtensionField[];
  /** What HANDSHAKE_AUTH covers: all before it. */
  readonly macInput: Uint8Array;
  /** SHA3-256 MAC with the circuit's KH, 32 bytes. */
  readonly handshakeAuth: Uint8Array;
  /** What SIG covers (after its prefix): all before SIG_LEN. */
  readonly signatureInput: Uint8Array;
  readonly signature: Uint8Array;
}

/** The field of ESTABLISH_INTRO that carries `IntroDosParams`. */
export const introDosExtension = 1;

/** AUTH_KEY_TYPE (1), AUTH_KEY_LEN (2), AUTH_KEY, extensions: the input of the MAC. */
export function encodeEstablishIntroHead(authKey: Uint8Array, dos?: IntroDosParams): Uint8Array {
  const extensions = dos === undefined ? [] : [{ type: introDosExtension, body: encodeIntroDosParams(dos) }];
  return new Writer(64)
    .u8(authKeyEd25519)
    .u16(authKey.length)
    .bytes(authKey)
    .bytes(encodeExtensions(extensions))
    .finish();
}

/** `signed` is head and HANDSHAKE_AUTH; SIG_LEN (2) and SIG follow. */
export const encodeEstablishIntro = (signed: Uint8Array, signature: Uint8Array): Uint8Array =>
  new Writer(160).bytes(signed).u16(signature.length).bytes(signature).finish();

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. Signature and MAC are for the caller to check. */
export function decodeEstablishIntro(body: Uint8Array): EstablishIntro {
  const reader = new Reader(body);
  const type = reader.u8();
  if (type !== authKeyEd25519) throw bad('authentication key');
  const authKey = reader.bytes(reader.u16());
  if (authKey.length !== 32) throw bad('authentication key length');
  const extensions = readExtensions(reader);
  const macInput = body.subarray(0, reader.position);
  const handshakeAuth = reader.bytes(32);
  const signatureInput = body.subarray(0, reader.position);
  const signature = reader.bytes(reader.u16());
  if (signature.length !== 64) throw bad('signature length');
  return { authKey, extensions, macInput, handshakeAuth, signatureInput, signature };
}

const bad = (field: string): TorError => new TorError('VALUE_OUT_OF_RANGE', 'ESTABLISH_INTRO', { facts: { field } });

/** N_PARAMS (1), then for each TYPE (1), VALUE (8): 1 rate, 2 burst. */
export const encodeIntroDosParams = (dos: IntroDosParams): Uint8Array =>
  new Writer(19).u8(2).u8(1).u64(BigInt(dos.ratePerSec)).u8(2).u64(BigInt(dos.burstPerSec)).finish();

/**
 * The parameters a list of extensions asks for; undefined when it does not ask, or names a parameter we do not know.
 * Values are as they came: 0 turns the defence off, and the introduction point judges the rest. Throws TRUNCATED.
 */
export function introDosParams(extensions: readonly ExtensionField[]): IntroDosParams | undefined {
  const field = findExtension(extensions, introDosExtension);
  if (field === undefined) return undefined;
  const reader = new Reader(field.body);
  const count = reader.u8();
  let [ratePerSec, burstPerSec] = [0, 0];
  for (let i = 0; i < count; i++) {
    const type = reader.u8();
    const value = Number(reader.u64());
    if (type === 1) ratePerSec = value;
    else if (type === 2) burstPerSec = value;
    else return undefined;
  }
  return { ratePerSec, burstPerSec };
}

/** INTRO_ESTABLISHED: a list of extensions, empty today. */
export const encodeIntroEstablished = (extensions: readonly ExtensionField[] = []): Uint8Array =>
  encodeExtensions(extensions);

/** Throws TRUNCATED; an empty body is an error, as in C tor. */
export const decodeIntroEstablished = (body: Uint8Array): ExtensionField[] => readExtensions(new Reader(body));
