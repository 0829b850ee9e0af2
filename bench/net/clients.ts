import type { LabNode } from '../../src/app/lab/index.ts';
import { coldFirstByte, firstThatAnswers, manyAtOnce, manyOnOneCircuit, oneStream, warmFirstBytes } from './loads.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { type Figures, inTurn, type Subject } from './rounds.ts';
import type { Section, SectionOptions } from './section.ts';
import type { Place, Program, Stage } from './stage.ts';

interface Client extends Subject {
  readonly node: LabNode;
}

interface Visitor extends Client {
  /** Met again and again. */
  readonly warm: Place;
  /** Met once, one in each round. */
  readonly cold: readonly string[];
}

const streams = 8;
const rivals: readonly Program[] = ['tor', 'tropea'];

/** Eight streams, and what they cost the client. */
async function load(client: Client, place: Place, bytes: number, work = manyAtOnce) {
  const { pid } = client.node.process;
  await work(client.node, place, { streams, bytes: 1000 });
  const before = cpuSeconds(pid);
  const rate = await work(client.node, place, { streams, bytes });
  return { rate, cpu: (cpuSeconds(pid) - before) / ((bytes * streams) / 1e9) };
}

async function overExit(stage: Stage, client: Client, { megabytes }: SectionOptions): Promise<Figures> {
  const { node } = client;
  const { pid } = node.process;
  const first = await warmFirstBytes(node, stage.web, 15);
  const down = await oneStream(node, stage.web, megabytes(30));
  const before = cpuSeconds(pid);
  const up = await oneStream(node, stage.web, megabytes(20), true);
  const upCpu = (cpuSeconds(pid) - before) / (megabytes(20) / 1e9);
  const { rate, cpu } = await load(client, stage.web, megabytes(10));
  return {
    ...{ 'first byte, warm': first, 'one stream down': down, 'one stream up': up, '8 streams down': rate },
    ...{ 'CPU down': cpu, 'CPU up': upCpu, memory: memoryMib(pid).now },
  };
}

async function overOnion(client: Visitor, round: number, { megabytes }: SectionOptions): Promise<Figures> {
  const { warm: place, cold } = client;
  const next = { host: cold[round] ?? '', port: 80 };
  const connect = await coldFirstByte(client.node, next).catch(() => undefined);
  const first = await warmFirstBytes(client.node, place, 15);
  const down = await oneStream(client.node, place, megabytes(10));
  const { rate, cpu } = await load(client, place, megabytes(3), manyOnOneCircuit);
  return {
    ...{ 'connect, cold': connect, 'first byte, warm': first, 'one stream down': down, '8 streams down': rate },
    ...{ 'CPU down': cpu, memory: memoryMib(client.node.process.pid).now },
  };
}

export const clientsSection: Section = {
  name: 'clients',
  title: 'Clients through an exit',
  about:
    'Both clients keep to the same three relays, C tor without KIST and with TCP_NODELAY, so that relays do not set the pace.',
  metrics: [
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'CPU up', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  async run(stage, options) {
    const clients = await Promise.all(
      rivals.map(
        async (program): Promise<Client> => ({
          label: program,
          node: await stage.pinned(program, 'tuned'),
        }),
      ),
    );
    for (const { node } of clients) await manyAtOnce(node, stage.web, { streams, bytes: options.megabytes(6) });
    const samples = await inTurn(clients, options, (client) => overExit(stage, client, options));
    return { labels: rivals, samples };
  },
};

export const onionClientsSection: Section = {
  name: 'onions',
  title: 'Clients of onion services',
  about:
    'The services are of C tor, without KIST; relays are as each client chooses them among all. Streams share a circuit.',
  metrics: [
    { name: 'connect, cold', unit: 'ms', better: 'lower' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  async run(stage, options) {
    const perClient = options.rounds + 3;
    const onions = await stage.manyServices(rivals.length * perClient);
    const visitors: Visitor[] = [];
    for (const [index, program] of rivals.entries()) {
      const node = await stage.client(`free${program}`, program);
      const mine = onions.slice(index * perClient, (index + 1) * perClient);
      const warm = await firstThatAnswers(node, mine.slice(0, 3), 80);
      visitors.push({ label: program, node, warm, cold: mine.slice(3) });
    }
    for (const visitor of visitors) await load(visitor, visitor.warm, options.megabytes(3), manyOnOneCircuit);
    const samples = await inTurn(visitors, options, (visitor, round) => overOnion(visitor, round, options));
    return { labels: rivals, samples };
  },
};
