/** What one round of one subject gave, by the name of the metric. */
export type Figures = Readonly<Record<string, number | readonly number[] | undefined>>;

export interface Subject {
  readonly label: string;
}

export interface RoundOptions {
  readonly rounds: number;
  /** `performance.now()` after which no further round begins. */
  readonly deadlineMs: number;
}

/** All samples of one subject, by the name of the metric. */
export type Samples = Map<string, number[]>;

/**
 * Measures the subjects in turn, each first in another round, so that none always meets the quieter machine. What fails
 * is said on standard error and leaves no sample.
 */
export async function inTurn<T extends Subject>(
  subjects: readonly T[],
  options: RoundOptions,
  run: (subject: T, round: number) => Promise<Figures>,
): Promise<Samples[]> {
  const samples = subjects.map((): Samples => new Map());
  for (let round = 0; round < options.rounds; round++) {
    if (round > 0 && performance.now() > options.deadlineMs) break;
    for (let turn = 0; turn < subjects.length; turn++) {
      const index = (turn + round) % subjects.length;
      const subject = subjects[index] as T;
      try {
        collect(samples[index] as Samples, await run(subject, round));
      } catch (error) {
        console.error(`${subject.label}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return samples;
}

function collect(into: Samples, figures: Figures): void {
  for (const [name, value] of Object.entries(figures)) {
    if (value === undefined) continue;
    const list = into.get(name) ?? [];
    into.set(name, list);
    if (typeof value === 'number') list.push(value);
    else list.push(...value);
  }
}
