import type { Vote } from '../../../wire/netdoc/index.ts';
import { compareText, lowMedian } from './statistics.ts';

/** So many votes for a parameter are enough, however many authorities there are. spec: proposal 178 */
const minVotes = 3;

/** The medians of the parameters that enough authorities vote on, in the order of the line. */
export function computeParams(
  votes: readonly Pick<Vote, 'params'>[],
  totalAuthorities: number,
): ReadonlyMap<string, number> {
  const values = new Map<string, number[]>();
  for (const { params } of votes) {
    for (const [name, value] of params) {
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
  }
  // C tor sorts `name=value`, so that "ab-c" stands before "ab".
  const names = [...values.keys()].sort((a, b) => compareText(`${a}=`, `${b}=`));
  const result = new Map<string, number>();
  for (const name of names) {
    const voted = values.get(name) as number[];
    if (voted.length > Math.floor(totalAuthorities / 2) || voted.length >= minVotes) {
      result.set(name, lowMedian(voted) as number);
    }
  }
  return result;
}

export const formatParams = (params: ReadonlyMap<string, number>): string =>
  [...params].map(([name, value]) => `${name}=${value}`).join(' ');
