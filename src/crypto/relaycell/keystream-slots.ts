import { slots } from './layout.ts';

/** Who has a slot; told when another takes it. */
export interface SlotOwner {
  lostSlot(): void;
}

/** Who has a cipher and keystream of its own. */
export interface Sleeper {
  /** Needed more keystream since it woke up, and since this was last set to false. */
  recent: boolean;
  sleep(): void;
}

/**
 * Ciphers and keystream held at a time. A direction that is used at all holds 1.6 kB, a busy one 18; one that begins
 * again pays for a new cipher, as much as for the encryption of twenty cells.
 */
const awakeMax = 2048;

/**
 * Lends out the slots for keystream in the engine's memory, from where a cell is encrypted without copying its keystream
 * first. The busy take them in turn from whoever has them, so that nobody needs to give one back: the owners remembered,
 * dead circuits among them, are no more than the slots. What is held outside of the engine is bounded in the same way,
 * but there those who were used since they were last asked keep theirs.
 */
export class KeystreamSlots {
  readonly #owners: (SlotOwner | undefined)[] = new Array<SlotOwner | undefined>(slots.count).fill(undefined);
  readonly #awake: Sleeper[] = [];
  readonly #awakeMax: number;
  #next = 0;
  #hand = 0;

  constructor(max = awakeMax) {
    this.#awakeMax = max;
  }

  /** The address of a slot, which belongs to the owner until `lostSlot` is called. */
  take(owner: SlotOwner): number {
    const slot = this.#next;
    this.#next = (slot + 1) % slots.count;
    this.#owners[slot]?.lostSlot();
    this.#owners[slot] = owner;
    return slots.at + slot * slots.size;
  }

  /** Counts one more that is awake; when there are too many, another is put to sleep. */
  wake(sleeper: Sleeper): void {
    const awake = this.#awake;
    if (awake.length < this.#awakeMax) {
      awake.push(sleeper);
      return;
    }
    for (;;) {
      const at = this.#hand;
      this.#hand = (at + 1) % this.#awakeMax;
      const other = awake[at] as Sleeper;
      if (other.recent) {
        other.recent = false;
        continue;
      }
      other.sleep();
      awake[at] = sleeper;
      return;
    }
  }
}
