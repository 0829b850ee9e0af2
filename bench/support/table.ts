/** One line of a printed table. */
export interface Row {
  readonly name: string;
  /** Microseconds of the best and of the median round. */
  readonly bestUs: number;
  readonly medianUs: number;
}

export interface Work {
  /** Before every run; not timed. */
  prepare?(): void;
  run(): void;
}

/** Times `run`, which does `count` of something, and gives the cost of one. */
export function measure(name: string, count: number, work: Work, rounds = 400): Row {
  const costs: number[] = [];
  for (let round = -rounds / 4; round < rounds; round++) {
    work.prepare?.();
    const start = process.hrtime.bigint();
    work.run();
    const costUs = Number(process.hrtime.bigint() - start) / 1000 / count;
    if (round >= 0) costs.push(costUs);
  }
  costs.sort((a, b) => a - b);
  return { name, bestUs: costs[0] ?? 0, medianUs: costs[costs.length >> 1] ?? 0 };
}

export function printTable(title: string, unit: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(
    ({ name, bestUs, medianUs }) => `${name.padEnd(width)}  ${figure(bestUs)}  ${figure(medianUs)}`,
  );
  process.stdout.write(`${title}, ${unit}: best and median round\n${lines.join('\n')}\n`);
}

const figure = (us: number): string => us.toFixed(us < 10 ? 2 : us < 1000 ? 1 : 0).padStart(8);
