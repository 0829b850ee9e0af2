/** Where bytes of many cells are gathered, so that a turn makes one write. */
interface Block {
  readonly bytes: Buffer;
  /** Writes from this block that the socket still holds. */
  pending: number;
}

const blockBytes = 64 * 1024;
/** Free blocks kept by all gatherers together. */
const poolLimit = 32;

/** Blocks that no socket holds any more, shared by everything that pumps in this process. */
export class BlockPool {
  readonly #free: Block[] = [];

  take(): Block {
    return this.#free.pop() ?? { bytes: Buffer.allocUnsafeSlow(blockBytes), pending: 0 };
  }

  give(block: Block): void {
    if (this.#free.length < poolLimit) this.#free.push(block);
  }
}

/**
 * Copies views that are valid during a call only into blocks, and hands out what was gathered. Blocks go back to the
 * pool when every write made from them is done; writes are done in the order they were taken.
 */
export class Gatherer {
  readonly #pool: BlockPool;
  readonly #flush: (bytes: Buffer) => void;
  readonly #inFlight: Block[] = [];
  #block: Block | undefined;
  #start = 0;
  #end = 0;

  /** `flush` must lead to one `done()` for each call, in order. */
  constructor(pool: BlockPool, flush: (bytes: Buffer) => void) {
    this.#pool = pool;
    this.#flush = flush;
  }

  get gathered(): number {
    return this.#end - this.#start;
  }

  add(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const block = this.#room();
      const count = Math.min(bytes.length - at, blockBytes - this.#end);
      block.bytes.set(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#end);
      this.#end += count;
      at += count;
    }
  }

  /** Passes on what was gathered since the last time. */
  flush(): void {
    const block = this.#block;
    if (block === undefined || this.#end === this.#start) return;
    const piece = block.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    block.pending++;
    this.#inFlight.push(block);
    this.#flush(piece);
  }

  /** The oldest write that was passed on is done. */
  done(): void {
    const block = this.#inFlight.shift();
    if (block === undefined) return;
    block.pending--;
    if (block.pending > 0) return;
    if (block !== this.#block) this.#pool.give(block);
    else if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  /** Gives the current block back when nothing holds it. Call once at the end. */
  close(): void {
    const block = this.#block;
    this.#block = undefined;
    if (block !== undefined && block.pending === 0) this.#pool.give(block);
  }

  #room(): Block {
    if (this.#block !== undefined && this.#end < blockBytes) return this.#block;
    if (this.#block !== undefined) this.flush();
    const block = this.#pool.take();
    this.#block = block;
    this.#start = 0;
    this.#end = 0;
    return block;
  }
}
