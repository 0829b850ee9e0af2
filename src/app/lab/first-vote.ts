/** What C tor allows: at least 5 s, half an hour is a multiple of it, and no more than the interval that comes after. */
const initialIntervalsS = [5, 10, 20, 30, 60, 300, 600, 900, 1800];
/** The longest that C tor allows. */
const quietIntervalS = 1800;

export interface QuietTime {
  readonly lines: readonly string[];
  /** The interval after the first one, which must be longer than the offset. */
  readonly votingIntervalS: number;
  /** For so many seconds nobody votes. */
  readonly quietS: number;
}

/** What keeps authorities from voting, whatever time of the day it is. */
export function quietTime(nowMs: number): QuietTime {
  const nowS = Math.floor(nowMs / 1000);
  return {
    lines: [
      `TestingV3AuthInitialVotingInterval ${quietIntervalS} seconds`,
      `TestingV3AuthVotingStartOffset ${nowS % quietIntervalS} seconds`,
    ],
    votingIntervalS: quietIntervalS,
    // They vote at most 4 s before the interval begins.
    quietS: quietIntervalS - 5,
  };
}

/** Of votes and of signatures, once there is a consensus. */
export const delayS = (votingIntervalS: number): number => Math.max(2, Math.floor(votingIntervalS / 5));

/**
 * The authorities' lines for a first vote no sooner than `marginS` from now. They vote at fixed times of the day; the
 * offset moves those to where we want them.
 */
export function firstVoteLines(marginS: number, votingIntervalS: number, nowMs: number): readonly string[] {
  const candidates = initialIntervalsS
    .filter((intervalS) => intervalS <= votingIntervalS)
    .map((intervalS) => {
      // C tor votes two quarters of the interval before the consensus, at most 4 s.
      const voteBeforeS = intervalS < 8 ? 2 : 4;
      // No earlier round may come in between; consensuses come at whole seconds.
      const startS = Math.min(marginS, intervalS - voteBeforeS - 1);
      const consensusAtS = Math.ceil(nowMs / 1000 + startS) + voteBeforeS;
      return { intervalS, startS, consensusAtS, offsetS: consensusAtS % intervalS };
    });
  const chosen = candidates.find(({ startS, consensusAtS, offsetS }) => {
    if (startS < marginS) return false;
    // The second round may be nearer than an interval. It must not begin before C tor is done with the first one, which
    // takes it up to a second more.
    const secondAfterS = votingIntervalS - ((consensusAtS - offsetS) % votingIntervalS);
    return secondAfterS >= 2 * delayS(votingIntervalS) + 2;
  });
  const { intervalS, offsetS } = chosen ?? (candidates.at(-1) as (typeof candidates)[number]);
  return [
    `TestingV3AuthInitialVotingInterval ${intervalS} seconds`,
    `TestingV3AuthVotingStartOffset ${offsetS} seconds`,
  ];
}
