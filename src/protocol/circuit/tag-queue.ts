/** Tags of sent cells that SENDMEs must quote, oldest first. */
export class TagQueue {
  #tags: Uint8Array[] = [];
  #head = 0;

  get length(): number {
    return this.#tags.length - this.#head;
  }

  /** Keeps a copy. */
  push(tag: Uint8Array): void {
    this.#tags.push(tag.slice());
  }

  shift(): Uint8Array | undefined {
    const tag = this.#tags[this.#head];
    if (tag === undefined) return undefined;
    this.#head++;
    if (this.#head > 16 && this.#head * 2 > this.#tags.length) {
      this.#tags = this.#tags.slice(this.#head);
      this.#head = 0;
    }
    return tag;
  }
}
