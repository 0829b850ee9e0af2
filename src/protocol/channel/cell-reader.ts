import { cellBodyLength, isVariableLength } from '../../wire/cell/index.ts';

/** Where the reader puts what it found. Ids are signed 32-bit numbers (see `CircuitSlot.key`). */
export interface CellSink {
  /** `data` holds 509 bytes of body from `bodyAt`; they may be changed in place and are gone after the call. */
  fixed(circuit: number, command: number, data: Uint8Array, bodyAt: number): void;
  /** `whole` is the cell as it came, header included; the body starts at `bodyAt`. Both are gone after the call. */
  variable(circuit: number, command: number, whole: Uint8Array, bodyAt: number): void;
  /** Largest body of a variable-length command that may come now; a longer one goes to `oversized`. */
  bodyLimit(command: number): number;
  oversized(command: number, length: number): void;
  /** The chunk is used up. */
  chunkEnd(): void;
}

/**
 * Cuts a byte stream into cells. A cell that lies within one chunk is handed out where it lies; only one that crosses
 * chunks is put together in a buffer of its own. spec: tor-spec 3
 */
export class CellReader {
  readonly #sink: CellSink;
  #idLength: 2 | 4 = 2;
  #partial = new Uint8Array(1024);
  #have = 0;
  #stopped = false;

  constructor(sink: CellSink) {
    this.#sink = sink;
  }

  /** Four-byte circuit ids from the next cell on: link protocol 4 and later. */
  useWideIds(): void {
    this.#idLength = 4;
  }

  /** No cell is handed out any more. */
  stop(): void {
    this.#stopped = true;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (this.#have > 0 && at < chunk.length && !this.#stopped) at = this.#complete(chunk, at);
    if (this.#have === 0 && !this.#stopped) this.#cut(chunk, at, chunk.length);
    if (!this.#stopped) this.#sink.chunkEnd();
  }

  /** Hands out the cells of `data[start, end)` and keeps what is left over. */
  #cut(data: Uint8Array, start: number, end: number): void {
    let at = start;
    while (!this.#stopped) {
      const length = this.#cellLength(data, at, end);
      if (length > end - at) break;
      this.#hand(data, at, length);
      at += length;
    }
    if (at < end && !this.#stopped) {
      this.#reserve(end - at);
      this.#partial.set(data.subarray(at, end));
      this.#have = end - at;
    }
  }

  /** Bytes of the cell at `at`; when its header is not there yet, more than there are. */
  #cellLength(data: Uint8Array, at: number, end: number): number {
    const idLength = this.#idLength;
    const have = end - at;
    if (have <= idLength) return idLength + 1;
    const command = data[at + idLength] as number;
    if (!isVariableLength(command)) return idLength + 1 + cellBodyLength;
    if (have < idLength + 3) return idLength + 3;
    const length = ((data[at + idLength + 1] as number) << 8) | (data[at + idLength + 2] as number);
    if (length > this.#sink.bodyLimit(command)) {
      this.#stopped = true;
      this.#sink.oversized(command, length);
    }
    return idLength + 3 + length;
  }

  #hand(data: Uint8Array, at: number, length: number): void {
    if (this.#stopped) return;
    const idLength = this.#idLength;
    const circuit =
      idLength === 4
        ? ((data[at] as number) << 24) |
          ((data[at + 1] as number) << 16) |
          ((data[at + 2] as number) << 8) |
          (data[at + 3] as number)
        : ((data[at] as number) << 8) | (data[at + 1] as number);
    const command = data[at + idLength] as number;
    if (isVariableLength(command)) {
      this.#sink.variable(circuit, command, data.subarray(at, at + length), idLength + 3);
    } else this.#sink.fixed(circuit, command, data, at + idLength + 1);
  }

  /** Adds bytes of `chunk` to the cell begun earlier, hands it out when whole; returns how far the chunk is used. */
  #complete(chunk: Uint8Array, start: number): number {
    let at = start;
    for (;;) {
      const wanted = this.#cellLength(this.#partial, 0, this.#have);
      if (this.#stopped) return at;
      const missing = wanted - this.#have;
      if (missing <= 0) {
        this.#have = 0;
        const whole = this.#partial;
        this.#hand(whole, 0, wanted);
        if (this.#partial.length > 1024) this.#partial = new Uint8Array(1024);
        return at;
      }
      if (at === chunk.length) return at;
      const count = Math.min(missing, chunk.length - at);
      this.#reserve(wanted);
      this.#partial.set(chunk.subarray(at, at + count), this.#have);
      this.#have += count;
      at += count;
    }
  }

  #reserve(length: number): void {
    if (length <= this.#partial.length) return;
    const larger = new Uint8Array(length);
    larger.set(this.#partial.subarray(0, this.#have));
    this.#partial = larger;
  }
}
