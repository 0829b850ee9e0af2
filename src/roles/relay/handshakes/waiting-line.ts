import { TorError } from '../../../base/errors/index.ts';
import type { CreateAnswer } from '../../../protocol/circuit/index.ts';
import type { CreateRequest } from './types.ts';

/** A CREATE cell that waits, and who wants to know. */
export interface Waiting {
  readonly request: CreateRequest;
  readonly answered: (answer: CreateAnswer) => void;
  readonly failed: (error: unknown) => void;
  readonly sinceMs: number;
}

/** First in, first out, of bounded length: when it is full, the oldest goes, whose client has waited longest already. */
export class WaitingLine {
  readonly #max: number;
  #items: Waiting[] = [];
  #head = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(waiting: Waiting): void {
    if (this.length >= this.#max) {
      this.#shift()?.failed(new TorError('QUEUE_FULL', 'too many circuits are being asked for'));
    }
    this.#items.push(waiting);
  }

  /** The next that is still wanted and did not wait since before `oldestMs`; the others hear why not. */
  next(oldestMs: number): Waiting | undefined {
    for (;;) {
      const one = this.#shift();
      if (one === undefined) return undefined;
      if (!one.request.wanted()) one.failed(new TorError('ABORTED'));
      else if (one.sinceMs >= oldestMs) return one;
      else one.failed(new TorError('QUEUE_FULL', 'the circuit waited too long for its handshake'));
    }
  }

  /** Everybody hears ABORTED. */
  clear(): void {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    for (const one of items) one.failed(new TorError('ABORTED'));
  }

  #shift(): Waiting | undefined {
    const one = this.#items[this.#head];
    if (one === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#items.length || this.#head > 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return one;
  }
}
