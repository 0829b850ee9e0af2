import { availableParallelism, loadavg } from 'node:os';

/** What C tor allows: at least 5 s, half an hour is a multiple of it, and no more than the interval that comes after. */
const initialIntervalsS = [5, 10, 20, 30, 60];

/**
 * The authorities' lines for a first vote just after every descriptor has arrived. They vote at fixed times of the day;
 * the offset moves those to where we want them. A relay that misses the first vote costs a whole voting interval, so a
 * busy machine gets more time. Nodes in `shared` processes, which run already, start sooner.
 */
export function firstVoteLines(
  { nodeCount, shared }: { readonly nodeCount: number; readonly shared: boolean },
  votingIntervalS: number,
  nowMs: number,
): readonly string[] {
  const busy = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
  const allowedS = initialIntervalsS.filter((interval) => interval <= votingIntervalS);
  const longestS = allowedS.at(-1) ?? votingIntervalS;
  const startS = shared ? 1.2 + 0.08 * nodeCount : 2 + 0.15 * nodeCount;
  const uploadsS = Math.min(startS * Math.min(busy, 6), longestS - 4);
  // C tor votes two quarters of the interval before the consensus, at most 4 s; no earlier vote may come in between.
  const voteBeforeS = uploadsS < 3 ? 2 : 4;
  const intervalS = allowedS.find((candidate) => candidate >= uploadsS + voteBeforeS) ?? longestS;
  const consensusAtS = Math.ceil(nowMs / 1000 + uploadsS) + voteBeforeS;
  return [
    `TestingV3AuthInitialVotingInterval ${intervalS} seconds`,
    `TestingV3AuthVotingStartOffset ${consensusAtS % intervalS} seconds`,
  ];
}
