import type { LabNode } from '../../src/app/lab/index.ts';
import {
  firstByte,
  type Load,
  move,
  newCircuitFirstBytes,
  oneStream,
  type Place,
  warmFirstBytes,
  warmUp,
} from './loads.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { costs } from './relays.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section, SectionOptions } from './section.ts';
import type { Program, Stage } from './stage.ts';

interface Rival extends Subject {
  readonly program: Program;
}

interface Client extends Subject {
  readonly node: LabNode;
}

interface Visitor extends Client {
  /** Met again and again. */
  readonly warm: Place;
  /** Met once each. */
  readonly cold: readonly Place[];
}

const streams = 8;
const coldEachRound = 2;
const rivals: readonly Rival[] = [
  { label: 'tor', program: 'tor' },
  { label: 'tropea', program: 'tropea' },
];
const labels = rivals.map(({ label }) => label);

/** Eight streams, and what they cost the client. */
async function many(record: Recorder, client: Client, place: Place, load: Load, way: 'down' | 'up' = 'down') {
  const { pid } = client.node.process;
  const name = `8 streams ${way}`;
  const seen = await record.step(name, () => costs([pid], [client.node], place, { ...load, up: way === 'up' }));
  record.add({ [name]: seen?.rate, [`CPU ${way}`]: seen?.cpu[0] });
}

async function overExit(stage: Stage, client: Client, record: Recorder, { megabytes }: SectionOptions): Promise<void> {
  const { node } = client;
  const { pid } = node.process;
  await record.take('first byte, warm', () => warmFirstBytes(node, stage.web, 15));
  await record.take('one stream down', () => oneStream(node, stage.web, megabytes(30)));
  const before = cpuSeconds(pid);
  const up = { streams: 1, bytes: megabytes(20), up: true };
  const moved = await record.step('one stream up', () => move([node], stage.web, up));
  if (moved !== undefined) {
    record.add({ 'one stream up': moved.rate, 'CPU up': (cpuSeconds(pid) - before) / moved.gigabytes });
  }
  await many(record, client, stage.web, { streams, bytes: megabytes(10), circuits: true });
  record.add({ memory: memoryMib(pid).now });
}

async function overOnion(client: Visitor, round: number, record: Recorder, { megabytes }: SectionOptions) {
  const { node, warm: place } = client;
  for (const cold of client.cold.slice(round * coldEachRound, (round + 1) * coldEachRound)) {
    await record.take('connect, cold', () => firstByte(node, cold));
  }
  await record.take('connect, descriptor known', () => newCircuitFirstBytes(node, place, 5, `round${round}-`));
  await record.take('first byte, warm', () => warmFirstBytes(node, place, 15));
  await record.take('one stream down', () => oneStream(node, place, megabytes(10)));
  await record.take('one stream up', () => oneStream(node, place, megabytes(6), true));
  await many(record, client, place, { streams, bytes: megabytes(4), circuits: true });
  record.add({ memory: memoryMib(node.process.pid).now });
}

export const clientsSection: Section = {
  name: 'clients',
  title: 'Clients through an exit',
  about:
    'Both clients keep to the same three relays, C tor without KIST and with TCP_NODELAY, so that relays do not set the pace. The 8 streams have a circuit each.',
  metrics: [
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'CPU up', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  seconds: 80,
  async run(stages, options) {
    const stage = await stages.use('tuned');
    const samples = await inTurn(rivals, options, async ({ label, program }, record, round) => {
      const node = await stage.pinned(program);
      if (round === 0) await warmUp([node], stage.web, options.megabytes(6));
      await overExit(stage, { label, node }, record, options);
    });
    return { labels, samples };
  },
};

export const onionClientsSection: Section = {
  name: 'onions',
  title: 'Clients of onion services',
  about:
    'Services and relays are of C tor without KIST and with TCP_NODELAY; both clients have the same guard. The 8 streams have a circuit each.',
  metrics: [
    { name: 'connect, cold', unit: 'ms', better: 'lower' },
    { name: 'connect, descriptor known', unit: 'ms', better: 'lower' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  seconds: 100,
  async run(stages, options) {
    const stage = await stages.use('tuned');
    const places = await stage.manyServices(1 + rivals.length * options.rounds * coldEachRound);
    const [warm, ...others] = places;
    if (warm === undefined) throw new Error('no services');
    const samples = await inTurn(rivals, options, async ({ label, program }, record, round) => {
      const node = await stage.client(`visitor${program}`, program, [`EntryNodes ${stage.relay('guard').name}`]);
      if (round === 0) await warmUp([node], warm, options.megabytes(3));
      const cold = others.filter((_, i) => labels[i % labels.length] === label);
      await overOnion({ label, node, warm, cold }, round, record, options);
    });
    return { labels, samples };
  },
};
