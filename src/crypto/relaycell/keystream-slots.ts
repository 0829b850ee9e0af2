import { slots } from './layout.ts';

/** Who has a slot; told when another takes it. */
export interface SlotOwner {
  lostSlot(): void;
}

/**
 * Lends out the slots for keystream in the engine's memory, from where a cell is encrypted without copying its keystream
 * first. The busy take them in turn from whoever has them, so that nobody needs to give one back: the owners remembered,
 * dead circuits among them, are no more than the slots.
 */
export class KeystreamSlots {
  readonly #owners: (SlotOwner | undefined)[] = new Array<SlotOwner | undefined>(slots.count).fill(undefined);
  #next = 0;

  /** The address of a slot, which belongs to the owner until `lostSlot` is called. */
  take(owner: SlotOwner): number {
    const slot = this.#next;
    this.#next = (slot + 1) % slots.count;
    this.#owners[slot]?.lostSlot();
    this.#owners[slot] = owner;
    return slots.at + slot * slots.size;
  }
}
