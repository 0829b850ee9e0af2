import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** Version (1), always 0. spec: proposal 324, 4 */
export const encodeXoff = (): Uint8Array => Uint8Array.of(0);

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. C tor never looks into an XOFF. */
export function decodeXoff(body: Uint8Array): void {
  version(new Reader(body));
}

/** Version (1), advised rate in kilobytes a second (4); 0 means no limit. */
export const encodeXon = (kbps: number): Uint8Array => new Writer(5).u8(0).u32(kbps).finish();

/** The advised rate. Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeXon(body: Uint8Array): number {
  const reader = new Reader(body);
  version(reader);
  return reader.u32();
}

function version(reader: Reader): void {
  const value = reader.u8();
  if (value !== 0) throw new TorError('VALUE_OUT_OF_RANGE', 'flow control of an unknown version', { facts: { value } });
}
