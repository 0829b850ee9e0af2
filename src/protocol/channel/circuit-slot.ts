import { CellQueue } from './cell-queue.ts';
import type { CircuitHandler } from './channel.ts';

/** What a channel keeps for one circuit. */
export class CircuitSlot {
  /** The circuit id as a signed 32-bit number: a small integer for the engine, which the unsigned id may not be. */
  readonly key: number;
  readonly handler: CircuitHandler;
  /** We chose the id (CREATED comes to us), or the peer did. */
  readonly ours: boolean;
  readonly queue = new CellQueue();
  /** Exponentially weighted count of cells sent, in the scheduler's inflating unit. */
  sent = 0;
  /** Place in the scheduler's heap, -1 when nothing is queued. */
  heapIndex = -1;
  /** `send` said false; the handler waits for `writable`. */
  blocked = false;
  /** Cleared when the id is forgotten. */
  live = true;

  constructor(key: number, handler: CircuitHandler, ours: boolean) {
    this.key = key;
    this.handler = handler;
    this.ours = ours;
  }
}
