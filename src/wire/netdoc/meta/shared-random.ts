import { base16Upper, base64 } from '../../../base/bytes/index.ts';
import type { SharedRandomLine } from './types.ts';

interface CommitFields {
  readonly version: number;
  readonly algorithm: string;
  readonly identity: Uint8Array;
  readonly commit: string;
  readonly reveal: string | undefined;
}

/** A `shared-rand-commit` line with its line end. An empty reveal leaves a space, as in C tor's reveal phase. */
export function formatSharedRandomCommit(commit: CommitFields): string {
  const reveal = commit.reveal === undefined ? '' : ` ${commit.reveal}`;
  const { version, algorithm, identity } = commit;
  return `shared-rand-commit ${version} ${algorithm} ${base16Upper(identity)} ${commit.commit}${reveal}\n`;
}

const valueLine = (keyword: string, line: SharedRandomLine | undefined): string =>
  line === undefined ? '' : `${keyword} ${line.reveals} ${base64(line.value)}\n`;

/** The lines of the shared random values in votes and consensuses. */
export function formatSharedRandomValues(
  previous: SharedRandomLine | undefined,
  current: SharedRandomLine | undefined,
): string {
  return valueLine('shared-rand-previous-value', previous) + valueLine('shared-rand-current-value', current);
}
