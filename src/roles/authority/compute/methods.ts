import type { Vote } from '../../../wire/netdoc/index.ts';

/** The consensus methods of C tor 0.4.9, all of which are here. spec: dir-spec 3.8.1 */
export const supportedMethods: readonly number[] = [32, 33, 34, 35];

/** From this on, microdescriptor consensuses say nothing about times of publication. */
export const methodWithoutMdPublished = 33;
/** From this on, `package` lines are left out. */
export const methodWithoutPackages = 34;
/** From this on, microdescriptors may do without an `onion-key` and have `family-ids`. */
export const methodWithFamilyIds = 35;

export interface ChosenMethod {
  readonly method: number;
  /** The others choose a method that we do not know: `method` is our best. */
  readonly unsupported: number | undefined;
}

/** The highest method that more than two thirds of the votes know. */
export function chooseMethod(votes: readonly Pick<Vote, 'methods'>[]): ChosenMethod {
  const counts = new Map<number, number>();
  for (const vote of votes) {
    for (const method of new Set(vote.methods)) counts.set(method, (counts.get(method) ?? 0) + 1);
  }
  const needed = Math.floor((votes.length * 2) / 3);
  const wanted = Math.max(1, ...[...counts].filter(([, count]) => count > needed).map(([method]) => method));
  if (supportedMethods.includes(wanted)) return { method: wanted, unsupported: undefined };
  return { method: supportedMethods.at(-1) as number, unsupported: wanted };
}
