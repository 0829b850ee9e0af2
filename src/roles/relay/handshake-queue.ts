import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import {
  answerCreate,
  type CongestionParams,
  type CreateAnswer,
  type RelayKeys,
} from '../../protocol/circuit/index.ts';

export interface CreateRequest {
  readonly command: number;
  /** A copy: the cell's buffer is used again. */
  readonly body: Uint8Array;
  /** False once the circuit went away: no work is done for it. */
  readonly wanted: () => boolean;
}

/** Answers CREATE cells, at once or elsewhere. Exactly one of the callbacks is called, once. */
export interface HandshakeQueue {
  /** `failed` gets QUEUE_FULL when there are too many waiting, else what the handshake threw. */
  submit(request: CreateRequest, answered: (answer: CreateAnswer) => void, failed: (error: unknown) => void): void;
  /** Waiting now. */
  readonly depth: number;
  close(): void;
}

export interface HandshakeQueueDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Calls back later in this turn: `setImmediate`. */
  readonly later: (callback: () => void) => void;
}

export interface HandshakeQueueOptions {
  readonly keys: () => RelayKeys;
  readonly congestion: () => CongestionParams;
  readonly cgo: boolean;
  /** MaxOnionQueueDelay: who waited longer is dropped. Default 1750 ms. */
  readonly maxDelayMs?: () => number;
  readonly maxDepth?: number;
}

interface Waiting {
  readonly request: CreateRequest;
  readonly answered: (answer: CreateAnswer) => void;
  readonly failed: (error: unknown) => void;
  readonly sinceMs: number;
}

const defaultMaxDelayMs = 1750;
const defaultMaxDepth = 4096;
/** Handshakes in one go before cells get their turn: about two milliseconds. */
const perTurn = 8;

/**
 * Answers in this thread, a few at a time, so that a flood of CREATE cells cannot stop the cells of circuits that stand.
 * First in, first out; who waited too long is dropped, for its client has gone elsewhere.
 */
export class LocalHandshakeQueue implements HandshakeQueue {
  readonly #deps: HandshakeQueueDeps;
  readonly #options: HandshakeQueueOptions;
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(deps: HandshakeQueueDeps, options: HandshakeQueueOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  get depth(): number {
    return this.#waiting.length;
  }

  submit(request: CreateRequest, answered: (answer: CreateAnswer) => void, failed: (error: unknown) => void): void {
    if (this.#waiting.length >= (this.#options.maxDepth ?? defaultMaxDepth)) {
      failed(new TorError('QUEUE_FULL', 'too many circuits are being asked for'));
      return;
    }
    this.#waiting.push({ request, answered, failed, sinceMs: this.#deps.clock.monotonic() });
    this.#schedule();
  }

  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.failed(new TorError('ABORTED'));
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    this.#deps.later(() => {
      this.#scheduled = false;
      this.#work();
      this.#schedule();
    });
  }

  #work(): void {
    const oldestMs = this.#deps.clock.monotonic() - (this.#options.maxDelayMs?.() ?? defaultMaxDelayMs);
    let done = 0;
    let taken = 0;
    for (const one of this.#waiting) {
      if (done === perTurn) break;
      taken++;
      if (!one.request.wanted()) {
        one.failed(new TorError('ABORTED'));
        continue;
      }
      if (one.sinceMs < oldestMs) {
        one.failed(new TorError('QUEUE_FULL', 'the circuit waited too long for its handshake'));
        continue;
      }
      done++;
      this.#answer(one);
    }
    this.#waiting.splice(0, taken);
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
