import { base16Upper, bytesEqual } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { LogDomain, Severity } from '../../../base/log/index.ts';
import { parseVote, type Vote, VotePool } from '../../../wire/netdoc/index.ts';
import { formatIsoTime } from '../format/time.ts';
import type { RoundTimes } from '../schedule/intervals.ts';

export type Log = (severity: Severity, domain: LogDomain, message: string) => void;

/** Where a vote came from. `postedMs`: when its author, or whoever it was, posted it; undefined when we fetched it. */
export interface VoteOrigin {
  readonly from: string;
  readonly postedMs?: number | undefined;
}

/** The words are those of C tor's answers. */
export interface VoteAnswer {
  readonly status: number;
  readonly message: string;
  /** Votes that are in the box now and were not before. */
  readonly added: readonly Vote[];
}

export interface VoteBoxDeps {
  readonly isAuthority: (v3Identity: Uint8Array) => boolean;
  /** All identities that we know, for the log. */
  readonly knownIdentities: () => string;
  readonly log: Log;
  /** Called for every vote of an authority, before anything else about it is looked at. */
  readonly seen: (vote: Vote) => void;
}

/** The votes of one round, and those of the round before. spec: dir-spec 3.7 */
export class VoteBox {
  readonly #deps: VoteBoxDeps;
  #pending: Vote[] = [];
  #previous: readonly Vote[] = [];
  #pool = new VotePool();

  constructor(deps: VoteBoxDeps) {
    this.#deps = deps;
  }

  get pending(): readonly Vote[] {
    return this.#pending;
  }
  get previous(): readonly Vote[] {
    return this.#previous;
  }

  /** The round is over. */
  turn(): void {
    this.#previous = this.#pending;
    this.#pending = [];
    this.#pool = new VotePool();
  }

  findBy(pick: (vote: Vote) => Uint8Array, wanted: Uint8Array, which: 'pending' | 'previous'): Vote | undefined {
    const votes = which === 'pending' ? this.#pending : this.#previous;
    return votes.find((vote) => bytesEqual(pick(vote), wanted));
  }

  /** Takes one vote, or several one after the other. */
  add(text: string, origin: VoteOrigin, round: RoundTimes): VoteAnswer {
    const answers = splitVotes(text).map((each) => this.#addOne(each, origin, round));
    const added = answers.flatMap((answer) => answer.added);
    const failed = answers.find((answer) => answer.status >= 400);
    return { ...(failed ?? (answers[0] as VoteAnswer)), added };
  }

  #addOne(text: string, origin: VoteOrigin, round: RoundTimes): VoteAnswer {
    const refuse = (message: string): VoteAnswer => ({ status: 400, message, added: [] });
    const vote = this.#parse(text);
    if (vote === undefined) return refuse('Unable to parse vote');
    const { log } = this.#deps;
    const refused = this.#checkVoter(vote) ?? this.#checkTime(vote, origin, round);
    if (refused !== undefined) return refuse(refused);
    const index = this.#pending.findIndex((each) => bytesEqual(each.voter.identity, vote.voter.identity));
    const old = this.#pending[index];
    if (old === undefined) {
      this.#pending.push(vote);
      return { status: 200, message: 'ok', added: [vote] };
    }
    const { hostname } = vote.voter;
    if (bytesEqual(old.digest, vote.digest)) {
      log('notice', 'dir', `Discarding a vote we already have (from ${hostname}).`);
      return { status: 200, message: 'Duplicate discarded', added: [] };
    }
    if (old.publishedMs < vote.publishedMs) {
      log('notice', 'dir', `Replacing an older pending vote from this directory (${hostname})`);
      this.#pending[index] = vote;
      return { status: 200, message: 'OK', added: [] };
    }
    log('notice', 'dir', `Discarding vote from ${hostname} because we have a newer one already.`);
    return refuse('Already have a newer pending vote');
  }

  #parse(text: string): Vote | undefined {
    try {
      return parseVote(text, this.#pool);
    } catch (error) {
      if (!TorError.is(error)) throw error;
      this.#deps.log('warn', 'dir', `Couldn't parse vote: length was ${text.length}: ${error.message}`);
      return undefined;
    }
  }

  #checkVoter(vote: Vote): string | undefined {
    const { isAuthority, knownIdentities, log, seen } = this.#deps;
    const { nickname, hostname, identity } = vote.voter;
    if (!isAuthority(identity)) {
      log(
        'warn',
        'dir',
        `Got a vote from an authority (nickname ${nickname}, address ${hostname}) with authority key ID ` +
          `${base16Upper(identity)}. This key ID is not recognized.  Known v3 key IDs are: ${knownIdentities()}`,
      );
      return 'Vote not from a recognized v3 authority';
    }
    seen(vote);
    return undefined;
  }

  #checkTime(vote: Vote, { from, postedMs }: VoteOrigin, round: RoundTimes): string | undefined {
    const { log } = this.#deps;
    const { nickname, hostname } = vote.voter;
    if (vote.validAfterMs !== round.intervalStartsMs) {
      const [got, wanted] = [formatIsoTime(vote.validAfterMs), formatIsoTime(round.intervalStartsMs)];
      log(
        'warn',
        'dir',
        `Rejecting vote from ${hostname} with valid-after time of ${got}; we were expecting ${wanted}`,
      );
      return 'Bad valid-after time';
    }
    if (postedMs === undefined) {
      log('notice', 'dir', `Retrieved ${nickname}'s vote from ${from}.`);
      return undefined;
    }
    log('notice', 'dir', `${nickname} posted a vote to me from ${from}.`);
    if (Math.floor(postedMs / 1000) * 1000 <= round.fetchVotesMs) return undefined;
    log(
      'warn',
      'dir',
      `Rejecting ${nickname}'s posted vote from ${hostname} received at ${formatIsoTime(postedMs)}; our cutoff for ` +
        `received votes is ${formatIsoTime(round.fetchVotesMs)}. Check your clock, CPU load, and network load. Also ` +
        'check the authority that posted the vote.',
    );
    return 'Posted vote received too late, would be dangerous to count it';
  }
}

/** The votes that stand one after the other in a text; at least one piece. */
export function splitVotes(text: string): string[] {
  const votes: string[] = [];
  let start = 0;
  for (;;) {
    const next = text.indexOf('\nnetwork-status-version ', start + 1);
    if (next === -1) break;
    votes.push(text.slice(start, next + 1));
    start = next + 1;
  }
  return [...votes, text.slice(start)];
}
