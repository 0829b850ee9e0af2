/** TLS gives out no more than a record at a time. */
const bufferBytes = 16 * 1024;

/**
 * Takes what a TLS socket reads, in one buffer used again and again. What comes before anybody is attached waits in
 * copies: no more than a record or two, since a relay says nothing before its peer does.
 */
export class DirectReader {
  /** The option of the same name of the socket. */
  readonly onread = {
    buffer: new Uint8Array(bufferBytes),
    callback: (length: number, buffer: Uint8Array): boolean => {
      const chunk = buffer.subarray(0, length);
      if (this.#take === undefined) this.#early.push(chunk.slice());
      else this.#take(chunk);
      return true;
    },
  };
  #early: Uint8Array[] = [];
  #take: ((chunk: Uint8Array) => void) | undefined;

  /** `take` gets every chunk from now on; it may change it, and must keep nothing of it. */
  attach(take: (chunk: Uint8Array) => void): void {
    this.#take = take;
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) take(chunk);
  }
}
