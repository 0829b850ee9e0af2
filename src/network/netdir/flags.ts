/** The flags of a consensus entry. Shared between relays: compare values, not objects. spec: dir-spec 3.4.1 */
export interface RelayFlags {
  readonly authority: boolean;
  readonly badExit: boolean;
  readonly exit: boolean;
  readonly fast: boolean;
  readonly guard: boolean;
  readonly hsDir: boolean;
  readonly middleOnly: boolean;
  readonly noEdConsensus: boolean;
  readonly running: boolean;
  readonly stable: boolean;
  readonly staleDesc: boolean;
  readonly sybil: boolean;
  readonly v2Dir: boolean;
  readonly valid: boolean;
}

const names: Readonly<Record<keyof RelayFlags, string>> = {
  authority: 'Authority',
  badExit: 'BadExit',
  exit: 'Exit',
  fast: 'Fast',
  guard: 'Guard',
  hsDir: 'HSDir',
  middleOnly: 'MiddleOnly',
  noEdConsensus: 'NoEdConsensus',
  running: 'Running',
  stable: 'Stable',
  staleDesc: 'StaleDesc',
  sybil: 'Sybil',
  v2Dir: 'V2Dir',
  valid: 'Valid',
};

/** Reads lists of flag names; equal lists give the same object, so that thousands of relays share a few. */
export class FlagTable {
  readonly #seen = new Map<string, RelayFlags>();

  of(flags: Iterable<string>): RelayFlags {
    const list = [...flags];
    const key = list.join(' ');
    let entry = this.#seen.get(key);
    if (entry === undefined) {
      const has = new Set(list);
      const flag = (name: keyof RelayFlags): boolean => has.has(names[name]);
      entry = {
        authority: flag('authority'),
        badExit: flag('badExit'),
        exit: flag('exit'),
        fast: flag('fast'),
        guard: flag('guard'),
        hsDir: flag('hsDir'),
        middleOnly: flag('middleOnly'),
        noEdConsensus: flag('noEdConsensus'),
        running: flag('running'),
        stable: flag('stable'),
        staleDesc: flag('staleDesc'),
        sybil: flag('sybil'),
        v2Dir: flag('v2Dir'),
        valid: flag('valid'),
      };
      this.#seen.set(key, entry);
    }
    return entry;
  }
}
