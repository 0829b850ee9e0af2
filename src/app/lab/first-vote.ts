import { availableParallelism, loadavg } from 'node:os';

/** What C tor allows: at least 5 s, half an hour is a multiple of it, and no more than the interval that comes after. */
const initialIntervalsS = [5, 10, 20, 30, 60];

/** How long nodes with a process each take until their descriptors are uploaded; longer on a busy machine. */
export function startOfProcessesS(nodeCount: number): number {
  const busy = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
  return (2 + 0.15 * nodeCount) * Math.min(busy, 6);
}

/** The same for nodes in shared processes: against the time it took to load their code, which tells how fast we are. */
export const startInProcessesS = (nodeCount: number, processes: number, loadS: number): number =>
  loadS * (0.6 + (0.4 * nodeCount) / processes);

/**
 * The authorities' lines for a first vote just after every descriptor has arrived, which `startS` is an estimate of.
 * They vote at fixed times of the day; the offset moves those to where we want them. A relay that misses the first vote
 * costs a whole voting interval.
 */
export function firstVoteLines(startS: number, votingIntervalS: number, nowMs: number): readonly string[] {
  const allowedS = initialIntervalsS.filter((interval) => interval <= votingIntervalS);
  const longestS = allowedS.at(-1) ?? votingIntervalS;
  const uploadsS = Math.min(startS, longestS - 4);
  // C tor votes two quarters of the interval before the consensus, at most 4 s; no earlier vote may come in between.
  const voteBeforeS = uploadsS < 3 ? 2 : 4;
  const intervalS = allowedS.find((candidate) => candidate >= uploadsS + voteBeforeS) ?? longestS;
  const consensusAtS = Math.ceil(nowMs / 1000 + uploadsS) + voteBeforeS;
  return [
    `TestingV3AuthInitialVotingInterval ${intervalS} seconds`,
    `TestingV3AuthVotingStartOffset ${consensusAtS % intervalS} seconds`,
  ];
}
