import { manyAtOnce, oneStream, warmFirstBytes } from './loads.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { type Figures, inTurn, type Subject } from './rounds.ts';
import type { Section } from './section.ts';
import { type Program, positions, programs, type Stage } from './stage.ts';

interface Path extends Subject {
  readonly program: Program;
  readonly socksPort: number;
}

const streams = 32;

async function measure(stage: Stage, path: Path, sizes: { single: number; each: number }): Promise<Figures> {
  const relays = positions.map((position) => stage.relay(path.program, position).process.pid);
  const first = await warmFirstBytes(path, stage.web, 15);
  const single = await oneStream(path, stage.web, sizes.single);
  const up = await oneStream(path, stage.web, sizes.single / 2, true);
  await manyAtOnce(path, stage.web, { streams, bytes: 1000 });
  const before = relays.map(cpuSeconds);
  const many = await manyAtOnce(path, stage.web, { streams, bytes: sizes.each });
  const gigabytes = (streams * sizes.each) / 1e9;
  const [guard, middle, exit] = relays.map((pid, index) => (cpuSeconds(pid) - (before[index] ?? 0)) / gigabytes);
  const busy = manyAtOnce(path, stage.web, { streams: 8, bytes: sizes.each * 2 });
  const underLoad = await warmFirstBytes(path, stage.web, 10);
  await busy;
  return {
    ...{ 'one stream down': single, 'one stream up': up, '32 streams down': many },
    ...{ 'guard, CPU': guard, 'middle, CPU': middle, 'exit, CPU': exit },
    ...{ 'first byte, warm': first, 'first byte, warm, beside 8 downloads': underLoad },
    'middle, memory': memoryMib(relays[1] ?? 0).now,
  };
}

/** Through three relays of one program, for the client that waits least. */
export const relaysSection: Section = {
  name: 'relays',
  title: 'Relays: guard, middle and exit',
  about:
    'Three relays of one program carry a client of C tor without KIST and with TCP_NODELAY, so that the relays set the pace. CPU is of one process while 32 circuits download.',
  metrics: [
    { name: 'guard, CPU', unit: 's/GB', better: 'lower' },
    { name: 'middle, CPU', unit: 's/GB', better: 'lower' },
    { name: 'exit, CPU', unit: 's/GB', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '32 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'first byte, warm, beside 8 downloads', unit: 'ms', better: 'lower' },
    { name: 'middle, memory', unit: 'MiB', better: 'lower' },
  ],
  async run(stage, { megabytes, ...rounds }) {
    const paths = await Promise.all(
      programs.map(async (program): Promise<Path> => {
        const { socksPort } = await stage.pinned('tuned', program);
        return { label: program, program, socksPort };
      }),
    );
    // Engines that compile what is used often are measured as they run for days.
    for (const path of paths) await manyAtOnce(path, stage.web, { streams: 8, bytes: megabytes(6) });
    const sizes = { single: megabytes(24), each: megabytes(3) };
    const samples = await inTurn(paths, rounds, (path) => measure(stage, path, sizes));
    return { labels: paths.map(({ label }) => label), samples };
  },
};

/** Client and relays of one program: what a user of nothing else would see. */
export const wholeSection: Section = {
  name: 'whole',
  title: 'Everything of one program: client, guard, middle, exit',
  about: 'What somebody sees whose client and relays are all of one program.',
  metrics: [
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
  ],
  async run(stage, { megabytes, ...rounds }) {
    const paths = await Promise.all(
      programs.map(async (program): Promise<Path> => {
        const { socksPort } = await stage.pinned(program, program);
        return { label: program, program, socksPort };
      }),
    );
    const samples = await inTurn(paths, rounds, async (path) => ({
      'first byte, warm': await warmFirstBytes(path, stage.web, 15),
      'one stream down': await oneStream(path, stage.web, megabytes(30)),
      'one stream up': await oneStream(path, stage.web, megabytes(15), true),
      '8 streams down': await manyAtOnce(path, stage.web, { streams: 8, bytes: megabytes(8) }),
    }));
    return { labels: paths.map(({ label }) => label), samples };
  },
};
