import type { Samples } from './rounds.ts';
import type { Metric } from './section.ts';

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

const figure = (value: number): string => {
  if (Number.isNaN(value)) return 'none';
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
};

/** The median with the lowest and highest sample. */
function spread(samples: readonly number[]): string {
  if (samples.length < 2) return figure(median(samples));
  return `${figure(median(samples))} (${figure(Math.min(...samples))} to ${figure(Math.max(...samples))})`;
}

/** A Markdown table. Ratios are those of the last program's median to each other's. */
export function table(labels: readonly string[], metrics: readonly Metric[], samples: readonly Samples[]): string {
  const others = labels.slice(0, -1);
  const lines = metrics.map(({ name, unit, better }) => {
    const lists = samples.map((each) => each.get(name) ?? []);
    const last = median(lists.at(-1) ?? []);
    const ratios = lists.slice(0, -1).map((list) => figure(last / median(list)));
    return `| ${[`${name}, ${unit}`, ...lists.map(spread), ...ratios, better].join(' | ')} |`;
  });
  const heads = ['what', ...labels, ...others.map((label) => `${labels.at(-1) ?? ''} / ${label}`), 'better'];
  return [`| ${heads.join(' | ')} |`, `|${' --- |'.repeat(heads.length)}`, ...lines].join('\n');
}
