export type MetricType = 'counter' | 'gauge';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples of one name. */
export interface Metric {
  /** Without the `tor_` in front. */
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Where metrics come from: asked at each scrape. */
export type MetricSource = () => readonly Metric[];

export const metric = (type: MetricType, name: string, help: string, samples: readonly Sample[]): Metric => ({
  type,
  name,
  help,
  samples,
});

/** A sample for each entry, told apart by one label. */
export const byLabel = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
