import type { LabNode } from '../../src/app/lab/index.ts';
import { coldFirstByte, manyAtOnce, oneStream, warmFirstBytes } from './loads.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { type Figures, inTurn, type Subject } from './rounds.ts';
import type { Section, SectionOptions } from './section.ts';
import type { Place, Program, Stage } from './stage.ts';

interface Client extends Subject {
  readonly node: LabNode;
  /** Onion services for this client: the first is met again and again, the others cold, one in each round. */
  readonly onions: readonly string[];
}

const streams = 8;
const rivals: readonly Program[] = ['tor', 'tropea'];

/** Eight streams, and what they cost the client. */
async function load(client: Client, place: Place, bytes: number) {
  const { pid } = client.node.process;
  await manyAtOnce(client.node, place, { streams, bytes: 1000 });
  const before = cpuSeconds(pid);
  const rate = await manyAtOnce(client.node, place, { streams, bytes });
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

async function overOnion(client: Client, round: number, { megabytes }: SectionOptions): Promise<Figures> {
  const [warm = '', ...cold] = client.onions;
  const next = cold[round];
  const place = { host: warm, port: 80 };
  const connect = next === undefined ? undefined : await coldFirstByte(client.node, { host: next, port: 80 });
  const first = await warmFirstBytes(client.node, place, 15);
  const down = await oneStream(client.node, place, megabytes(10));
  const { rate, cpu } = await load(client, place, megabytes(3));
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
          onions: [],
        }),
      ),
    );
    const samples = await inTurn(clients, options, (client) => overExit(stage, client, options));
    return { labels: rivals, samples };
  },
};

export const onionClientsSection: Section = {
  name: 'onions',
  title: 'Clients of onion services',
  about: 'The services are of C tor, without KIST; relays are as each client chooses them among all.',
  metrics: [
    { name: 'connect, cold', unit: 'ms', better: 'lower' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  async run(stage, options) {
    const onions = await stage.manyServices(rivals.length * (options.rounds + 1));
    const clients = await Promise.all(
      rivals.map(async (program, index): Promise<Client> => {
        const node = await stage.client(`free${program}`, program);
        return { label: program, node, onions: onions.filter((_, i) => i % rivals.length === index) };
      }),
    );
    const samples = await inTurn(clients, options, (client, round) => overOnion(client, round, options));
    return { labels: rivals, samples };
  },
};
