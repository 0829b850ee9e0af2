import type { CircuitCounters } from './types.ts';

const cellBytes = 509;
/** C tor counts what a version-0 message leaves unused as overhead, whatever the version. */
const messageBytes = 498;

/** Plain numbers, two additions a cell. Read by the control port (CIRC_BW). */
export class CellCounters implements CircuitCounters {
  readCells = 0;
  writtenCells = 0;
  deliveredReadBytes = 0;
  overheadReadBytes = 0;
  deliveredWrittenBytes = 0;
  overheadWrittenBytes = 0;

  get readBytes(): number {
    return this.readCells * cellBytes;
  }

  get writtenBytes(): number {
    return this.writtenCells * cellBytes;
  }

  readDelivered(messageLength: number): void {
    this.deliveredReadBytes += messageLength;
    this.overheadReadBytes += messageBytes - messageLength;
  }

  writtenDelivered(messageLength: number): void {
    this.deliveredWrittenBytes += messageLength;
    this.overheadWrittenBytes += messageBytes - messageLength;
  }
}
