import type { Random } from '../../base/runtime/index.ts';

/** How often a pick is repeated before the accepted are listed one by one. */
const maxTries = 64;

/** Sums of weights in order, so that a weighted pick costs one binary search. */
export class WeightTable<T> {
  readonly #items: readonly T[];
  readonly #sums: Float64Array;
  /** The last item that weighs anything: rounding must not lead past it. */
  readonly #last: number;
  readonly total: number;

  constructor(items: readonly T[], weightOf: (item: T) => number) {
    this.#items = items;
    this.#sums = new Float64Array(items.length);
    let total = 0;
    let last = 0;
    for (let i = 0; i < items.length; i++) {
      const weight = weightOf(items[i] as T);
      if (weight > 0) {
        total += weight;
        last = i;
      }
      this.#sums[i] = total;
    }
    this.total = total;
    this.#last = last;
  }

  /** One item by weight; uniform when all weigh nothing; undefined when there is none. */
  pick(random: Random): T | undefined {
    const items = this.#items;
    if (items.length === 0) return undefined;
    if (this.total <= 0) return items[random.below(items.length)];
    return items[this.#search(random.unit() * this.total)];
  }

  /**
   * One of the items that pass `accept`, by weight: as if only those were in the table. Most picks end after a try or
   * two; when few items pass, they are gathered and weighed by themselves.
   */
  pickWhere(random: Random, accept: (item: T) => boolean): T | undefined {
    if (this.total > 0) {
      for (let i = 0; i < maxTries; i++) {
        const item = this.#items[this.#search(random.unit() * this.total)] as T;
        if (accept(item)) return item;
      }
    }
    const accepted: number[] = [];
    for (let i = 0; i < this.#items.length; i++) if (accept(this.#items[i] as T)) accepted.push(i);
    const table = new WeightTable(accepted, (i) => this.#weight(i));
    const index = table.pick(random);
    return index === undefined ? undefined : this.#items[index];
  }

  #weight(index: number): number {
    return (this.#sums[index] as number) - (index === 0 ? 0 : (this.#sums[index - 1] as number));
  }

  /** The first index whose sum is above `at`: an item of no weight is never found. */
  #search(at: number): number {
    let low = 0;
    let high = this.#last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sums[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
