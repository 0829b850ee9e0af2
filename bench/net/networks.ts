import type { ControlClient, LabNode } from '../../src/app/lab/index.ts';
import { firstByte, newCircuitFirstBytes, oneStream, samplesOf, warmFirstBytes, warmUp } from './loads.ts';
import { costs } from './relays.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section, SectionOptions } from './section.ts';
import { type Program, positions, type Stage } from './stage.ts';

interface Network extends Subject {
  readonly program: Program;
}

const networks: readonly Network[] = [
  { label: 'tor', program: 'tor' },
  { label: 'tropea', program: 'tropea' },
];
const coldServices = 3;
const buildMs = 10_000;
const patienceMs = 45_000;
/** All steps of one kind of path. */
const pathMs = 150_000;
const roles = ['client', ...positions] as const;

/** Milliseconds from asking for a circuit along this path until it is built. */
async function builtIn(control: ControlClient, path: readonly string[]): Promise<number> {
  const started = performance.now();
  const { lines } = await control.command(`EXTENDCIRCUIT 0 ${path.join(',')}`);
  const id = /EXTENDED (\d+)/.exec(lines.join('\n'))?.[1] ?? '';
  await control.waitForEvent(new RegExp(`^CIRC ${id} (BUILT|FAILED|CLOSED)`), buildMs);
  const ms = performance.now() - started;
  if (control.events.some((event) => event.startsWith(`CIRC ${id} FAILED`))) throw new Error('the circuit failed');
  await control.command(`CLOSECIRCUIT ${id}`);
  return ms;
}

async function overExit(stage: Stage, client: LabNode, record: Recorder, { megabytes }: SectionOptions): Promise<void> {
  await warmUp([client], stage.web, megabytes(8));
  const path = positions.map((position) => stage.relay(position).name);
  const control = await client.control();
  await control.command('SETEVENTS CIRC');
  await record.take('circuit built', () => samplesOf(20, () => builtIn(control, path)));
  control.close();
  await record.take('exit: first byte, warm', () => warmFirstBytes(client, stage.web, 15));
  await record.take('exit: one stream down', () => oneStream(client, stage.web, megabytes(20)));
  await record.take('exit: one stream up', () => oneStream(client, stage.web, megabytes(12), true));
  const pids = [client, ...positions.map((position) => stage.relay(position))].map((node) => node.process.pid);
  const load = { streams: 8, bytes: megabytes(6), circuits: true };
  const name = 'exit: 8 streams down';
  const seen = await record.step(name, () => costs(pids, [client], stage.web, load));
  record.add({ [name]: seen?.rate });
  for (const [index, role] of roles.entries()) record.add({ [`exit: CPU of the ${role}`]: seen?.cpu[index] });
}

async function overOnion(
  stage: Stage,
  program: Program,
  round: number,
  record: Recorder,
  { megabytes }: SectionOptions,
): Promise<void> {
  const started = performance.now();
  const { node, place } = await stage.service(`service${round}`, program, { timeoutMs: patienceMs });
  record.add({ 'onion: from start to descriptors uploaded': (performance.now() - started) / 1000 });
  const visitor = await stage.client('visitor', program);
  const others = await record.step('more services', () => stage.manyServices(coldServices, program));
  await warmUp([visitor], place, megabytes(4));
  for (const other of others ?? []) await record.take('onion: connect, cold', () => firstByte(visitor, other));
  await record.take('onion: connect, descriptor known', () => newCircuitFirstBytes(visitor, place, 5, 'again'));
  await record.take('onion: first byte, warm', () => warmFirstBytes(visitor, place, 15));
  await record.take('onion: one stream down', () => oneStream(visitor, place, megabytes(10)));
  await record.take('onion: one stream up', () => oneStream(visitor, place, megabytes(6), true));
  const pids = [visitor, node, ...stage.relays()].map((each) => each.process.pid);
  const load = { streams: 8, bytes: megabytes(4), circuits: true };
  const name = 'onion: 8 streams down';
  const seen = await record.step(name, () => costs(pids, [visitor], place, load));
  if (seen === undefined) return;
  const [client = 0, service = 0, ...relays] = seen.cpu;
  record.add({
    [name]: seen.rate,
    'onion: CPU of the client': client,
    'onion: CPU of the service': service,
    'onion: CPU of all relays': relays.reduce((sum, each) => sum + each, 0),
    'onion: CPU of all': seen.cpu.reduce((sum, each) => sum + each, 0),
  });
}

/** A network of nothing but one program: what its users see, and what it takes to start. */
export const networksSection: Section = {
  name: 'networks',
  title: 'Networks of one program',
  about:
    'Every node is of one program: 3 authorities, 2 guards, 6 in the middle, 4 exits, each a process, all started anew in every round; then a client, a service and more. The 8 streams have a circuit each. CPU is while they download.',
  metrics: [
    { name: 'start of 15 nodes to all having a consensus', unit: 's', better: 'lower' },
    { name: 'circuit built', unit: 'ms', better: 'lower' },
    { name: 'exit: first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'exit: one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'exit: one stream up', unit: 'MB/s', better: 'higher' },
    { name: 'exit: 8 streams down', unit: 'MB/s', better: 'higher' },
    ...roles.map((role) => ({ name: `exit: CPU of the ${role}`, unit: 's/GB', better: 'lower' }) as const),
    { name: 'onion: from start to descriptors uploaded', unit: 's', better: 'lower' },
    { name: 'onion: connect, cold', unit: 'ms', better: 'lower' },
    { name: 'onion: connect, descriptor known', unit: 'ms', better: 'lower' },
    { name: 'onion: first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'onion: one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'onion: one stream up', unit: 'MB/s', better: 'higher' },
    { name: 'onion: 8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'onion: CPU of the client', unit: 's/GB', better: 'lower' },
    { name: 'onion: CPU of the service', unit: 's/GB', better: 'lower' },
    { name: 'onion: CPU of all relays', unit: 's/GB', better: 'lower' },
    { name: 'onion: CPU of all', unit: 's/GB', better: 'lower' },
  ],
  seconds: 330,
  async run(stages, options) {
    const samples = await inTurn(networks, options, async ({ program }, record, round) => {
      const { stage, seconds } = await stages.fresh(program);
      record.add({ 'start of 15 nodes to all having a consensus': seconds });
      const client = await record.step('a client', () => stage.pinned(program));
      if (client !== undefined) await record.step('by exit', () => overExit(stage, client, record, options), pathMs);
      await record.step('by onion service', () => overOnion(stage, program, round, record, options), pathMs);
    });
    return { labels: networks.map(({ label }) => label), samples };
  },
};
