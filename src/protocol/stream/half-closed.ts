/** What may still come for a stream we ended, because the far end had not heard of it yet. spec: C tor `half_edge_st.h` */
export interface HalfClosed {
  /** Under congestion control: until when anything may come (monotonic milliseconds). */
  readonly deadlineMs: number | undefined;
  sendmesLeft: number;
  dataLeft: number;
  connectedLeft: boolean;
}

/** How late a message for an ended stream is: fine, too late or too many, or never to be expected. */
export type Lateness = 'valid' | 'late' | 'unexpected';

/**
 * Streams we ended, by id. An entry goes when the far end's END (or RESOLVED) comes, which a C tor exit never sends after
 * ours: entries live as long as the circuit, and their ids are not used again.
 */
export class HalfClosedStreams {
  readonly #entries = new Map<number, HalfClosed>();

  get size(): number {
    return this.#entries.size;
  }

  has(streamId: number): boolean {
    return this.#entries.has(streamId);
  }

  add(streamId: number, entry: HalfClosed): void {
    this.#entries.set(streamId, entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** DATA, XON and XOFF. */
  data(streamId: number, nowMs: number): Lateness {
    const entry = this.#entries.get(streamId);
    if (entry === undefined) return 'unexpected';
    if (entry.deadlineMs !== undefined) return nowMs <= entry.deadlineMs ? 'valid' : 'late';
    if (entry.dataLeft <= 0) return 'unexpected';
    entry.dataLeft--;
    return 'valid';
  }

  sendme(streamId: number): Lateness {
    const entry = this.#entries.get(streamId);
    if (entry === undefined || entry.deadlineMs !== undefined || entry.sendmesLeft <= 0) return 'unexpected';
    entry.sendmesLeft--;
    return 'valid';
  }

  connected(streamId: number): Lateness {
    const entry = this.#entries.get(streamId);
    if (entry === undefined || !entry.connectedLeft) return 'unexpected';
    entry.connectedLeft = false;
    return 'valid';
  }

  /** END and RESOLVED. */
  end(streamId: number): Lateness {
    return this.#entries.delete(streamId) ? 'valid' : 'unexpected';
  }
}
