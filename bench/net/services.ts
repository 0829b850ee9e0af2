import { firstByte, type Load, newCircuitFirstBytes, oneStream, type Seat, warmFirstBytes, warmUp } from './loads.ts';
import { memoryMib } from './process-figures.ts';
import { costs } from './relays.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section, SectionOptions } from './section.ts';
import type { Program, Stage } from './stage.ts';

interface Service extends Subject {
  readonly program: Program;
}

const services: readonly Service[] = [
  { label: 'tor', program: 'tor' },
  { label: 'tropea', program: 'tropea' },
];
const visitorCount = 2;
const patienceMs = 45_000;

async function measure(
  stage: Stage,
  visitors: readonly Seat[],
  service: { readonly program: Program; readonly round: number },
  record: Recorder,
  { megabytes }: SectionOptions,
): Promise<void> {
  const { program, round } = service;
  const [visitor, ...others] = visitors;
  if (visitor === undefined) return;
  const started = performance.now();
  const made = await stage.service(`${program}Service${round}`, program, { timeoutMs: patienceMs });
  const { node, place } = made;
  const { pid } = node.process;
  try {
    record.add({ 'from start to descriptors uploaded': (performance.now() - started) / 1000 });
    await record.step('the first answer', async () => {
      const connect = await firstByte(visitor, place);
      record.add({ 'connect, cold': connect, 'from start to first answer': (performance.now() - started) / 1000 });
    });
    for (const other of others) await record.take('connect, cold', () => firstByte(other, place));
    await warmUp(visitors, place, megabytes(3));
    await record.take('connect, descriptor known', () => newCircuitFirstBytes(visitor, place, 5, `round${round}-`));
    await record.take('first byte, warm', () => warmFirstBytes(visitor, place, 15));
    await record.take('one stream down', () => oneStream(visitor, place, megabytes(10)));
    await record.take('one stream up', () => oneStream(visitor, place, megabytes(6), true));
    for (const way of ['down', 'up'] as const) {
      const name = `8 streams ${way}`;
      const load: Load = { streams: 8, bytes: megabytes(4), circuits: true, up: way === 'up' };
      const seen = await record.step(name, () => costs([pid], visitors, place, load));
      record.add({ [name]: seen?.rate, [`CPU ${way}`]: seen?.cpu[0] });
    }
    record.add({ memory: memoryMib(pid).now });
  } finally {
    await node.kill();
  }
}

/** A fresh service in every round, met by clients of C tor. */
export const servicesSection: Section = {
  name: 'services',
  title: 'Onion services',
  about: `A service with an empty data directory is started in every round. Relays and the ${visitorCount} clients are of C tor without KIST and with TCP_NODELAY. The 8 streams have a circuit each.`,
  metrics: [
    { name: 'from start to descriptors uploaded', unit: 's', better: 'lower' },
    { name: 'from start to first answer', unit: 's', better: 'lower' },
    { name: 'connect, cold', unit: 'ms', better: 'lower' },
    { name: 'connect, descriptor known', unit: 'ms', better: 'lower' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: '8 streams up', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'CPU up', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  seconds: 150,
  async run(stages, options) {
    const stage = await stages.use('tuned');
    const names = Array.from({ length: visitorCount }, (_, index) => `visitor${index}`);
    const visitors = await Promise.all(names.map((name) => stage.client(name, 'tuned')));
    const samples = await inTurn(services, options, ({ program }, record, round) =>
      measure(stage, visitors, { program, round }, record, options),
    );
    return { labels: services.map(({ label }) => label), samples };
  },
};
