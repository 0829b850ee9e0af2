import { base16Upper, bytesEqual } from '../../../base/bytes/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import {
  formatSharedRandomCommit,
  type SharedRandomCommit,
  type SharedRandomLine,
} from '../../../wire/netdoc/index.ts';
import { compareText } from '../compute/statistics.ts';
import {
  algorithm,
  type Commit,
  computeSharedRandom,
  makeCommit,
  protocolVersion,
  readCommit,
  revealMatches,
} from './commit.ts';

export type Phase = 'commit' | 'reveal';

const roundsPerPhase = 12;
const roundsPerRun = 2 * roundsPerPhase;

/** The phase of the round whose consensus becomes valid at `validAfterMs`. */
export const phaseAt = (validAfterMs: number, votingIntervalSec: number): Phase =>
  Math.floor(validAfterMs / 1000 / votingIntervalSec) % roundsPerRun < roundsPerPhase ? 'commit' : 'reveal';

export interface SharedRandomDeps {
  readonly random: Random;
  readonly warn: (message: string) => void;
  /** Called after every change: the state is on disk before anybody sees it. */
  readonly changed: () => void;
}

export interface SharedRandomOptions {
  /** Our own identity, 20 bytes. */
  readonly identity: Uint8Array;
  readonly isAuthority: (identity: Uint8Array) => boolean;
}

/** When a round is: what the state needs to know of the schedule. */
export interface RoundClock {
  /** Of the consensus in force, or as configured. */
  readonly votingIntervalSec: number;
  /** Of the round that is prepared. */
  readonly nextValidAfterMs: number;
  /** Start of the round in which we are. */
  readonly currentValidAfterMs: number;
}

/** What outlives a restart. */
export interface SharedRandomSaved {
  readonly validAfterMs: number;
  readonly validUntilMs: number;
  readonly previous: SharedRandomLine | undefined;
  readonly current: SharedRandomLine | undefined;
  readonly commits: readonly Commit[];
}

/** The part of a vote that is about shared randomness. */
export interface SharedRandomVotePart {
  readonly sharedRandomParticipate: boolean;
  readonly sharedRandomCommits: readonly SharedRandomCommit[];
  readonly sharedRandomPrevious: SharedRandomLine | undefined;
  readonly sharedRandomCurrent: SharedRandomLine | undefined;
}

/**
 * One authority's view of the shared random protocol: twelve rounds of commits, twelve of reveals, then a value.
 * spec: srv-spec 3
 */
export class SharedRandomState {
  readonly #deps: SharedRandomDeps;
  readonly #options: SharedRandomOptions;
  /** By identity in hexadecimal. */
  readonly #commits = new Map<string, Commit>();
  #phase: Phase;
  #validAfterMs = 0;
  #validUntilMs: number;
  #previous: SharedRandomLine | undefined;
  #current: SharedRandomLine | undefined;
  #fresh = false;

  /** `nowMs` and `round` place a new state; `saved` is used when there is one. `prepare` must follow. */
  constructor(
    deps: SharedRandomDeps,
    options: SharedRandomOptions,
    start: { readonly nowMs: number; readonly round: RoundClock; readonly saved?: SharedRandomSaved | undefined },
  ) {
    this.#deps = deps;
    this.#options = options;
    const { nowMs, round, saved } = start;
    this.#phase = phaseAt(saved?.validAfterMs ?? nowMs, round.votingIntervalSec);
    this.#validUntilMs = saved?.validUntilMs ?? endOfRun(nowMs, round);
    if (saved === undefined) return;
    this.#validAfterMs = saved.validAfterMs;
    this.#previous = saved.previous;
    this.#current = saved.current;
    for (const commit of saved.commits) this.#commits.set(base16Upper(commit.identity), commit);
  }

  get phase(): Phase {
    return this.#phase;
  }
  /** A value was computed and no consensus has taken it up yet. */
  get fresh(): boolean {
    return this.#fresh;
  }
  get saved(): SharedRandomSaved {
    return {
      validAfterMs: this.#validAfterMs,
      validUntilMs: this.#validUntilMs,
      previous: this.#previous,
      current: this.#current,
      commits: [...this.#commits.values()],
    };
  }

  /** Makes ready for the round of `nextValidAfterMs`; a second call for one round does nothing. */
  prepare(round: RoundClock): void {
    const { nextValidAfterMs, votingIntervalSec } = round;
    if (nextValidAfterMs <= this.#validAfterMs) return;
    const phase = phaseAt(nextValidAfterMs, votingIntervalSec);
    if (phase !== this.#phase) {
      if (phase === 'commit') this.#newRun(round);
      this.#phase = phase;
    } else if (phase === 'commit' && this.#commits.size === 0) {
      this.#commitOurselves(nextValidAfterMs);
    }
    this.#validAfterMs = nextValidAfterMs;
    this.#deps.changed();
  }

  #newRun(round: RoundClock): void {
    const known = [...this.#commits.values()].filter((commit) => {
      if (this.#options.isAuthority(commit.identity)) return true;
      this.#warnOf(commit, 'is not from a recognized authority. Discarding commit for the SRV computation.');
      return false;
    });
    this.#previous = this.#current;
    this.#current = computeSharedRandom(known, this.#previous?.value);
    this.#fresh = true;
    this.#validUntilMs = endOfRun(round.nextValidAfterMs, round);
    this.#commits.clear();
    this.#commitOurselves(round.nextValidAfterMs);
  }

  #commitOurselves(validAfterMs: number): void {
    const { identity } = this.#options;
    const commit = makeCommit(identity, Math.floor(validAfterMs / 1000), this.#deps.random.bytes(32));
    this.#commits.set(base16Upper(identity), commit);
  }

  /** Takes up the commits of an accepted vote: only its author's own counts. */
  handleVote(voter: Uint8Array, lines: readonly SharedRandomCommit[]): void {
    let changed = false;
    for (const line of lines) {
      const commit = readCommit(line);
      if (commit === undefined || !bytesEqual(commit.identity, voter)) continue;
      if (!this.#options.isAuthority(voter)) {
        this.#warnOf(commit, 'is not from a recognized authority. Discarding commit.');
        continue;
      }
      changed = (this.#phase === 'commit' ? this.#handleCommit(commit) : this.#handleReveal(commit)) || changed;
    }
    if (changed) this.#deps.changed();
  }

  #handleCommit(commit: Commit): boolean {
    const key = base16Upper(commit.identity);
    if (this.#commits.has(key)) return false;
    if (commit.reveal !== undefined) {
      this.#warnOf(commit, 'has a reveal value during COMMIT phase.');
      return false;
    }
    this.#commits.set(key, commit);
    return true;
  }

  #handleReveal(commit: Commit): boolean {
    const key = base16Upper(commit.identity);
    const known = this.#commits.get(key);
    if (known === undefined) return false;
    if (known.encoded !== commit.encoded) {
      this.#warnOf(commit, 'is different from previous commit in our state.');
      return false;
    }
    if (known.reveal !== undefined || commit.reveal === undefined) return false;
    if (!revealMatches(commit)) {
      this.#warnOf(commit, 'has an invalid reveal value.');
      return false;
    }
    this.#commits.set(key, { ...known, reveal: commit.reveal });
    return true;
  }

  #warnOf(commit: Commit, what: string): void {
    this.#deps.warn(`SR: Commit from authority ${base16Upper(commit.identity)} ${what}`);
  }

  /** A consensus has settled the values, whatever we thought. */
  adopt(consensus: {
    readonly previous: SharedRandomLine | undefined;
    readonly current: SharedRandomLine | undefined;
  }): void {
    this.#fresh = false;
    this.#previous = consensus.previous;
    this.#current = consensus.current;
    this.#deps.changed();
  }

  /** What our vote says. In the reveal phase a commit without a reveal ends in a space, as in C tor. */
  get votePart(): SharedRandomVotePart {
    const lines = [...this.#commits.values()].map((commit) => ({
      version: protocolVersion,
      algorithm,
      identity: commit.identity,
      commit: commit.encoded,
      reveal: this.#phase === 'commit' ? undefined : (commit.reveal?.encoded ?? ''),
    }));
    lines.sort((a, b) => compareText(formatSharedRandomCommit(a), formatSharedRandomCommit(b)));
    return {
      sharedRandomParticipate: true,
      sharedRandomCommits: lines,
      sharedRandomPrevious: this.#previous,
      sharedRandomCurrent: this.#current,
    };
  }
}

/** End of the run that `timeMs` falls into. */
function endOfRun(timeMs: number, round: RoundClock): number {
  const current = Math.floor(timeMs / 1000 / round.votingIntervalSec) % roundsPerRun;
  return round.currentValidAfterMs + (roundsPerRun - current) * round.votingIntervalSec * 1000;
}
