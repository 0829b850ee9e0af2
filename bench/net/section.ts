import type { Samples } from './rounds.ts';
import type { Stages } from './stages.ts';

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
  /** What the section may take. A round that would end later is not begun; after twice as long no step is. */
  readonly seconds: number;
  /** Bytes of so many megabytes, times the scale given. */
  readonly megabytes: (count: number) => number;
  /** A count, times the scale given. */
  readonly scaled: (count: number) => number;
}

/** One table. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** What stands above the table. */
  readonly about: string;
  readonly metrics: readonly Metric[];
  /** What it may take unless told otherwise. */
  readonly seconds: number;
  run(stages: Stages, options: SectionOptions): Promise<Result>;
}
