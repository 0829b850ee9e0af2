import { Reader, Writer } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

/** CONFLUX_LINK and CONFLUX_LINKED: which set a leg belongs to. spec: proposal 329, 3 */
export interface ConfluxLink {
  /** 32 bytes that name the set. */
  readonly nonce: Uint8Array;
  readonly lastSent: bigint;
  readonly lastReceived: bigint;
  /** What the client would like: see `ConfluxUx`. */
  readonly desiredUx: number;
}

export const ConfluxUx = {
  NO_OPINION: 0,
  MIN_LATENCY: 1,
  LOW_MEM_LATENCY: 2,
  HIGH_THROUGHPUT: 3,
  LOW_MEM_THROUGHPUT: 4,
} as const;

/** Version 1 (1), nonce (32), last sequence sent (8), last received (8), UX (1). */
export function encodeConfluxLink(link: ConfluxLink): Uint8Array {
  if (link.nonce.length !== 32) throw new TorError('INTERNAL', 'a conflux nonce has 32 bytes');
  return new Writer(50).u8(1).bytes(link.nonce).u64(link.lastSent).u64(link.lastReceived).u8(link.desiredUx).finish();
}

/** Throws TRUNCATED, VALUE_OUT_OF_RANGE. */
export function decodeConfluxLink(body: Uint8Array): ConfluxLink {
  const reader = new Reader(body);
  const version = reader.u8();
  if (version !== 1) throw new TorError('VALUE_OUT_OF_RANGE', 'conflux of an unknown version', { facts: { version } });
  const nonce = reader.bytes(32);
  const link = { nonce, lastSent: reader.u64(), lastReceived: reader.u64(), desiredUx: reader.u8() };
  if (link.desiredUx > 4) throw new TorError('VALUE_OUT_OF_RANGE', 'conflux wish out of range');
  return link;
}

/** How many cells were sent on the other legs since the last switch (4). */
export const encodeConfluxSwitch = (relativeSequence: number): Uint8Array =>
  new Writer(4).u32(relativeSequence).finish();

/** Throws TRUNCATED; 0 is a violation, but not of the format. */
export const decodeConfluxSwitch = (body: Uint8Array): number => new Reader(body).u32();
