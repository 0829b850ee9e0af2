import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { circuitParams } from '../../src/network/circuits/index.ts';
import { defaultParams } from '../../src/network/netdir/index.ts';
import { type HopTarget, OriginCircuit } from '../../src/protocol/circuit/index.ts';
import { type HandWired, handWired } from '../../test/interop/support/hand-wired.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { type Figures, inTurn, type Subject } from './rounds.ts';
import type { Section } from './section.ts';
import type { Program } from './stage.ts';

interface Target extends Subject {
  readonly pid: number;
  readonly hop: HopTarget;
  readonly endpoint: Parameters<HandWired['channels']['get']>[0];
}

const atOnce = 64;
const params = circuitParams(defaultParams);

/** Makes circuits of one hop on one link, so many at a time, until `count` are open. */
async function open(client: HandWired, target: Target, count: number): Promise<OriginCircuit[]> {
  const channel = await client.channels.get(target.endpoint);
  const circuits: OriginCircuit[] = [];
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const circuit = new OriginCircuit({ ...nodeRuntime, channel }, { params });
      // As C tor makes the first hop of a circuit, and any but the last: ntor, or ntor-v3 without requests.
      await circuit.create(target.hop);
      circuits.push(circuit);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return circuits;
}

async function measure(client: HandWired, target: Target, count: number, round: number): Promise<Figures> {
  const close = (circuits: readonly OriginCircuit[]): void => {
    for (const circuit of circuits) circuit.close();
  };
  // The first circuits show what memory they take, since later ones find what those left free, and warm the engine up.
  const memory = memoryMib(target.pid).now;
  const first = round > 0 ? [] : await open(client, target, count);
  const grown = memoryMib(target.pid).now - memory;
  close(first);
  const cpu = cpuSeconds(target.pid);
  const started = performance.now();
  const circuits = await open(client, target, count);
  const seconds = (performance.now() - started) / 1000;
  const figures = {
    'circuits created': count / seconds,
    'CPU per circuit': ((cpuSeconds(target.pid) - cpu) * 1000) / count,
    'memory per 1,000 circuits': round > 0 ? undefined : (grown * 1000) / count,
  };
  close(circuits);
  return figures;
}

export const handshakesSection: Section = {
  name: 'handshakes',
  title: 'Relays: circuits created',
  about: `${atOnce} circuits at a time are created over one link with the relay's onion key; at the end all are open, which is when memory is read.`,
  metrics: [
    { name: 'circuits created', unit: '1/s', better: 'higher' },
    { name: 'CPU per circuit', unit: 'ms', better: 'lower' },
    { name: 'memory per 1,000 circuits', unit: 'MiB', better: 'lower' },
  ],
  async run(stage, { megabytes, ...rounds }) {
    const client = await handWired(stage.net, await mkdtemp(join(stage.net.folder, 'maker-')));
    try {
      client.circuits.start();
      await client.directory.start();
      await client.directory.whenReady(AbortSignal.timeout(60_000));
      const targets = (['tor', 'tropea'] as const).map((program: Program): Target => {
        const node = stage.relay(program, 'Middle');
        const relay = client.directory.netdir?.byNameOrId(node.name);
        if (relay === undefined) throw new Error(`${node.name} is not in the consensus`);
        const hop = relay.hopTarget();
        const identity = { rsa: hop.rsa, ...(hop.ed25519 === undefined ? {} : { ed25519: hop.ed25519 }) };
        return { label: program, pid: node.process.pid, hop, endpoint: { identity, addresses: relay.addresses } };
      });
      const count = Math.round(megabytes(1) / 250);
      const samples = await inTurn(targets, rounds, (target, round) => measure(client, target, count, round));
      return { labels: targets.map(({ label }) => label), samples };
    } finally {
      await client.stop();
    }
  },
};
