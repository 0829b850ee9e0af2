/** What C tor allows: at least 5 s, half an hour is a multiple of it, and no more than the interval that comes after. */
const initialIntervalsS = [5, 10, 20, 30, 60];
/** The longest that C tor allows. It is counted from midnight. */
const quietIntervalS = 1800;

/** Lines that keep authorities from voting, and for how many seconds. */
export function quietLines(nowMs: number): { readonly lines: readonly string[]; readonly quietS: number } {
  return {
    lines: [`TestingV3AuthInitialVotingInterval ${quietIntervalS} seconds`],
    // They vote at most 4 s before the interval begins.
    quietS: quietIntervalS - ((nowMs / 1000) % quietIntervalS) - 4,
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
