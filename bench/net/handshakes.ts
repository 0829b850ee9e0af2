import type { Relay } from '../../src/network/netdir/index.ts';
import type { OriginCircuit } from '../../src/protocol/circuit/index.ts';
import { Maker, times } from './maker.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section } from './section.ts';
import { programs } from './stage.ts';

interface Target extends Subject {
  readonly pid: number;
  readonly relay: Relay;
}

const atOnce = 64;
const circuitsMade = 4000;

/** Makes circuits of one hop on one link, so many at a time, until `count` are open. */
async function open(maker: Maker, { relay }: Target, count: number): Promise<OriginCircuit[]> {
  const circuits: OriginCircuit[] = [];
  await times(count, atOnce, async () => {
    circuits.push(await maker.circuit(relay));
  });
  return circuits;
}

function closeAll(circuits: readonly OriginCircuit[]): void {
  for (const circuit of circuits) circuit.close();
}

async function measure(maker: Maker, target: Target, count: number, record: Recorder): Promise<void> {
  const cpu = cpuSeconds(target.pid);
  const started = performance.now();
  const circuits = await open(maker, target, count);
  const seconds = (performance.now() - started) / 1000;
  record.add({
    'circuits created': count / seconds,
    'CPU per circuit': ((cpuSeconds(target.pid) - cpu) * 1000) / count,
  });
  closeAll(circuits);
}

/**
 * The first circuits show what memory they take, since later ones find what those left free; and they warm engines up.
 * A few come before: threads for handshakes are no part of it.
 */
async function growth(maker: Maker, target: Target, count: number): Promise<number> {
  closeAll(await open(maker, target, Math.ceil(count / 16)));
  const before = memoryMib(target.pid).now;
  const circuits = await open(maker, target, count);
  const grown = memoryMib(target.pid).now - before;
  closeAll(circuits);
  return (grown * 1000) / count;
}

export const handshakesSection: Section = {
  name: 'handshakes',
  title: 'Relays: circuits created',
  about: `${atOnce} circuits at a time are created over one link with the relay's onion key; memory is what the relay's process grew by when ${circuitsMade} were open.`,
  metrics: [
    { name: 'circuits created', unit: '1/s', better: 'higher' },
    { name: 'CPU per circuit', unit: 'ms', better: 'lower' },
    { name: 'memory per 1,000 circuits', unit: 'MiB', better: 'lower' },
  ],
  seconds: 60,
  async run(stages, options) {
    const stage = await stages.use('mixed');
    const maker = await Maker.start(stage);
    try {
      const targets = programs.map((program): Target => {
        const { name, process } = stage.relay('middle', program);
        return { label: program, pid: process.pid, relay: maker.relay(name) };
      });
      const count = options.scaled(circuitsMade);
      const samples = await inTurn(targets, options, async (target, record, round) => {
        if (round === 0) await record.take('memory per 1,000 circuits', () => growth(maker, target, count));
        await measure(maker, target, count, record);
      });
      return { labels: targets.map(({ label }) => label), samples };
    } finally {
      await maker.stop();
    }
  },
};
