import { type Isolation, type IsolationDimension, isolationDimensions } from './types.ts';

/**
 * What the streams on one circuit have in common. A stream fits when each dimension that it isolates has its value in
 * all streams before it. spec: proposal 171; as C tor, the later stream's own flags decide.
 */
export class CircuitIsolation {
  #values: Readonly<Partial<Record<IsolationDimension, string>>> | undefined;
  readonly #mixed = new Set<IsolationDimension>();
  #attached = false;

  /** True when a stream, or one that only waits for it, has marked the circuit. */
  get isSet(): boolean {
    return this.#values !== undefined;
  }

  compatible(isolation: Isolation): boolean {
    const values = this.#values;
    if (values === undefined) return true;
    for (const dimension of isolation.by) {
      if (this.#mixed.has(dimension) || values[dimension] !== isolation.values[dimension]) return false;
    }
    return true;
  }

  /** How many dimensions would be mixed by this stream that are not yet; undefined for an unused circuit. */
  cost(isolation: Isolation): number | undefined {
    if (this.#values === undefined) return undefined;
    return this.#newlyMixed(isolation).length;
  }

  /** The stream goes on the circuit (`attached`), or the circuit is built for it. */
  apply(isolation: Isolation, attached: boolean): void {
    if (attached) this.#attached = true;
    if (this.#values === undefined) this.#values = isolation.values;
    else for (const dimension of this.#newlyMixed(isolation)) this.#mixed.add(dimension);
  }

  /** A circuit that opened without any stream on it belongs to nobody. Returns whether there was something to clear. */
  clearUnused(): boolean {
    if (this.#attached || this.#values === undefined) return false;
    this.#values = undefined;
    this.#mixed.clear();
    return true;
  }

  #newlyMixed(isolation: Isolation): IsolationDimension[] {
    const values = this.#values ?? {};
    return isolationDimensions.filter(
      (dimension) => !this.#mixed.has(dimension) && values[dimension] !== isolation.values[dimension],
    );
  }
}

/** The isolation of a stream that says nothing: only NEWNYM parts it from others. */
export function withNymEpoch(isolation: Isolation | undefined, epoch: number): Isolation {
  return {
    by: new Set<IsolationDimension>([...(isolation?.by ?? []), 'nym-epoch']),
    values: { ...isolation?.values, 'nym-epoch': String(epoch) },
  };
}
