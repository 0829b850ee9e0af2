/** A first-in first-out queue of bytes kept as the chunks that came in. Nothing is copied until it must be. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #offset = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The byte at `index` from the front, or undefined. */
  at(index: number): number | undefined {
    if (index >= this.#length) return undefined;
    let at = index + this.#offset;
    for (let i = this.#head; ; i++) {
      const chunk = this.#chunks[i] as Uint8Array;
      if (at < chunk.length) return chunk[at];
      at -= chunk.length;
    }
  }

  /** Takes exactly `count` bytes (a view when they lie in one chunk), or undefined when there are fewer. */
  take(count: number): Uint8Array | undefined {
    if (count > this.#length) return undefined;
    if (count === 0) return new Uint8Array(0);
    const first = this.#chunks[this.#head] as Uint8Array;
    if (first.length - this.#offset >= count) {
      const out = first.subarray(this.#offset, this.#offset + count);
      this.#drop(count);
      return out;
    }
    const out = new Uint8Array(count);
    this.copyTo(out);
    this.#drop(count);
    return out;
  }

  /** The first chunk as it lies, at most `max` bytes; undefined when empty. */
  takeChunk(max = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const first = this.#chunks[this.#head] as Uint8Array;
    const count = Math.min(first.length - this.#offset, max);
    const out = first.subarray(this.#offset, this.#offset + count);
    this.#drop(count);
    return out;
  }

  /** Copies from the front into `target` without taking; returns the number of bytes copied. */
  copyTo(target: Uint8Array): number {
    let at = 0;
    let offset = this.#offset;
    for (let i = this.#head; i < this.#chunks.length && at < target.length; i++) {
      const chunk = this.#chunks[i] as Uint8Array;
      const piece = chunk.subarray(offset, offset + target.length - at);
      target.set(piece, at);
      at += piece.length;
      offset = 0;
    }
    return at;
  }

  skip(count: number): void {
    this.#drop(Math.min(count, this.#length));
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#offset = 0;
    this.#length = 0;
  }

  #drop(count: number): void {
    this.#length -= count;
    let left = count + this.#offset;
    while (this.#head < this.#chunks.length) {
      const size = (this.#chunks[this.#head] as Uint8Array).length;
      if (left < size) break;
      left -= size;
      this.#chunks[this.#head++] = empty;
    }
    this.#offset = left;
    if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}

const empty = new Uint8Array(0);
