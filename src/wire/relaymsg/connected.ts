import { isAllZero, Reader, Writer } from '../../base/bytes/index.ts';

/** Where an exit connected to. */
export interface ConnectedAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly ttlSec: number;
}

/** Empty for BEGIN_DIR and onion services; IPv4 (4) TTL (4); or zeros (4), 6, IPv6 (16), TTL (4). spec: tor-spec 6.2 */
export function encodeConnected(connected?: ConnectedAddress): Uint8Array {
  if (connected === undefined) return new Uint8Array(0);
  const { address, ttlSec } = connected;
  if (address.length === 4) return new Writer(8).bytes(address).u32(ttlSec).finish();
  return new Writer(25).u32(0).u8(6).bytes(address).u32(ttlSec).finish();
}

/** The TTL C tor assumes when an old exit sends the address alone. */
const unknownTtlSec = -1;

/** Undefined when no address is told. Throws TRUNCATED for a body between the known forms. */
export function decodeConnected(body: Uint8Array): ConnectedAddress | undefined {
  if (body.length === 0) return undefined;
  const reader = new Reader(body);
  const v4 = reader.bytes(4);
  if (!isAllZero(v4)) return { address: v4, ttlSec: ttl(reader) };
  if (reader.remaining === 0) return undefined;
  if (reader.u8() !== 6) return undefined;
  return { address: reader.bytes(16), ttlSec: ttl(reader) };
}

const ttl = (reader: Reader): number => (reader.remaining >= 4 ? reader.u32() : unknownTtlSec);
