import { firstThatAnswers, manyOnOneCircuit, oneStream, warmFirstBytes } from './loads.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { inTurn, type Subject } from './rounds.ts';
import type { Section } from './section.ts';

interface Service extends Subject {
  readonly program: 'tor' | 'tropea';
}

const streams = 8;

/** A fresh service in every round, met by one client of C tor. */
export const servicesSection: Section = {
  name: 'services',
  title: 'Onion services',
  about:
    'A service with an empty data directory is started in every round. The visitor is a client of C tor without KIST; relays are chosen among all, and all streams share a circuit.',
  metrics: [
    { name: 'from start to descriptors uploaded', unit: 's', better: 'lower' },
    { name: 'from start to first answer', unit: 's', better: 'lower' },
    { name: 'first byte, warm', unit: 'ms', better: 'lower' },
    { name: 'one stream down', unit: 'MB/s', better: 'higher' },
    { name: 'one stream up', unit: 'MB/s', better: 'higher' },
    { name: '8 streams down', unit: 'MB/s', better: 'higher' },
    { name: 'CPU down', unit: 's/GB', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],
  async run(stage, { megabytes, ...rounds }) {
    const visitor = await stage.client('visitor', 'tuned');
    const services: readonly Service[] = [
      { label: 'tor', program: 'tor' },
      { label: 'tropea', program: 'tropea' },
    ];
    const samples = await inTurn(services, rounds, async ({ program }, round) => {
      const started = performance.now();
      const name = `${program}Service${round}`;
      const node = await stage.net.addOnionService({ name, implementation: program });
      const uploaded = (performance.now() - started) / 1000;
      const place = { host: stage.net.onion(name).hostname, port: 80 };
      try {
        await firstThatAnswers(visitor, [place.host, place.host, place.host], place.port);
        const reached = (performance.now() - started) / 1000;
        await manyOnOneCircuit(visitor, place, { streams, bytes: megabytes(3) });
        const first = await warmFirstBytes(visitor, place, 15);
        const down = await oneStream(visitor, place, megabytes(10));
        const up = await oneStream(visitor, place, megabytes(5), true);
        const { pid } = node.process;
        const before = cpuSeconds(pid);
        const many = await manyOnOneCircuit(visitor, place, { streams, bytes: megabytes(3) });
        return {
          'from start to descriptors uploaded': uploaded,
          'from start to first answer': reached,
          ...{ 'first byte, warm': first, 'one stream down': down, 'one stream up': up, '8 streams down': many },
          'CPU down': (cpuSeconds(pid) - before) / ((streams * megabytes(3)) / 1e9),
          memory: memoryMib(pid).now,
        };
      } finally {
        await node.kill();
      }
    });
    return { labels: services.map(({ label }) => label), samples };
  },
};
