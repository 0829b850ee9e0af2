import { base16Upper } from '../../../base/bytes/index.ts';
import type { Vote } from '../../../wire/netdoc/index.ts';
import type { ConsensusSigner } from '../compute/sign.ts';
import { currentIntervalStart, nextRound, type RoundTimes } from '../schedule/intervals.ts';
import type { RoundClock, SharedRandomState } from '../sharedrandom/state.ts';
import { ConsensusDesk, type SignaturesAnswer, type SignedConsensus } from './consensus-desk.ts';
import { type Log, type VoteAnswer, VoteBox, type VoteOrigin } from './vote-box.ts';

/** What the session asks the world to do. None of these may throw. */
export interface VotingActions {
  /** Our vote for a round; undefined when there can be none, which was logged. */
  makeVote(validAfterMs: number): Promise<string | undefined>;
  /** Posts to all other authorities. */
  postVote(text: string): void;
  /** `delayMs`: not at once. */
  postSignatures(text: string, delayMs: number): void;
  /** Asks all other authorities for the votes of some, upper-case hex; what comes goes to `addVote`. */
  fetchVotes(identities: readonly string[]): void;
  fetchSignatures(): void;
  /** Before a consensus is computed: for `v3-status-votes`. */
  votesTaken(votes: readonly Vote[]): void;
  /** Unsigned texts, for `my-consensus-*`. */
  consensusComputed(texts: readonly { readonly flavor: string; readonly unsigned: string }[]): void;
  publish(consensuses: readonly SignedConsensus[]): void;
  /** A vote was taken: its author may know relays that we do not. */
  voteTaken(vote: Vote): void;
  /** A vote of an authority brought its certificate. */
  voteSeen(vote: Vote): void;
}

export interface VotingConfig {
  readonly votingIntervalSec: number;
  readonly initialIntervalSec: number;
  readonly initialVoteDelaySec: number;
  readonly initialDistDelaySec: number;
  readonly startOffsetSec: number;
  readonly sharedRandomness: boolean;
}

export interface VotingDeps {
  readonly actions: VotingActions;
  readonly log: Log;
  readonly findCertificate: ConstructorParameters<typeof ConsensusDesk>[0]['findCertificate'];
  /** Identities of all voting authorities, ourselves among them. */
  readonly authorities: () => readonly Uint8Array[];
  readonly signers: () => readonly ConsensusSigner[];
  /** Undefined: this authority takes no part in it. Made by the caller once `roundClock` can be asked. */
  readonly sharedRandom: () => SharedRandomState | undefined;
}

type Step = 'vote' | 'fetch-votes' | 'compute' | 'fetch-signatures' | 'publish';

const startOf = (round: RoundTimes): Readonly<Record<Step, number>> => ({
  vote: round.votingStartsMs,
  'fetch-votes': round.fetchVotesMs,
  compute: round.votingEndsMs,
  'fetch-signatures': round.fetchSignaturesMs,
  publish: round.intervalStartsMs,
});
const steps: readonly Step[] = ['vote', 'fetch-votes', 'compute', 'fetch-signatures', 'publish'];

/** C tor does within a second what is due, and takes signatures that come before it has computed for wrong ones. */
const othersLateMs = 1000;

/** A consensus may be used by the schedule for a day after it has run out. */
const reasonablyLiveMs = 24 * 3600_000;

/**
 * The rounds of voting, one after the other: vote, fetch what is missing, compute, gather signatures, publish. Knows no
 * clock: `act` is told the time and says when it wants to be called again. spec: dir-spec 3.3
 */
export class VotingSession {
  readonly votes: VoteBox;
  readonly desk: ConsensusDesk;
  readonly #deps: VotingDeps;
  readonly #config: VotingConfig;
  #consensus: SignedConsensus | undefined;
  #round: RoundTimes;
  #done = 0;

  constructor(
    deps: VotingDeps,
    config: VotingConfig,
    start: { nowMs: number; consensus?: SignedConsensus | undefined },
  ) {
    this.#deps = deps;
    this.#config = config;
    this.#consensus = start.consensus;
    this.#round = this.#nextRound(start.nowMs);
    const known = (): string[] => deps.authorities().map(base16Upper);
    this.votes = new VoteBox({
      isAuthority: (identity) => known().includes(base16Upper(identity)),
      knownIdentities: () => known().join(', '),
      log: deps.log,
      seen: (vote) => deps.actions.voteSeen(vote),
    });
    this.desk = new ConsensusDesk({ log: deps.log, findCertificate: deps.findCertificate });
  }

  get round(): RoundTimes {
    return this.#round;
  }
  /** The plain consensus that was published last. */
  get consensus(): SignedConsensus | undefined {
    return this.#consensus;
  }

  /** Takes up a consensus newer than ours, as C tor does with what it downloads; false when it is not. */
  adopt(consensus: SignedConsensus, nowMs: number): boolean {
    if (consensus.validAfterMs <= (this.#consensus?.validAfterMs ?? 0)) return false;
    this.#consensus = consensus;
    this.#deps.sharedRandom()?.adopt({
      previous: consensus.sharedRandomPrevious,
      current: consensus.sharedRandomCurrent,
    });
    this.restart(nowMs);
    return true;
  }

  /** Before the first `act`: when this authority has gone to sleep for a while, or its clock was set. */
  restart(nowMs: number): void {
    this.#round = this.#nextRound(nowMs);
    this.#done = 0;
  }

  #nextRound(nowMs: number): RoundTimes {
    const { initialIntervalSec, initialVoteDelaySec, initialDistDelaySec, startOffsetSec } = this.#config;
    const consensus = this.#liveConsensus(nowMs);
    if (consensus === undefined) {
      return nextRound(nowMs, {
        intervalSec: initialIntervalSec,
        voteDelaySec: initialVoteDelaySec,
        distDelaySec: initialDistDelaySec,
        offsetSec: startOffsetSec,
      });
    }
    return nextRound(nowMs, {
      intervalSec: (consensus.freshUntilMs - consensus.validAfterMs) / 1000,
      voteDelaySec: consensus.voteDelaySec,
      distDelaySec: consensus.distDelaySec,
      offsetSec: startOffsetSec,
    });
  }

  #liveConsensus(nowMs: number, graceMs = 0): SignedConsensus | undefined {
    const consensus = this.#consensus;
    if (consensus === undefined) return undefined;
    const { validAfterMs, validUntilMs } = consensus;
    return validAfterMs - graceMs <= nowMs && nowMs <= validUntilMs + graceMs ? consensus : undefined;
  }

  /** What the shared random protocol needs to know of the schedule. */
  roundClock(nowMs: number): RoundClock {
    const consensus = this.#liveConsensus(nowMs, reasonablyLiveMs);
    return {
      votingIntervalSec:
        consensus === undefined
          ? this.#config.votingIntervalSec
          : (consensus.freshUntilMs - consensus.validAfterMs) / 1000,
      nextValidAfterMs: this.#round.intervalStartsMs,
      currentValidAfterMs: currentIntervalStart(this.#round, this.#config.startOffsetSec),
    };
  }

  /** Does what is due. Resolves with the time of what is next. */
  async act(nowMs: number): Promise<number> {
    for (;;) {
      const step = steps[this.#done] as Step;
      const dueMs = startOf(this.#round)[step];
      if (dueMs > nowMs) return dueMs;
      this.#done++;
      await this.#take(step);
      if (step === 'publish') {
        this.#finishRound(nowMs);
        return this.#round.votingStartsMs;
      }
    }
  }

  async #take(step: Step): Promise<void> {
    const { log } = this.#deps;
    switch (step) {
      case 'vote':
        log('notice', 'dir', 'Time to vote.');
        return this.#vote();
      case 'fetch-votes':
        log('notice', 'dir', "Time to fetch any votes that we're missing.");
        return this.#fetchVotes();
      case 'compute':
        log('notice', 'dir', 'Time to compute a consensus.');
        return this.#compute();
      case 'fetch-signatures':
        log('notice', 'dir', "Time to fetch any signatures that we're missing.");
        if (this.desk.lacksSignatures) this.#deps.actions.fetchSignatures();
        return;
      case 'publish':
        log('notice', 'dir', 'Time to publish the consensus and discard old votes');
        return this.#publish();
    }
  }

  async #vote(): Promise<void> {
    const { actions, log } = this.#deps;
    const text = await actions.makeVote(this.#round.intervalStartsMs);
    if (text === undefined) return;
    const answer = this.addVote(text, { from: 'self' });
    if (answer.added.length === 0) {
      log('warn', 'dir', `Couldn't store my own vote! (I told myself, '${answer.message}'.)`);
      return;
    }
    actions.postVote(text);
    log('notice', 'dir', 'Vote posted.');
  }

  #fetchVotes(): void {
    const there = new Set(this.votes.pending.map((vote) => base16Upper(vote.voter.identity)));
    const missing = this.#deps
      .authorities()
      .map(base16Upper)
      .filter((identity) => !there.has(identity));
    if (missing.length === 0) return;
    this.#deps.log(
      'notice',
      'dir',
      `We're missing votes from ${missing.length} authorities (${missing.join(' ')}). Asking every other authority for ` +
        'a copy.',
    );
    this.#deps.actions.fetchVotes(missing);
  }

  #compute(): void {
    const { actions, log, authorities, signers, sharedRandom } = this.#deps;
    const votes = this.votes.pending;
    actions.votesTaken(votes);
    const computed = this.desk.compute({
      votes,
      totalAuthorities: authorities().length,
      signers: signers(),
      sharedRandom: this.#config.sharedRandomness,
      sharedRandomFresh: sharedRandom()?.fresh === true,
    });
    const { detached } = this.desk;
    if (!computed || detached === undefined) return;
    actions.consensusComputed((['ns', 'microdesc'] as const).flatMap((flavor) => this.desk.pending(flavor) ?? []));
    log('notice', 'dir', 'Consensus computed; uploading signature(s)');
    const { intervalStartsMs, votingEndsMs } = this.#round;
    actions.postSignatures(detached, Math.min(othersLateMs, (intervalStartsMs - votingEndsMs) / 4));
    log('notice', 'dir', 'Signature(s) posted.');
  }

  #publish(): void {
    const ready = this.desk.publishable();
    for (const { flavor } of ready) this.#deps.log('notice', 'dir', `Published ${flavor} consensus`);
    if (ready.length > 0) this.#deps.actions.publish(ready);
    this.#consensus = ready.find(({ flavor }) => flavor === 'ns') ?? this.#consensus;
  }

  #finishRound(nowMs: number): void {
    this.votes.turn();
    this.desk.clear();
    this.restart(nowMs);
    const state = this.#deps.sharedRandom();
    if (state === undefined) return;
    const consensus = this.#consensus;
    if (consensus !== undefined) {
      state.adopt({ previous: consensus.sharedRandomPrevious, current: consensus.sharedRandomCurrent });
    }
    state.prepare(this.roundClock(nowMs));
  }

  /** A vote that was posted, fetched or made here. */
  addVote(text: string, origin: VoteOrigin): VoteAnswer {
    const answer = this.votes.add(text, origin, this.#round);
    for (const vote of answer.added) {
      this.#deps.sharedRandom()?.handleVote(vote.voter.identity, vote.sharedRandomCommits);
      this.#deps.actions.voteTaken(vote);
    }
    return answer;
  }

  addSignatures(text: string, from: string): SignaturesAnswer {
    return this.desk.addSignatures(text, from);
  }
}
