import { isAllZero, Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** Where an exit connected to. */
export interface ConnectedAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** How long a name may be remembered as this address; undefined when the exit did not say, or said nonsense. */
  readonly ttlSec: number | undefined;
}

/** Empty for BEGIN_DIR and onion services; IPv4 (4), TTL (4); or zeros (4), 6, IPv6 (16), TTL (4). spec: tor-spec 6.2 */
export function encodeConnected(connected?: ConnectedAddress): Uint8Array {
  if (connected === undefined) return new Uint8Array(0);
  const { address, ttlSec } = connected;
  if (address.length === 4)
    return new Writer(8)
      .bytes(address)
      .u32(ttlSec ?? 0)
      .finish();
  if (address.length !== 16) throw new TorError('INTERNAL', 'an address has 4 or 16 bytes');
  return new Writer(25)
    .u32(0)
    .u8(6)
    .bytes(address)
    .u32(ttlSec ?? 0)
    .finish();
}

/**
 * Undefined when no address is told. Throws TRUNCATED, VALUE_OUT_OF_RANGE.
 *
 * C tor differs from the specification: an IPv4 address without TTL is accepted, and 0.0.0.0 never is.
 */
export function decodeConnected(body: Uint8Array): ConnectedAddress | undefined {
  if (body.length === 0) return undefined;
  const reader = new Reader(body);
  const v4 = reader.bytes(4);
  if (!isAllZero(v4)) return { address: v4, ttlSec: reader.remaining >= 4 ? sane(reader.u32()) : undefined };
  if (reader.u8() !== 6) throw new TorError('VALUE_OUT_OF_RANGE', 'CONNECTED with an unknown address type');
  const address = reader.bytes(16);
  return { address, ttlSec: sane(reader.u32()) };
}

const sane = (ttlSec: number): number | undefined => (ttlSec <= 0x7fffffff ? ttlSec : undefined);
