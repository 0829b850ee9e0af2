import type { Timer, Timers } from '../../base/runtime/index.ts';
import type { CircuitManager, StreamInfo } from '../../network/circuits/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';

const lookIntervalMs = 1000;

/** Every stream that is not closed, for stream-status and CLOSESTREAM. */
export class StreamTable {
  /** Hears every step, and also the end of streams that our own side closed. */
  onStep: (info: StreamInfo) => void = () => undefined;
  readonly #open = new Map<number, StreamInfo>();
  readonly #timers: Timers;
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;

  constructor(deps: { readonly timers: Timers; readonly circuits: CircuitManager }) {
    this.#timers = deps.timers;
    this.#unsubscribe = deps.circuits.events.on('stream', ({ info }) => this.#step(info));
    this.#schedule();
  }

  list(): readonly StreamInfo[] {
    this.#dropEnded();
    return [...this.#open.values()];
  }

  find(id: number): StreamInfo | undefined {
    this.#dropEnded();
    return this.#open.get(id);
  }

  close(): void {
    this.#unsubscribe();
    this.#timer?.cancel();
  }

  #step(info: StreamInfo): void {
    if (info.status === 'closed' || info.status === 'failed') this.#open.delete(info.id);
    else this.#open.set(info.id, info);
    this.onStep(info);
  }

  #schedule(): void {
    this.#timer = this.#timers.after(
      lookIntervalMs,
      () => {
        this.#dropEnded();
        this.#schedule();
      },
      { background: true },
    );
  }

  /** A stream that an application closed tells nobody; it is seen here. */
  #dropEnded(): void {
    for (const info of [...this.#open.values()]) {
      const state = info.stream?.state;
      if (info.status !== 'succeeded' || (state !== 'closed' && state !== 'half-closed')) continue;
      this.#step({ ...info, status: 'closed', end: { reason: EndReason.DONE, remote: false } });
    }
  }
}
