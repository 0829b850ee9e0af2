/**
 * node --import tsx bench/net/main.ts [--a=tor] [--b=tropea] [--rounds=5] [--scale=1] [--only=TEXT] [--dry]
 *
 * Two clients in one private network of C tor nodes, measured in turn. `--a` and `--b` name a program (`tor`, `tropea`)
 * or give a command that takes `-f torrc`. `--scale` multiplies the sizes, `--dry` leaves results.md alone.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Implementation } from '../../src/app/lab/index.ts';
import { TorNetwork } from '../../test/interop/support/network.ts';
import { exitMeasures, type Measure, memoryMeasures, onionMeasures, type Seat, type Sizes } from './measures.ts';
import { machine, median, type Row, table, writeSection } from './report.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function option(name: string, fallback: string): string {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given?.slice(name.length + 3) ?? fallback;
}

function implementationOf(text: string): Implementation {
  if (text === 'tor' || text === 'tropea') return text;
  return { name: text, command: text.split(' ') };
}

const rounds = Number(option('rounds', '5'));
const scale = Number(option('scale', '1'));
const only = option('only', '');
const names = [option('a', 'tor'), option('b', existsSync(join(root, 'bin/tropea')) ? 'tropea' : 'tor')] as const;
const megabytes = (count: number): number => Math.round(count * scale * 1e6);
const sizes: Sizes = {
  single: megabytes(30),
  parallel: megabytes(15),
  onionSingle: megabytes(8),
  onionParallel: megabytes(5),
  warmRequests: 15,
};

/** One onion service node with a service for every cold connect, and one to be met warm. */
async function makeServices(net: TorNetwork): Promise<string[]> {
  const names = Array.from({ length: rounds + 1 }, (_, index) => `onion${index}`);
  await Promise.all(names.map((name) => net.addOnionService({ name })));
  return names.map((name) => net.onion(name).hostname);
}

async function measure(seats: readonly [Seat, Seat], measures: readonly Measure[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, unit, better, run } of measures) {
    if (!name.includes(only)) continue;
    const samples: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      // Each goes first in every other round, so that neither always meets the quieter machine.
      for (const turn of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        try {
          samples[turn].push(...(await run(seats[turn], round)));
        } catch (error) {
          console.error(`${name}, ${seats[turn].label}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
    rows.push({ name, unit, better, samples });
    const [a, b] = samples.map(median);
    console.log(`${name}: ${a?.toFixed(2)} and ${b?.toFixed(2)} ${unit}`);
  }
  return rows;
}

async function main(): Promise<void> {
  const net = await TorNetwork.start({ authorities: 3, relays: 4, exits: 2, timing: { votingIntervalS: 300 } });
  try {
    const onions = await makeServices(net);
    const seatFor = async (program: string, position: number): Promise<Seat> => {
      const node = await net.addClient({ name: `seat${position}`, implementation: implementationOf(program) });
      const label = names[0] === names[1] ? `${program} (${position + 1})` : program;
      return { label, node, socksPort: node.socksPort, onions };
    };
    const seats = [await seatFor(names[0], 0), await seatFor(names[1], 1)] as const;
    const web = { host: '127.0.0.1', port: net.httpPort };
    const started = Date.now();
    const rows = await measure(seats, [...exitMeasures(web, sizes), ...onionMeasures(sizes), ...memoryMeasures]);
    const labels = [seats[0].label, seats[1].label] as const;
    const text = [
      `Clients side by side in one private network of C tor nodes (3 authorities, 4 relays, 2 exits, all on loopback), ${new Date()
        .toISOString()
        .slice(
          0,
          10,
        )}. ${machine()}. Medians of ${rounds} rounds with lowest and highest; ratio is the second over the first.`,
      '',
      table(labels, rows),
    ].join('\n');
    console.log(`\n${text}\n\n${((Date.now() - started) / 1000).toFixed(0)} s`);
    if (!process.argv.includes('--dry')) writeSection(join(root, 'bench/results.md'), 'Whole network: clients', text);
  } finally {
    await net.stop();
  }
}

await main();
