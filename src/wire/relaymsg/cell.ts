import type { Random } from '../../base/runtime/index.ts';
import { carriesStreamId, isKnownRelayCommand } from './commands.ts';

/** How a relay message lies in the 509 bytes of a cell: version 0 with tor1 layers, version 1 with CGO. */
export type RelayCellFormat = 0 | 1;

const bodyLength = 509;

/** Data bytes of a DATA message: 498 in version 0, 488 in version 1. */
export const maxDataLength = (format: RelayCellFormat): number => (format === 0 ? 498 : 488);

/** The longest message body: 498; in version 1 it is 488 with a stream id and 490 without. */
export function maxMessageLength(format: RelayCellFormat, command: number): number {
  if (format === 0) return 498;
  return carriesStreamId(command) ? 488 : 490;
}

/** Where the message body starts. */
export function messageOffset(format: RelayCellFormat, command: number): number {
  if (format === 0) return 11;
  return carriesStreamId(command) ? 21 : 19;
}

/**
 * Writes header and message into the 509 bytes of `cell`; recognized, digest and tag are left zero for the layer to fill.
 * What the message does not fill becomes four zeros and random bytes, so that no observer can foretell the digest.
 *
 * The caller has checked the length: see `maxMessageLength`.
 *
 * spec: tor-spec 6.1 and 7.4; version 1: proposal 359 and C tor `relay_msg.c`
 */
export function writeRelayCell(
  cell: Uint8Array,
  format: RelayCellFormat,
  command: number,
  streamId: number,
  message: Uint8Array,
  random: Random,
): void {
  const length = message.length;
  const start = writeRelayHeader(cell, format, command, streamId, length);
  cell.set(message, start);
  padRelayCell(cell, start + length, random);
}

/** The header alone; returns where the message goes. */
export function writeRelayHeader(
  cell: Uint8Array,
  format: RelayCellFormat,
  command: number,
  streamId: number,
  length: number,
): number {
  if (format === 0) {
    cell[0] = command;
    cell[1] = 0;
    cell[2] = 0;
    cell[3] = streamId >>> 8;
    cell[4] = streamId;
    cell[5] = 0;
    cell[6] = 0;
    cell[7] = 0;
    cell[8] = 0;
    cell[9] = length >>> 8;
    cell[10] = length;
    return 11;
  }
  cell.fill(0, 0, 16);
  cell[16] = command;
  cell[17] = length >>> 8;
  cell[18] = length;
  if (!carriesStreamId(command)) return 19;
  cell[19] = streamId >>> 8;
  cell[20] = streamId;
  return 21;
}

/** Fills what follows a message: up to four zeros, then random bytes. */
export function padRelayCell(cell: Uint8Array, end: number, random: Random): void {
  const randomFrom = Math.min(end + 4, bodyLength);
  cell.fill(0, end, randomFrom);
  if (randomFrom < bodyLength) cell.set(random.bytes(bodyLength - randomFrom), randomFrom);
}

/** The header of a recognised cell, read into one reused object. */
export class RelayHeader {
  command = 0;
  streamId = 0;
  /** Where the message starts in the cell, and how long it is. */
  offset = 0;
  length = 0;

  /** Reads a cell; false when it is malformed (the circuit is then closed with TORPROTOCOL). */
  read(cell: Uint8Array, format: RelayCellFormat): boolean {
    return format === 0 ? this.#readV0(cell) : this.#readV1(cell);
  }

  #readV0(cell: Uint8Array): boolean {
    this.command = cell[0] as number;
    this.streamId = ((cell[3] as number) << 8) | (cell[4] as number);
    this.length = ((cell[9] as number) << 8) | (cell[10] as number);
    this.offset = 11;
    return this.length <= bodyLength - 11;
  }

  #readV1(cell: Uint8Array): boolean {
    const command = cell[16] as number;
    if (!isKnownRelayCommand(command)) return false;
    this.command = command;
    this.length = ((cell[17] as number) << 8) | (cell[18] as number);
    if (carriesStreamId(command)) {
      this.streamId = ((cell[19] as number) << 8) | (cell[20] as number);
      this.offset = 21;
    } else {
      this.streamId = 0;
      this.offset = 19;
    }
    return this.length <= bodyLength - this.offset;
  }
}
