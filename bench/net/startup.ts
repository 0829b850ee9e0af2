import { type LabNode, readyMadeNetworks, usualProcesses } from '../../src/app/lab/index.ts';
import { TorNetwork } from '../../test/interop/support/network.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { inTurn, type Recorder, type Subject } from './rounds.ts';
import type { Section } from './section.ts';

interface Kind extends Subject {
  readonly program: 'tor' | 'tropea';
  readonly processes: number;
}

const kinds: readonly Kind[] = [
  { label: 'tor', program: 'tor', processes: 0 },
  { label: 'tropea, a process each', program: 'tropea', processes: 0 },
  { label: 'tropea', program: 'tropea', processes: usualProcesses() },
];
const startMs = 120_000;

const sumOf = (nodes: readonly LabNode[], figure: (pid: number) => number): number =>
  [...new Set(nodes.map((node) => node.process.pid))].reduce((sum, pid) => sum + figure(pid), 0);

async function start(kind: Kind, record: Recorder): Promise<void> {
  const started = performance.now();
  const network = await TorNetwork.start({
    ...readyMadeNetworks.basic?.topology,
    implementation: kind.program,
    processes: kind.processes,
    signal: AbortSignal.timeout(startMs),
  });
  try {
    record.add({
      'start to client and service ready': (performance.now() - started) / 1000,
      'CPU until then': sumOf(network.nodes, cpuSeconds),
      'memory then': sumOf(network.nodes, (pid) => memoryMib(pid).now),
    });
  } finally {
    await network.stop();
  }
}

/** How long `tropea lab up` takes, beside C tor in all seats. */
export const startupSection: Section = {
  name: 'startup',
  title: 'Start of a lab',
  about: `What \`tropea lab up\` starts: 3 authorities, 4 relays, 2 exits, a client and an onion service. C tor has a process for each, Tropea ${usualProcesses()} for all unless told otherwise.`,
  metrics: [
    { name: 'start to client and service ready', unit: 's', better: 'lower' },
    { name: 'CPU until then', unit: 's', better: 'lower' },
    { name: 'memory then', unit: 'MiB', better: 'lower' },
  ],
  seconds: 120,
  async run(stages, options) {
    await stages.stop();
    const samples = await inTurn(kinds, options, start);
    return { labels: kinds.map(({ label }) => label), samples };
  },
};
