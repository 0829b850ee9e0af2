import { answerCreate, type CreateAnswer } from '../../../protocol/circuit/index.ts';
import {
  type CreateRequest,
  defaultMaxDelayMs,
  defaultMaxDepth,
  type HandshakeQueue,
  type HandshakeQueueDeps,
  type HandshakeQueueOptions,
} from './types.ts';
import { type Waiting, WaitingLine } from './waiting-line.ts';

/** Handshakes in one go before cells get their turn: about two milliseconds. */
const perTurn = 8;

/**
 * Answers in this thread, a few at a time, so that a flood of CREATE cells cannot stop the cells of circuits that stand.
 */
export class LocalHandshakeQueue implements HandshakeQueue {
  readonly #deps: HandshakeQueueDeps;
  readonly #options: HandshakeQueueOptions;
  readonly #line: WaitingLine;
  #scheduled = false;

  constructor(deps: HandshakeQueueDeps, options: HandshakeQueueOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#line = new WaitingLine(options.maxDepth ?? defaultMaxDepth);
  }

  get depth(): number {
    return this.#line.length;
  }

  submit(request: CreateRequest, answered: (answer: CreateAnswer) => void, failed: (error: unknown) => void): void {
    this.#line.push({ request, answered, failed, sinceMs: this.#deps.clock.monotonic() });
    this.#schedule();
  }

  close(): void {
    this.#line.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#line.length === 0) return;
    this.#scheduled = true;
    this.#deps.later(() => {
      this.#scheduled = false;
      this.#work();
      this.#schedule();
    });
  }

  #work(): void {
    const oldestMs = this.#deps.clock.monotonic() - (this.#options.maxDelayMs?.() ?? defaultMaxDelayMs);
    for (let done = 0; done < perTurn; done++) {
      const one = this.#line.next(oldestMs);
      if (one === undefined) return;
      this.#answer(one);
    }
  }

  #answer(one: Waiting): void {
    let answer: CreateAnswer;
    try {
      answer = answerCreate(this.#deps, one.request, {
        keys: this.#options.keys(),
        congestion: this.#options.congestion(),
        cgo: this.#options.cgo,
      });
    } catch (error) {
      one.failed(error);
      return;
    }
    one.answered(answer);
  }
}
