const leastSize = 16;
const noCells: (Uint8Array | undefined)[] = [];
const noTimes: number[] = [];

/** First-in first-out ring of whole cells with the time each came in. Takes no room before its first cell. */
export class CellQueue {
  #cells = noCells;
  #times = noTimes;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** When the oldest cell was queued; undefined when empty. */
  get oldestMs(): number | undefined {
    return this.#length === 0 ? undefined : this.#times[this.#head];
  }

  push(cell: Uint8Array, nowMs: number): void {
    if (this.#length === this.#cells.length) this.#grow();
    const at = (this.#head + this.#length) & (this.#cells.length - 1);
    this.#cells[at] = cell;
    this.#times[at] = nowMs;
    this.#length++;
  }

  shift(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const cell = this.#cells[this.#head];
    this.#cells[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#cells.length - 1);
    this.#length--;
    return cell;
  }

  #grow(): void {
    const size = this.#cells.length;
    const larger = Math.max(leastSize, size * 2);
    const cells: (Uint8Array | undefined)[] = new Array(larger);
    const times = new Array<number>(larger).fill(0);
    for (let i = 0; i < this.#length; i++) {
      const from = (this.#head + i) & (size - 1);
      cells[i] = this.#cells[from];
      times[i] = this.#times[from] as number;
    }
    this.#cells = cells;
    this.#times = times;
    this.#head = 0;
  }
}
