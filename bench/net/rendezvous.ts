import type { LabNode } from '../../src/app/lab/index.ts';
import { firstThatAnswers, manyOnOneCircuit } from './loads.ts';
import { cpuSeconds } from './process-figures.ts';
import { type Figures, inTurn, type Subject } from './rounds.ts';
import type { Section } from './section.ts';
import type { Place, Stage } from './stage.ts';
import { download } from './transfer.ts';

const streams = 4;

interface Visitor extends Subject {
  readonly client: LabNode;
  readonly onion: Place;
}

/** The relay at which the client's circuit to the service ends. */
async function meetingPoint(client: LabNode): Promise<string | undefined> {
  const control = await client.control();
  const circuits = await control.getInfo('circuit-status');
  control.close();
  const joined = circuits.split('\n').filter((line) => line.includes('HSCR_JOINED'));
  return joined.length === 1 ? joined[0]?.split(' ')[2]?.split(',').at(-1)?.split('~')[1] : undefined;
}

/** All streams on one circuit: then its meeting point is one process. */
async function measure(stage: Stage, visitor: Visitor, bytes: number): Promise<Figures> {
  const target = { socksPort: visitor.client.socksPort, ...visitor.onion };
  await download(target, 1000);
  const name = await meetingPoint(visitor.client);
  const pid = name === undefined ? undefined : stage.net.node(name).process.pid;
  const before = pid === undefined ? 0 : cpuSeconds(pid);
  const rate = await manyOnOneCircuit(visitor.client, visitor.onion, { streams, bytes });
  return {
    '4 streams down': rate,
    CPU: pid === undefined ? undefined : (cpuSeconds(pid) - before) / ((streams * bytes) / 1e9),
  };
}

export const rendezvousSection: Section = {
  name: 'rendezvous',
  title: 'Relays: rendezvous point',
  about:
    'A client of C tor keeps to the three relays of one program, one of which is the meeting point of a circuit with four streams. CPU is of that process.',
  metrics: [
    { name: 'CPU', unit: 's/GB', better: 'lower' },
    { name: '4 streams down', unit: 'MB/s', better: 'higher' },
  ],
  async run(stage, { megabytes, ...rounds }) {
    const hosts = await stage.manyServices(3);
    const visitors: Visitor[] = [];
    for (const program of ['tor', 'tropea'] as const) {
      const lines = [`ExcludeNodes ${stage.others(program).join(',')}`];
      const client = await stage.client(`visitorOf${program}`, 'tuned', lines);
      const onion = await firstThatAnswers(client, hosts, 80);
      const visitor = { label: program, client, onion };
      await measure(stage, visitor, megabytes(8));
      visitors.push(visitor);
    }
    const samples = await inTurn(visitors, rounds, (visitor) => measure(stage, visitor, megabytes(8)));
    return { labels: visitors.map(({ label }) => label), samples };
  },
};
