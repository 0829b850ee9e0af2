import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** AUTHENTICATE as a type and an opaque body. spec: tor-spec 4.4 */
export interface Authenticate {
  readonly type: number;
  readonly body: Uint8Array;
}

export function encodeAuthenticate(message: Authenticate): Uint8Array {
  return new Writer(4 + message.body.length).u16(message.type).u16(message.body.length).bytes(message.body).finish();
}

/** Bytes after the body are ignored, as in C tor. Throws TRUNCATED. */
export function decodeAuthenticate(body: Uint8Array): Authenticate {
  const reader = new Reader(body);
  const type = reader.u16();
  return { type, body: reader.bytes(reader.u16()) };
}

/** The fields that both ends of an Ed25519-SHA256-RFC5705 authentication must agree on. spec: tor-spec 4.4.2 */
export interface AuthenticateFields {
  /** SHA-256 of the initiator's RSA identity key (PKCS#1). */
  readonly initiatorRsa: Uint8Array;
  /** SHA-256 of the responder's RSA identity key (PKCS#1). */
  readonly responderRsa: Uint8Array;
  readonly initiatorEd25519: Uint8Array;
  readonly responderEd25519: Uint8Array;
  /** SHA-256 of all bytes the responder sent before AUTHENTICATE. */
  readonly responderLog: Uint8Array;
  /** SHA-256 of all bytes the initiator sent before AUTHENTICATE. */
  readonly initiatorLog: Uint8Array;
  /** SHA-256 of the responder's TLS certificate. */
  readonly tlsCertificate: Uint8Array;
  /** RFC 5705 exporter output. */
  readonly tlsSecrets: Uint8Array;
}

const magic = Uint8Array.from('AUTH0003', (c) => c.charCodeAt(0));
const fixedLength = 8 + 8 * 32;
const randomLength = 24;
const signatureLength = 64;
export const authenticateSignedLength = fixedLength + randomLength;

/** Magic and the eight 32-byte fields: the part both sides compute alike. */
export function encodeAuthenticateFields(fields: AuthenticateFields): Uint8Array {
  return new Writer(fixedLength)
    .bytes(magic)
    .bytes(fields.initiatorRsa)
    .bytes(fields.responderRsa)
    .bytes(fields.initiatorEd25519)
    .bytes(fields.responderEd25519)
    .bytes(fields.responderLog)
    .bytes(fields.initiatorLog)
    .bytes(fields.tlsCertificate)
    .bytes(fields.tlsSecrets)
    .finish();
}

/** A type 3 body taken apart: what must equal ours, what is signed, the signature. */
export interface AuthenticateBody {
  readonly fields: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE (the signature must be 64 bytes). */
export function decodeAuthenticateBody(body: Uint8Array): AuthenticateBody {
  const reader = new Reader(body);
  const fields = reader.bytes(fixedLength);
  reader.bytes(randomLength);
  const signature = reader.rest();
  if (signature.length !== signatureLength) {
    throw new TorError('VALUE_OUT_OF_RANGE', 'AUTHENTICATE signature of a wrong length');
  }
  return { fields, signed: body.subarray(0, authenticateSignedLength), signature };
}
