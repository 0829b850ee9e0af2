import type { Vote, VoteEntry } from '../../../wire/netdoc/index.ts';
import { compareText } from './statistics.ts';

/** Counts the flags of one relay after the other. */
export class FlagTally {
  /** All flags that any vote knows, and `NoEdConsensus`, sorted: the `known-flags` line. */
  readonly flags: readonly string[];
  readonly #index: ReadonlyMap<string, number>;
  /** How many votes know each flag. */
  readonly #voters: Uint32Array;
  readonly #counts: Uint32Array;
  /** Entries with the same flags share one list. */
  readonly #known = new Map<readonly string[], Uint16Array>();

  constructor(votes: readonly Pick<Vote, 'knownFlags'>[]) {
    this.flags = [...new Set([...votes.flatMap((vote) => vote.knownFlags), 'NoEdConsensus'])].sort(compareText);
    this.#index = new Map(this.flags.map((flag, i) => [flag, i]));
    this.#voters = new Uint32Array(this.flags.length);
    this.#counts = new Uint32Array(this.flags.length);
    for (const vote of votes) {
      for (const flag of vote.knownFlags) this.#voters[this.#of(flag)] = (this.#voters[this.#of(flag)] as number) + 1;
    }
  }

  #of(flag: string): number {
    return this.#index.get(flag) as number;
  }

  /** The indices of the flags that most of the votes which know them give to a relay. */
  chosen(entries: readonly VoteEntry[]): string[] {
    const counts = this.#counts.fill(0);
    for (const { flags } of entries) {
      for (const index of this.#indices(flags)) counts[index] = (counts[index] as number) + 1;
    }
    const chosen: string[] = [];
    for (let i = 0; i < counts.length; i++) {
      if ((counts[i] as number) > (this.#voters[i] as number) >> 1) chosen.push(this.flags[i] as string);
    }
    return chosen;
  }

  #indices(flags: readonly string[]): Uint16Array {
    let indices = this.#known.get(flags);
    if (indices === undefined) {
      indices = Uint16Array.from(new Set(flags.map((flag) => this.#of(flag))));
      this.#known.set(flags, indices);
    }
    return indices;
  }
}

/** Flags that a relay loses when it may only be a middle. */
const notForMiddles: readonly string[] = ['Exit', 'V2Dir', 'Guard', 'HSDir'];

/** What `MiddleOnly` makes of a relay's flags. spec: dir-spec 3.8.2 */
export function applyMiddleOnly(flags: readonly string[], badExitIsVoted: boolean): string[] {
  const kept = flags.filter((flag) => !notForMiddles.includes(flag));
  return badExitIsVoted && !kept.includes('BadExit') ? [...kept, 'BadExit'].sort(compareText) : kept;
}
