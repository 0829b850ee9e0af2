/**
 * The summary of an exit policy: the ports that most addresses can be reached on.
 *
 * spec: dir-spec 3.8.2; as C tor reads it, the first range that holds the port decides.
 */
export class PortPolicy {
  readonly accepts: boolean;
  /** Flat pairs: low, high. */
  readonly #ranges: Uint16Array;

  constructor(accepts: boolean, ranges: Uint16Array) {
    this.accepts = accepts;
    this.#ranges = ranges;
  }

  /** From the keyword and the list of a `p` or `p6` line: "accept", "80,443,8000-8100". Undefined when unreadable. */
  static parse(keyword: string, list: string): PortPolicy | undefined {
    if (keyword !== 'accept' && keyword !== 'reject') return undefined;
    const ranges: number[] = [];
    for (const item of list.split(',')) {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(item);
      if (match === null) return undefined;
      const low = Number(match[1]);
      const high = match[2] === undefined ? low : Number(match[2]);
      if (low < 1 || high > 65535 || low > high) return undefined;
      ranges.push(low, high);
    }
    return new PortPolicy(keyword === 'accept', Uint16Array.from(ranges));
  }

  /** Whether connections to most addresses on this port are taken. */
  allows(port: number): boolean {
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i += 2) {
      if (port >= (ranges[i] as number) && port <= (ranges[i + 1] as number)) return this.accepts;
    }
    return !this.accepts;
  }

  /** True for "reject 1-65535" in just that form, as C tor decides who is no exit at all. */
  get rejectsAll(): boolean {
    const ranges = this.#ranges;
    if (this.accepts) return ranges.length === 0;
    return ranges.length === 2 && ranges[0] === 1 && ranges[1] === 65535;
  }

  toString(): string {
    const items: string[] = [];
    for (let i = 0; i < this.#ranges.length; i += 2) {
      const [low, high] = [this.#ranges[i], this.#ranges[i + 1]];
      items.push(low === high ? `${low}` : `${low}-${high}`);
    }
    return `${this.accepts ? 'accept' : 'reject'} ${items.join(',')}`;
  }
}

export const rejectAllPorts = new PortPolicy(false, Uint16Array.of(1, 65535));
