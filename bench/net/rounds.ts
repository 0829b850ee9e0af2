/** What one round of one subject gave, by the name of the metric. */
export type Figures = Readonly<Record<string, number | readonly number[] | undefined>>;

export interface Subject {
  readonly label: string;
}

export interface RoundOptions {
  readonly rounds: number;
  /** What a section may take. A round that would end later is not begun; after twice as long nothing is. */
  readonly seconds: number;
}

/** All samples of one subject, by the name of the metric. */
export type Samples = Map<string, number[]>;

const longestStepMs = 75_000;

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${(limitMs / 1000).toFixed(0)} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes figures of one subject, step by step. A step that fails is said on standard error and leaves no sample. */
export class Recorder {
  readonly samples: Samples = new Map();
  readonly #label: string;
  readonly #endMs: number;

  constructor(label: string, endMs: number) {
    this.#label = label;
    this.#endMs = endMs;
  }

  add(figures: Figures): void {
    for (const [name, value] of Object.entries(figures)) {
      if (value === undefined) continue;
      const list = this.samples.get(name) ?? [];
      this.samples.set(name, list);
      if (typeof value === 'number') list.push(value);
      else list.push(...value);
    }
  }

  /** Takes steps of which no sample is kept. */
  aside(): Recorder {
    return new Recorder(this.#label, this.#endMs);
  }

  /** One step. What it gives is undefined when it failed, took too long or when there is no time left for it. */
  async step<T>(what: string, work: () => Promise<T>, limitMs = longestStepMs): Promise<T | undefined> {
    try {
      if (performance.now() > this.#endMs) throw new Error('no time left');
      return await within(limitMs, work());
    } catch (error) {
      console.error(`${this.#label}, ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** A step whose outcome is the metric's. */
  async take(metric: string, work: () => Promise<number | readonly number[]>): Promise<void> {
    this.add({ [metric]: await this.step(metric, work) });
  }
}

/** Measures the subjects in turn, each first in another round, so that none always meets the quieter machine. */
export async function inTurn<T extends Subject>(
  subjects: readonly T[],
  options: RoundOptions,
  run: (subject: T, record: Recorder, round: number) => Promise<void>,
): Promise<Samples[]> {
  const started = performance.now();
  const end = started + options.seconds * 2000;
  const records = subjects.map(({ label }) => new Recorder(label, end));
  for (let round = 0; round < options.rounds; round++) {
    const spent = (performance.now() - started) / 1000;
    if (round > 0 && spent * (1 + 1 / round) > options.seconds) {
      console.error(`${round} of ${options.rounds} rounds took ${spent.toFixed(0)} of ${options.seconds} s`);
      break;
    }
    for (let turn = 0; turn < subjects.length; turn++) {
      const index = (turn + round) % subjects.length;
      const record = records[index] as Recorder;
      await record.step('a round', () => run(subjects[index] as T, record, round), options.seconds * 2000);
    }
  }
  return records.map(({ samples }) => samples);
}
