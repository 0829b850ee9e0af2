import type { StateStore } from './types.ts';

/** The learned circuit build times as the state file keeps them. spec: path-spec 2.4 */
export interface StoredBuildTimes {
  /** Histogram: middle of the bin in milliseconds, number of circuits. */
  readonly bins: readonly { readonly ms: number; readonly count: number }[];
  /** Circuits given up at the timeout. */
  readonly abandoned: number;
}

const maxTimes = 1000;

/** What the state file holds; lines that make no sense are left out, and everything when the total is not right. */
export function readBuildTimes(state: StateStore): StoredBuildTimes {
  const bins: { ms: number; count: number }[] = [];
  let sum = count(state.get('CircuitBuildAbandonedCount'));
  const abandoned = sum;
  for (const line of state.getAll('CircuitBuildTimeBin')) {
    const match = /^(\d{1,9}) (\d{1,9})$/.exec(line);
    if (match === null) continue;
    const bin = { ms: Number(match[1]), count: Number(match[2]) };
    bins.push(bin);
    sum += bin.count;
  }
  const total = count(state.get('TotalBuildTimes'));
  if (sum !== total || sum > maxTimes) return { bins: [], abandoned: 0 };
  return { bins, abandoned };
}

/** Puts the histogram in the state; the caller asks for the write. */
export function writeBuildTimes(state: StateStore, times: StoredBuildTimes): void {
  const bins = times.bins.filter((bin) => bin.count > 0).sort((a, b) => a.ms - b.ms);
  state.setAll(
    'CircuitBuildTimeBin',
    bins.map((bin) => `${bin.ms} ${bin.count}`),
  );
  const total = bins.reduce((sum, bin) => sum + bin.count, times.abandoned);
  state.set('TotalBuildTimes', total === 0 ? undefined : String(total));
  state.set('CircuitBuildAbandonedCount', times.abandoned === 0 ? undefined : String(times.abandoned));
}

const count = (text: string | undefined): number => (text === undefined ? 0 : Number(text));
