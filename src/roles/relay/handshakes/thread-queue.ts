import { availableParallelism } from 'node:os';
import { TorError } from '../../../base/errors/index.ts';
import type { CreateAnswer } from '../../../protocol/circuit/index.ts';
import { CellCommand } from '../../../wire/cell/index.ts';
import { type HandshakeThread, type HandshakeThreadEvents, startThread } from './handshake-thread.ts';
import { LocalHandshakeQueue } from './local-queue.ts';
import { errorOf, type Results, type Settings } from './messages.ts';
import { readAnswer, recordLength, writeJob } from './records.ts';
import {
  type CreateRequest,
  defaultMaxDelayMs,
  defaultMaxDepth,
  type HandshakeQueue,
  type HandshakeQueueDeps,
  type HandshakeQueueOptions,
} from './types.ts';
import { type Waiting, WaitingLine } from './waiting-line.ts';

export interface ThreadQueueDeps extends HandshakeQueueDeps {
  readonly startThread?: (events: HandshakeThreadEvents) => HandshakeThread;
}

export interface ThreadQueueOptions extends HandshakeQueueOptions {
  /** NumCPUs; 0 and the default leave one processor to the cells, and take no more than four. */
  readonly threads?: number;
  /** Threads start when so many wait in this one. */
  readonly startDepth?: number;
}

const defaultStartDepth = 16;
const maxDefaultThreads = 4;
/** Handshakes in a thread at a time: it never waits for work, and what waits here can still be dropped. */
const perThread = 32;

interface Seat {
  readonly thread: HandshakeThread;
  /** Oldest first, as they will be answered. */
  pending: Waiting[];
  /** Blocks that came back. */
  readonly spare: Uint8Array[];
  /** What it was told last. */
  settings: Settings | undefined;
  ready: boolean;
}

/**
 * Answers CREATE cells in threads of their own, once there are many: until then, and when no thread can run, in this
 * one. What a thread that died had not answered is answered here. CREATE_FAST costs less than asking a thread.
 */
export class ThreadHandshakeQueue implements HandshakeQueue {
  readonly #deps: ThreadQueueDeps;
  readonly #options: ThreadQueueOptions;
  readonly #local: LocalHandshakeQueue;
  readonly #line: WaitingLine;
  #seats: Seat[] = [];
  #started = false;
  #scheduled = false;

  constructor(deps: ThreadQueueDeps, options: ThreadQueueOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#local = new LocalHandshakeQueue(deps, options);
    this.#line = new WaitingLine(options.maxDepth ?? defaultMaxDepth);
  }

  get depth(): number {
    return this.#line.length + this.#local.depth;
  }

  /** Threads that take work. */
  get threads(): number {
    return this.#seats.filter(({ ready }) => ready).length;
  }

  submit(request: CreateRequest, answered: (answer: CreateAnswer) => void, failed: (error: unknown) => void): void {
    if (request.command === CellCommand.CREATE_FAST || !this.#seats.some(({ ready }) => ready)) {
      this.#local.submit(request, answered, failed);
      if (this.#local.depth >= (this.#options.startDepth ?? defaultStartDepth)) this.#start();
      return;
    }
    this.#line.push({ request, answered, failed, sinceMs: this.#deps.clock.monotonic() });
    this.#schedule();
  }

  close(): void {
    const seats = this.#seats;
    this.#seats = [];
    this.#started = true;
    for (const { thread, pending } of seats) {
      thread.stop();
      for (const one of pending) one.failed(new TorError('ABORTED'));
    }
    this.#line.clear();
    this.#local.close();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const wanted = this.#options.threads ?? 0;
    const count = wanted > 0 ? wanted : Math.max(1, Math.min(availableParallelism() - 1, maxDefaultThreads));
    for (let i = 0; i < count; i++) {
      const seat: Seat = {
        thread: (this.#deps.startThread ?? startThread)({
          results: (results) => this.#answered(seat, results),
          lost: () => this.#lost(seat),
        }),
        pending: [],
        spare: [],
        settings: undefined,
        ready: false,
      };
      this.#seats.push(seat);
    }
  }

  /** Once a turn, so that what came in it goes in one message. */
  #schedule(): void {
    if (this.#scheduled || this.#line.length === 0) return;
    this.#scheduled = true;
    this.#deps.later(() => {
      this.#scheduled = false;
      for (const seat of this.#seats) if (seat.ready) this.#give(seat);
    });
  }

  #give(seat: Seat): void {
    const oldestMs = this.#deps.clock.monotonic() - (this.#options.maxDelayMs?.() ?? defaultMaxDelayMs);
    // An equal share first: one thread must not take all while another is idle.
    const share = Math.min(perThread - seat.pending.length, Math.ceil(this.#line.length / this.threads));
    if (share <= 0) return;
    const records = seat.spare.pop() ?? new Uint8Array(perThread * recordLength);
    let count = 0;
    for (; count < share; count++) {
      const one = this.#line.next(oldestMs);
      if (one === undefined) break;
      seat.pending.push(one);
      writeJob(records, count, one.request);
    }
    if (count === 0) {
      seat.spare.push(records);
      return;
    }
    const settings = this.#settings();
    const changed = seat.settings === undefined || !sameSettings(seat.settings, settings);
    seat.settings = settings;
    seat.thread.hold(true);
    seat.thread.post({ settings: changed ? settings : undefined, count, records });
  }

  #settings(): Settings {
    const { keys, congestion, cgo } = this.#options;
    return { keys: keys(), congestion: congestion(), cgo };
  }

  #answered(seat: Seat, { count, records, keys, failures }: Results): void {
    seat.ready = true;
    const answered = seat.pending.splice(0, count);
    let keysAt = 0;
    let failed = 0;
    for (const [i, one] of answered.entries()) {
      const answer = readAnswer(records, i, keys, keysAt);
      if (answer !== undefined) {
        keysAt += answer.keys.length;
        one.answered(answer);
        continue;
      }
      const failure = failures[failed++];
      one.failed(failure === undefined ? new TorError('INTERNAL') : errorOf(failure));
    }
    if (count > 0) seat.spare.push(records);
    if (seat.pending.length === 0) seat.thread.hold(false);
    this.#schedule();
  }

  #lost(seat: Seat): void {
    this.#seats = this.#seats.filter((other) => other !== seat);
    for (const { request, answered, failed } of seat.pending) this.#local.submit(request, answered, failed);
    if (this.threads > 0) return;
    for (;;) {
      const one = this.#line.next(Number.NEGATIVE_INFINITY);
      if (one === undefined) return;
      this.#local.submit(one.request, one.answered, one.failed);
    }
  }
}

/** Both are made anew from time to time, by whoever owns them; a thread needs to hear of real changes only. */
function sameSettings(a: Settings, b: Settings): boolean {
  return a.congestion === b.congestion && a.cgo === b.cgo && sameKeys(a, b);
}

function sameKeys({ keys: a }: Settings, { keys: b }: Settings): boolean {
  if (a === b) return true;
  return (
    a.rsaId === b.rsaId &&
    a.ed25519Id === b.ed25519Id &&
    a.onionKeys.length === b.onionKeys.length &&
    a.onionKeys.every((key, i) => key.secretKey === b.onionKeys[i]?.secretKey)
  );
}
