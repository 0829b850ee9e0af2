/** A rendezvous circuit. */
export interface Closable {
  close(): void;
}

/** Rendezvous circuits to whose end the service has not come so far and still may: the first that it comes to counts. */
export class LateMeetings<Circuit extends Closable> {
  readonly #waiting = new Set<Circuit>();
  readonly #first: Promise<Circuit>;
  #resolve: (circuit: Circuit) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #over = false;
  #closed = false;

  constructor() {
    this.#first = new Promise<Circuit>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#first.catch(() => undefined);
  }

  /** Never settles when nobody comes, unless `last` was called. */
  get first(): Promise<Circuit> {
    return this.#first;
  }

  add(circuit: Circuit, meeting: Promise<unknown>): void {
    this.#waiting.add(circuit);
    meeting.then(
      () => {
        this.#waiting.delete(circuit);
        // Two at once: one is enough.
        if (this.#closed) circuit.close();
        this.#closed = true;
        this.#resolve(circuit);
      },
      (error: unknown) => {
        this.#waiting.delete(circuit);
        circuit.close();
        if (this.#over && this.#waiting.size === 0) this.#reject(error);
      },
    );
  }

  /** No more attempts will be made: rejects with `error` when nobody is waited for, else with why the last did not come. */
  async last(error: unknown): Promise<Circuit> {
    this.#over = true;
    if (this.#waiting.size === 0) this.#reject(error);
    return await this.#first;
  }

  close(): void {
    this.#closed = true;
    for (const circuit of this.#waiting) circuit.close();
    this.#waiting.clear();
  }
}
