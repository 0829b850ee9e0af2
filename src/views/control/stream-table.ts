import type { CircuitManager, StreamInfo } from '../../network/circuits/index.ts';

/** Every stream that is not closed, for stream-status and CLOSESTREAM. */
export class StreamTable {
  /** Hears every step. */
  onStep: (info: StreamInfo) => void = () => undefined;
  readonly #open = new Map<number, StreamInfo>();
  readonly #unsubscribe: () => void;

  constructor(deps: { readonly circuits: CircuitManager }) {
    this.#unsubscribe = deps.circuits.events.on('stream', ({ info }) => this.#step(info));
  }

  list(): readonly StreamInfo[] {
    return [...this.#open.values()];
  }

  find(id: number): StreamInfo | undefined {
    return this.#open.get(id);
  }

  close(): void {
    this.#unsubscribe();
  }

  #step(info: StreamInfo): void {
    if (info.status === 'closed' || info.status === 'failed') this.#open.delete(info.id);
    else this.#open.set(info.id, info);
    this.onStep(info);
  }
}
