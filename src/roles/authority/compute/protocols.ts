import type { Vote } from '../../../wire/netdoc/index.ts';
import { formatProtover, parseProtover, voteProtover } from '../../../wire/protover/index.ts';

/** The four lines of recommended and required subprotocols, in C tor's order. */
export function protocolLines(votes: readonly Vote[], totalAuthorities: number): string {
  const half = Math.ceil(totalAuthorities / 2);
  const twoThirds = Math.ceil((totalAuthorities * 2) / 3);
  const line = (keyword: string, lists: readonly (string | undefined)[], threshold: number): string => {
    const parsed = lists.filter((list) => list !== undefined).map(parseProtover);
    return `${keyword} ${formatProtover(voteProtover(parsed, threshold))}\n`;
  };
  return [
    line(
      'recommended-client-protocols',
      votes.map((vote) => vote.recommendedClientProtocols),
      half,
    ),
    line(
      'recommended-relay-protocols',
      votes.map((vote) => vote.recommendedRelayProtocols),
      half,
    ),
    line(
      'required-client-protocols',
      votes.map((vote) => vote.requiredClientProtocols),
      twoThirds,
    ),
    line(
      'required-relay-protocols',
      votes.map((vote) => vote.requiredRelayProtocols),
      twoThirds,
    ),
  ].join('');
}
