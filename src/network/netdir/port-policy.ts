/** The summary of an exit policy: which ports most addresses can be reached on. spec: dir-spec 3.8.2 */
export class PortPolicy {
  readonly accepts: boolean;
  /** Flat pairs low, high, ascending. */
  readonly #ranges: Uint16Array;

  constructor(accepts: boolean, ranges: Uint16Array) {
    this.accepts = accepts;
    this.#ranges = ranges;
  }

  allows(port: number): boolean {
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i += 2) {
      if (port <= (ranges[i + 1] as number)) return port >= (ranges[i] as number) === this.accepts;
    }
    return !this.accepts;
  }

  get rejectsAll(): boolean {
    const [low, high] = [this.#ranges[0], this.#ranges[1]];
    if (this.accepts) return this.#ranges.length === 0;
    return this.#ranges.length === 2 && low !== undefined && low <= 1 && high === 65535;
  }
}

export const rejectAllPorts = new PortPolicy(true, new Uint16Array(0));
