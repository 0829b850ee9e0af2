import type { Samples } from './rounds.ts';
import type { Stage } from './stage.ts';

export interface Metric {
  /** The key under which rounds give their samples, and what the table says. */
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

export interface Result {
  readonly labels: readonly string[];
  readonly samples: readonly Samples[];
}

export interface SectionOptions {
  readonly rounds: number;
  /** `performance.now()` after which nothing more is begun. */
  readonly deadlineMs: number;
  /** Bytes of so many megabytes, times the scale given. */
  readonly megabytes: (count: number) => number;
}

/** One table. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** What stands above the table. */
  readonly about: string;
  readonly metrics: readonly Metric[];
  run(stage: Stage, options: SectionOptions): Promise<Result>;
}
