/**
 * The bytes of a handshake that are not read yet, in one flat block. A handshake is a few hundred bytes and may come in
 * byte by byte; looking at any byte costs the same whatever the pieces were.
 */
export class HandshakeInput {
  #data: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const needed = this.length + chunk.length;
    if (this.#end + chunk.length > this.#data.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.length, 64));
      grown.set(this.#data.subarray(this.#start, this.#end));
      this.#end = this.length;
      this.#start = 0;
      this.#data = grown;
    }
    this.#data.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  at(index: number): number | undefined {
    return index < this.length ? this.#data[this.#start + index] : undefined;
  }

  /** The index of a byte at or after `from` and below `limit`, or undefined. */
  indexOf(byte: number, from: number, limit: number): number | undefined {
    const stop = this.#start + Math.min(limit, this.length);
    const at = this.#data.subarray(0, stop).indexOf(byte, this.#start + from);
    return at === -1 ? undefined : at - this.#start;
  }

  /** A view of the first `count` bytes, or of fewer when fewer are there. */
  peek(count: number): Uint8Array {
    return this.#data.subarray(this.#start, Math.min(this.#end, this.#start + count));
  }

  /** Exactly `count` bytes, or undefined. */
  take(count: number): Uint8Array | undefined {
    if (count > this.length) return undefined;
    const out = this.peek(count);
    this.#start += count;
    return out;
  }

  /** Everything that is left; the block is forgotten. */
  takeRest(): Uint8Array {
    const out = this.#data.subarray(this.#start, this.#end);
    this.#data = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
    return out;
  }
}
