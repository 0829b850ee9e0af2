import type { PooledCircuitManager, StreamInfo } from '../../network/circuits/index.ts';

const over: ReadonlySet<StreamInfo['status']> = new Set(['closed', 'failed']);

/** The streams that are there now, as the circuit manager tells of them. */
export class OpenStreams {
  readonly #streams = new Map<number, StreamInfo>();

  constructor(circuits: Pick<PooledCircuitManager, 'events'>) {
    circuits.events.on('stream', ({ info }) => {
      if (over.has(info.status)) this.#streams.delete(info.id);
      else this.#streams.set(info.id, info);
    });
  }

  /** Oldest first. */
  list(): readonly StreamInfo[] {
    return [...this.#streams.values()];
  }
}
