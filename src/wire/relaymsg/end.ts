import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** Why a stream ends: the first byte of END. spec: tor-spec 6.3 */
export const EndReason = {
  MISC: 1,
  RESOLVEFAILED: 2,
  CONNECTREFUSED: 3,
  EXITPOLICY: 4,
  DESTROY: 5,
  DONE: 6,
  TIMEOUT: 7,
  NOROUTE: 8,
  HIBERNATING: 9,
  INTERNAL: 10,
  RESOURCELIMIT: 11,
  CONNRESET: 12,
  TORPROTOCOL: 13,
  NOTDIRECTORY: 14,
} as const;

const names = new Map<number, string>(Object.entries(EndReason).map(([name, reason]) => [reason, name]));

/** Control-port name of a reason, or its number when unknown. */
export const endReasonName = (reason: number): string => names.get(reason) ?? `${reason}`;

export interface End {
  readonly reason: number;
  /** With EXITPOLICY: the address that was refused, 4 or 16 bytes. */
  readonly address?: Uint8Array;
  /** With EXITPOLICY and an address: how long the name may be remembered as that address. */
  readonly ttlSec?: number;
}

/** Reason (1); after EXITPOLICY optionally address (4 or 16) and TTL (4). */
export function encodeEnd(end: End): Uint8Array {
  const writer = new Writer(21).u8(end.reason);
  if (end.address !== undefined) writer.bytes(end.address).u32(end.ttlSec ?? 0);
  return writer.finish();
}

/**
 * Throws TRUNCATED for an empty body: C tor closes the circuit then.
 *
 * As C tor, an EXITPOLICY address counts only when the length is exactly that of an address with or without a TTL.
 */
export function decodeEnd(body: Uint8Array): End {
  if (body.length === 0) throw new TorError('TRUNCATED', 'END without a reason');
  const reader = new Reader(body);
  const reason = reader.u8();
  const size = body.length === 5 || body.length === 9 ? 4 : body.length === 17 || body.length === 21 ? 16 : 0;
  if (reason !== EndReason.EXITPOLICY || size === 0) return { reason };
  const address = reader.bytes(size);
  return reader.remaining === 4 ? { reason, address, ttlSec: reader.u32() } : { reason, address };
}
