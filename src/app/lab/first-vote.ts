/** What C tor allows: at least 5 s, half an hour is a multiple of it, and no more than the interval that comes after. */
const initialIntervalsS = [5, 10, 20, 30, 60];
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

/**
 * The authorities' lines for a first vote no sooner than `marginS` from now. They vote at fixed times of the day; the
 * offset moves those to where we want them.
 */
export function firstVoteLines(marginS: number, votingIntervalS: number, nowMs: number): readonly string[] {
  const allowedS = initialIntervalsS.filter((interval) => interval <= votingIntervalS);
  const longestS = allowedS.at(-1) ?? votingIntervalS;
  const startS = Math.min(marginS, longestS - 4);
  // C tor votes two quarters of the interval before the consensus, at most 4 s; no earlier vote may come in between.
  const voteBeforeS = startS < 3 ? 2 : 4;
  const intervalS = allowedS.find((candidate) => candidate >= startS + voteBeforeS) ?? longestS;
  const consensusAtS = Math.ceil(nowMs / 1000 + startS) + voteBeforeS;
  return [
    `TestingV3AuthInitialVotingInterval ${intervalS} seconds`,
    `TestingV3AuthVotingStartOffset ${consensusAtS % intervalS} seconds`,
  ];
}
