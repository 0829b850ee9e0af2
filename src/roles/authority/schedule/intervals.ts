/** When what of a voting round happens. Milliseconds since 1970. spec: dir-spec 3.3 */
export interface RoundTimes {
  readonly intervalMs: number;
  readonly votingStartsMs: number;
  readonly fetchVotesMs: number;
  readonly votingEndsMs: number;
  readonly fetchSignaturesMs: number;
  /** `valid-after` of the consensus that the round makes. */
  readonly intervalStartsMs: number;
}

const dayMs = 24 * 3600 * 1000;

/** The first start of an interval after `nowMs`. Intervals never go over midnight; half an interval is none. */
export function nextIntervalStart(nowMs: number, intervalMs: number, offsetMs = 0): number {
  const now = Math.floor(nowMs / 1000) * 1000;
  const midnight = Math.floor(now / dayMs) * dayMs;
  const tomorrow = midnight + dayMs;
  let next = midnight + (Math.floor((now - midnight) / intervalMs) + 1) * intervalMs;
  if (next > tomorrow || next + Math.floor(intervalMs / 2000) * 1000 > tomorrow) next = tomorrow;
  next += offsetMs;
  return next - intervalMs > now ? next - intervalMs : next;
}

export interface RoundLengths {
  readonly intervalSec: number;
  readonly voteDelaySec: number;
  readonly distDelaySec: number;
  readonly offsetSec?: number;
}

/** The round that is next at `nowMs`. */
export function nextRound(nowMs: number, lengths: RoundLengths): RoundTimes {
  let { voteDelaySec: vote, distDelaySec: dist } = lengths;
  const { intervalSec } = lengths;
  if (vote + dist > Math.floor(intervalSec / 2)) {
    vote = Math.floor(intervalSec / 4);
    dist = vote;
  }
  const intervalMs = intervalSec * 1000;
  const start = nextIntervalStart(nowMs, intervalMs, (lengths.offsetSec ?? 0) * 1000);
  const before = (seconds: number): number => start - seconds * 1000;
  return {
    intervalMs,
    votingStartsMs: before(dist + vote),
    fetchVotesMs: before(dist + Math.floor(vote / 2)),
    votingEndsMs: before(dist),
    fetchSignaturesMs: before(Math.floor(dist / 2)),
    intervalStartsMs: start,
  };
}

/** `valid-after` of the consensus that should be in force now. */
export const currentIntervalStart = (round: RoundTimes, offsetSec = 0): number =>
  nextIntervalStart(round.intervalStartsMs - round.intervalMs - 1000, round.intervalMs, offsetSec * 1000);
