import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** NETINFO: the time, the receiver's address as the sender sees it, the sender's own addresses. spec: tor-spec 4.5 */
export interface Netinfo {
  /** Seconds since 1970; clients send 0. */
  readonly timestamp: number;
  /** 4 or 16 bytes; undefined when of a kind we do not know. */
  readonly otherAddress: Uint8Array | undefined;
  /** 4 or 16 bytes each; unknown kinds are left out. */
  readonly myAddresses: readonly Uint8Array[];
}

const typeIpv4 = 4;
const typeIpv6 = 6;

export function encodeNetinfo(message: Netinfo): Uint8Array {
  const writer = new Writer(32).u32(message.timestamp);
  writeAddress(writer, message.otherAddress ?? new Uint8Array(4));
  writer.u8(message.myAddresses.length);
  for (const address of message.myAddresses) writeAddress(writer, address);
  return writer.finish();
}

function writeAddress(writer: Writer, address: Uint8Array): void {
  writer
    .u8(address.length === 4 ? typeIpv4 : typeIpv6)
    .u8(address.length)
    .bytes(address);
}

/** The rest of the cell is padding and ignored. Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeNetinfo(body: Uint8Array): Netinfo {
  const reader = new Reader(body);
  const timestamp = reader.u32();
  const otherAddress = readAddress(reader);
  const count = reader.u8();
  const myAddresses: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const address = readAddress(reader);
    if (address !== undefined) myAddresses.push(address);
  }
  return { timestamp, otherAddress, myAddresses };
}

function readAddress(reader: Reader): Uint8Array | undefined {
  const type = reader.u8();
  const address = reader.bytes(reader.u8());
  if (type !== typeIpv4 && type !== typeIpv6) return undefined;
  if (address.length !== (type === typeIpv4 ? 4 : 16)) {
    throw new TorError('VALUE_OUT_OF_RANGE', 'NETINFO address of a wrong length', { facts: { type } });
  }
  return address.slice();
}
