import { bytesEqual, compareBytes } from '../../../base/bytes/index.ts';
import { formatSharedRandomValues, type SharedRandomLine, type Vote } from '../../../wire/netdoc/index.ts';
import { mostFrequent } from './statistics.ts';

export interface SharedRandomRules {
  readonly totalAuthorities: number;
  /** AuthDirNumSRVAgreements, or two thirds of the authorities. */
  readonly agreements: number;
  /** Our own state holds a value that it has just computed: then a mere majority is not enough. */
  readonly fresh: boolean;
}

type SharedRandomVote = Pick<Vote, 'sharedRandomParticipate' | 'sharedRandomPrevious' | 'sharedRandomCurrent'>;

/** The shared random values of a consensus, as its lines. spec: srv-spec 4.1.5 */
export function sharedRandomLines(votes: readonly SharedRandomVote[], rules: SharedRandomRules): string {
  const taking = votes.filter((vote) => vote.sharedRandomParticipate);
  const of = (values: readonly (SharedRandomLine | undefined)[]): SharedRandomLine | undefined =>
    agreed(
      values.filter((value) => value !== undefined),
      rules,
    );
  return formatSharedRandomValues(
    of(taking.map((vote) => vote.sharedRandomPrevious)),
    of(taking.map((vote) => vote.sharedRandomCurrent)),
  );
}

function agreed(values: readonly SharedRandomLine[], rules: SharedRandomRules): SharedRandomLine | undefined {
  const same = (a: SharedRandomLine, b: SharedRandomLine): boolean => bytesEqual(a.value, b.value);
  const best = mostFrequent(
    [...values].sort((a, b) => compareBytes(a.value, b.value)),
    same,
  );
  if (best === undefined) return undefined;
  const count = values.filter((value) => same(value, best)).length;
  const majority = Math.floor(rules.totalAuthorities / 2) + 1;
  return count < majority || (rules.fresh && count < rules.agreements) ? undefined : best;
}
