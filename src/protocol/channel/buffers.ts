import { cellLength } from '../../wire/cell/index.ts';

/** The most whole cells that fit one TLS record of 16384 bytes: 31, or 15934 bytes. */
export const recordLength = 31 * cellLength;
/** The most given to the socket at once. */
export const blockLength = 4 * recordLength;
const cellsPerSlab = 64;

/**
 * Buffers shared by the channels of a node: blocks for writes to the socket, and single cells for circuit queues.
 * What comes back is kept up to a limit and the rest left to the garbage collector.
 */
export class CellBuffers {
  readonly #blocks: Uint8Array[] = [];
  readonly #cells: Uint8Array[] = [];
  readonly #keepBlocks: number;
  readonly #keepCells: number;
  #cellsInUse = 0;

  constructor(options: { readonly keepBlocks?: number; readonly keepCells?: number } = {}) {
    this.#keepBlocks = options.keepBlocks ?? 32;
    this.#keepCells = options.keepCells ?? 16_384;
  }

  /** Bytes that circuit queues hold now, over all channels. */
  get queuedBytes(): number {
    return this.#cellsInUse * cellLength;
  }

  takeBlock(): Uint8Array {
    return this.#blocks.pop() ?? new Uint8Array(blockLength);
  }

  giveBlock(block: Uint8Array): void {
    if (this.#blocks.length < this.#keepBlocks) this.#blocks.push(block);
  }

  /** 514 bytes with old content. */
  takeCell(): Uint8Array {
    this.#cellsInUse++;
    return this.#cells.pop() ?? this.#cut();
  }

  giveCell(cell: Uint8Array): void {
    this.#cellsInUse--;
    if (this.#cells.length < this.#keepCells) this.#cells.push(cell);
  }

  #cut(): Uint8Array {
    const slab = new Uint8Array(cellsPerSlab * cellLength);
    for (let i = 1; i < cellsPerSlab; i++) this.#cells.push(slab.subarray(i * cellLength, (i + 1) * cellLength));
    return slab.subarray(0, cellLength);
  }
}
