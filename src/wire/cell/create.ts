import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { cellBodyLength } from './commands.ts';

/** Circuit handshake kinds of CREATE2 and EXTEND2. spec: tor-spec 5.1 */
export const HandshakeType = { TAP: 0, NTOR: 2, NTOR_V3: 3 } as const;

/** CREATE_FAST body: 20 random bytes. spec: tor-spec 5.1.3 */
export const encodeCreateFast = (x: Uint8Array): Uint8Array => sized(x, 20);

/** Throws TRUNCATED. */
export const decodeCreateFast = (body: Uint8Array): Uint8Array => new Reader(body).bytes(20);

export interface CreatedFast {
  readonly y: Uint8Array;
  /** KH, the proof that both sides derived the same keys. */
  readonly keyHash: Uint8Array;
}

export function encodeCreatedFast(message: CreatedFast): Uint8Array {
  return new Writer(40).bytes(sized(message.y, 20)).bytes(sized(message.keyHash, 20)).finish();
}

/** Throws TRUNCATED. */
export function decodeCreatedFast(body: Uint8Array): CreatedFast {
  const reader = new Reader(body);
  return { y: reader.bytes(20), keyHash: reader.bytes(20) };
}

export interface Create2 {
  readonly handshakeType: number;
  readonly data: Uint8Array;
}

/** HTYPE (2), HLEN (2), HDATA; at most 505 bytes of data. */
export function encodeCreate2(message: Create2): Uint8Array {
  return new Writer(4 + message.data.length)
    .u16(message.handshakeType)
    .u16(fitting(message.data, 4).length)
    .bytes(message.data)
    .finish();
}

/** Throws TRUNCATED. */
export function decodeCreate2(body: Uint8Array): Create2 {
  const reader = new Reader(body);
  const handshakeType = reader.u16();
  return { handshakeType, data: reader.bytes(reader.u16()) };
}

/** HLEN (2), HDATA; at most 507 bytes of data. */
export function encodeCreated2(data: Uint8Array): Uint8Array {
  return new Writer(2 + data.length).u16(fitting(data, 2).length).bytes(data).finish();
}

/** Throws TRUNCATED. */
export function decodeCreated2(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  return reader.bytes(reader.u16());
}

function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new TorError('INTERNAL', `expected ${length} bytes, got ${bytes.length}`);
}

function fitting(data: Uint8Array, header: number): Uint8Array {
  if (data.length + header <= cellBodyLength) return data;
  throw new TorError('INTERNAL', `a handshake of ${data.length} bytes does not fit a cell`);
}
