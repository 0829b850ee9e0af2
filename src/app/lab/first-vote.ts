import { availableParallelism, loadavg } from 'node:os';

/**
 * The authorities' lines for a first vote just after every descriptor has arrived. They vote at fixed times of the day;
 * the offset moves those to where we want them. A relay that misses the first vote costs a whole voting interval, so a
 * busy machine gets more time.
 */
export function firstVoteLines(nodeCount: number, nowMs: number): readonly string[] {
  const busy = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
  const uploadsMs = (2000 + 150 * nodeCount) * Math.min(busy, 2);
  // C tor votes two quarters of the interval before the consensus, at most 4 s; no earlier vote may come in between.
  const [intervalS, voteBeforeS] = uploadsMs < 4500 ? [5, 2] : [10, 4];
  const consensusAtS = Math.ceil((nowMs + uploadsMs) / 1000) + voteBeforeS;
  return [
    `TestingV3AuthInitialVotingInterval ${intervalS} seconds`,
    `TestingV3AuthVotingStartOffset ${consensusAtS % intervalS} seconds`,
  ];
}
