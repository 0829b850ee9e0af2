import type { CircuitSlot } from './circuit-slot.ts';

/** Circuits with queued cells, the one that sent least lately on top. */
export class CircuitHeap {
  readonly #slots: CircuitSlot[] = [];

  get length(): number {
    return this.#slots.length;
  }

  get top(): CircuitSlot | undefined {
    return this.#slots[0];
  }

  add(slot: CircuitSlot): void {
    slot.heapIndex = this.#slots.length;
    this.#slots.push(slot);
    this.#up(slot.heapIndex);
  }

  remove(slot: CircuitSlot): void {
    const at = slot.heapIndex;
    if (at < 0) return;
    slot.heapIndex = -1;
    const last = this.#slots.pop() as CircuitSlot;
    if (last === slot) return;
    this.#put(last, at);
    this.#up(at);
    this.#down(last.heapIndex);
  }

  /** The top's count grew: sink it. */
  sinkTop(): void {
    this.#down(0);
  }

  #put(slot: CircuitSlot, at: number): void {
    this.#slots[at] = slot;
    slot.heapIndex = at;
  }

  #up(start: number): void {
    let at = start;
    const slot = this.#slots[at] as CircuitSlot;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#slots[parentAt] as CircuitSlot;
      if (parent.sent <= slot.sent) break;
      this.#put(parent, at);
      at = parentAt;
    }
    this.#put(slot, at);
  }

  #down(start: number): void {
    let at = start;
    const slot = this.#slots[at] as CircuitSlot;
    const count = this.#slots.length;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= count) break;
      let child = this.#slots[childAt] as CircuitSlot;
      const other = this.#slots[childAt + 1];
      if (other !== undefined && other.sent < child.sent) {
        child = other;
        childAt++;
      }
      if (slot.sent <= child.sent) break;
      this.#put(child, at);
      at = childAt;
    }
    this.#put(slot, at);
  }
}
