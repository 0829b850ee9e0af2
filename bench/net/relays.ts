import { type Load, moveOver, oneStream, openAll, roundTrips, type Seat, warmFirstBytes, warmUp } from './loads.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section, SectionOptions } from './section.ts';
import { type Program, positions, programs, type Stage } from './stage.ts';

interface Path extends Subject {
  readonly program: Program;
}

const paths: readonly Path[] = programs.map((program) => ({ label: program, program }));
const hops = positions.length;
const names = { rate: '32 streams down', idle: 'a byte and back, per hop', busy: 'the same beside 8 downloads' };

/** CPU of processes while streams move, s/GB each. */
export async function costs(
  pids: readonly number[],
  seats: readonly Seat[],
  place: Stage['web'],
  load: Load,
): Promise<{ readonly rate: number; readonly cpu: readonly number[] }> {
  const streams = await openAll(seats, place, load);
  const before = pids.map(cpuSeconds);
  const { rate, gigabytes } = await moveOver(streams, place, load);
  return { rate, cpu: pids.map((pid, index) => (cpuSeconds(pid) - (before[index] ?? 0)) / gigabytes) };
}

/** Round trips for as long as something else goes on. */
async function besides(seat: Seat, stage: Stage, load: Load): Promise<number[]> {
  const streams = await openAll([seat], stage.web, load);
  let over = false;
  const busy = moveOver(streams, stage.web, load).finally(() => {
    over = true;
  });
  const times: number[] = [];
  const sample = async (): Promise<void> => {
    while (!over) times.push(...(await roundTrips(seat, stage.web, 5)));
  };
  await Promise.all([busy, sample()]);
  return times;
}

async function measure(
  stage: Stage,
  { program, seat }: { readonly program: Program; readonly seat: Seat },
  record: Recorder,
  { megabytes }: SectionOptions,
): Promise<void> {
  const relays = positions.map((position) => stage.relay(position, program).process.pid);
  await record.take('first byte, warm', () => warmFirstBytes(seat, stage.web, 15));
  await record.take('one stream down', () => oneStream(seat, stage.web, megabytes(24)));
  await record.take('one stream up', () => oneStream(seat, stage.web, megabytes(12), true));
  const load = { streams: 32, bytes: megabytes(3), circuits: true };
  const many = await record.step(names.rate, () => costs(relays, [seat], stage.web, load));
  const [guard, middle, exit] = many?.cpu ?? [];
  record.add({ [names.rate]: many?.rate, 'guard, CPU': guard, 'middle, CPU': middle, 'exit, CPU': exit });
  const perHop = (times: readonly number[]): number[] => times.map((each) => each / hops);
  await record.take(names.idle, async () => perHop(await roundTrips(seat, stage.web, 20)));
  const beside = { streams: 8, bytes: megabytes(6), circuits: true };
  await record.take(names.busy, async () => perHop(await besides(seat, stage, beside)));
  record.add({ 'middle, memory': memoryMib(relays[1] ?? 0).now });
}

/** Through three relays of one program, for the client that waits least. */
export const relaysSection: Section = {
  name: 'relays',
  title: 'Relays: guard, middle and exit',
  about:
    'Three relays of one program carry a client of C tor without KIST and with TCP_NODELAY, so that the relays set the pace. CPU is of one process while 32 circuits download. "tuned" is C tor without KIST, TCP_NODELAY forced where there is a C compiler.',
  metrics: [
    { name: 'guard, CPU', unit: 's/GB', better: 'lower' },
    { name: 'middle, CPU', unit: 's/GB', better: 'lower' },
    { name: 'exit, CPU', unit: 's/GB', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: names.rate, unit: 'MB/s', better: 'higher' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: names.idle, unit: 'ms', better: 'lower' },
    { name: names.busy, unit: 'ms', better: 'lower' },
    { name: 'middle, memory', unit: 'MiB', better: 'lower' },
  ],
  seconds: 150,
  async run(stages, options) {
    const stage = await stages.use('mixed');
    const samples = await inTurn(paths, options, async (path, record, round) => {
      const seat = await stage.pinned('tuned', path.program);
      if (round === 0) await warmUp([seat], stage.web, options.megabytes(6));
      await measure(stage, { program: path.program, seat }, record, options);
    });
    return { labels: paths.map(({ label }) => label), samples };
  },
};
