import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

export interface Sendme {
  /** 0 (no body, or unauthenticated) or 1. */
  readonly version: number;
  /** The tag of the cell that filled the window, 20 bytes (tor1) or 16 (CGO); empty in version 0. */
  readonly tag: Uint8Array;
}

/** Version 0 is empty; version 1 is 1 (1), length (2), tag. spec: tor-spec 7.3.1.1, proposal 289 */
export function encodeSendme(tag?: Uint8Array): Uint8Array {
  if (tag === undefined) return new Uint8Array(0);
  return new Writer(3 + tag.length).u8(1).u16(tag.length).bytes(tag).finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE; bytes after the tag are ignored, as in C tor. */
export function decodeSendme(body: Uint8Array): Sendme {
  if (body.length === 0) return { version: 0, tag: new Uint8Array(0) };
  const reader = new Reader(body);
  const version = reader.u8();
  if (version > 1) throw new TorError('VALUE_OUT_OF_RANGE', 'SENDME of an unknown version', { facts: { version } });
  const length = reader.u16();
  if (length !== 20 && length !== 16) {
    throw new TorError('VALUE_OUT_OF_RANGE', 'SENDME tag of a wrong length', { facts: { length } });
  }
  const tag = reader.bytes(length);
  return { version, tag: version === 0 ? new Uint8Array(0) : tag };
}
