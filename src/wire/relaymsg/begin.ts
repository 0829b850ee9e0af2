import { fromLatin1, latin1, Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { parseIpv6 } from '../../base/ip/index.ts';

/** A request for a TCP stream. spec: tor-spec 6.2 */
export interface Begin {
  /** Host name, dotted IPv4, or IPv6 without brackets; empty for onion services. */
  readonly address: string;
  readonly port: number;
  /** See `BeginFlag`. */
  readonly flags: number;
}

export const BeginFlag = { IPV6_OK: 1, IPV4_NOT_OK: 2, IPV6_PREFERRED: 4 } as const;

/** ADDRPORT, NUL, and FLAGS (4) when there are any. */
export function encodeBegin(begin: Begin): Uint8Array {
  const host = begin.address.includes(':') ? `[${begin.address}]` : begin.address;
  if (/[^\x21-\x7e]/.test(host)) throw new TorError('BAD_ADDRESS', 'a stream address must be printable ASCII');
  const writer = new Writer(64).bytes(fromLatin1(`${host}:${begin.port}`)).u8(0);
  if (begin.flags !== 0) writer.u32(begin.flags);
  return writer.finish();
}

/**
 * Throws BAD_ADDRESS when the text is not address:port (the answer is END with TORPROTOCOL, the circuit lives on).
 *
 * As C tor: the address is cut at the last colon, and flags shorter than four bytes count as none. The address is lower
 * case, as exits see it.
 */
export function decodeBegin(body: Uint8Array): Begin {
  const nul = body.indexOf(0);
  if (nul < 0) throw bad('BEGIN without NUL');
  const text = latin1(body.subarray(0, nul));
  if (parseIpv6(text) !== undefined) throw bad('BEGIN to an IPv6 address without a port');
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw bad('BEGIN without a port');
  const digits = text.slice(colon + 1);
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65535) throw bad('BEGIN with a bad port');
  const host = text.slice(0, colon);
  const bracketed = host.startsWith('[') && host.endsWith(']') && host.includes(':');
  const address = bracketed ? host.slice(1, -1) : host;
  const reader = new Reader(body.subarray(nul + 1));
  return { address: address.toLowerCase(), port, flags: reader.remaining >= 4 ? reader.u32() : 0 };
}

const bad = (why: string): TorError => new TorError('BAD_ADDRESS', why);
