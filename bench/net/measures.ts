import type { LabNode } from '../../src/app/lab/index.ts';
import { cpuSeconds, memoryMib } from './process-figures.ts';
import { download, upload } from './transfer.ts';

/** Two programs are compared in the same seat of the same network. */
export interface Seat {
  readonly label: string;
  /** The process whose CPU time and memory count. */
  readonly node: LabNode;
  readonly socksPort: number;
  /** Onion services for this seat; all but the first are met cold, once each. */
  readonly onions: readonly string[];
}

export interface Sizes {
  /** One stream, bytes. */
  readonly single: number;
  /** Each of eight streams, bytes. */
  readonly parallel: number;
  readonly onionSingle: number;
  readonly onionParallel: number;
  readonly warmRequests: number;
}

export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** The samples of one round. */
  run(seat: Seat, round: number): Promise<number[]>;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

const streams = 8;
const megabytesPerSecond = (bytes: number, ms: number): number => bytes / 1e6 / (ms / 1000);

/** Eight users have eight circuits; each is met before it is measured. */
async function eightAtOnce(seat: Seat, place: Place, bytes: number): Promise<number> {
  const targets = Array.from({ length: streams }, (_, index) => ({
    ...{ socksPort: seat.socksPort, user: `user${index}` },
    ...place,
  }));
  await Promise.all(targets.map((target) => download(target, 1000)));
  const started = performance.now();
  await Promise.all(targets.map((target) => download(target, bytes)));
  return megabytesPerSecond(bytes * streams, performance.now() - started);
}

async function warmFirstByte(seat: Seat, place: Place, count: number): Promise<number[]> {
  const samples: number[] = [];
  const target = { socksPort: seat.socksPort, ...place };
  await download(target, 1);
  for (let left = count; left > 0; left--) samples.push((await download(target, 1)).firstByteMs);
  return samples;
}

async function rate(transfer: typeof download, seat: Seat, place: Place, bytes: number): Promise<number[]> {
  const { totalMs } = await transfer({ socksPort: seat.socksPort, ...place }, bytes);
  return [megabytesPerSecond(bytes, totalMs)];
}

/** CPU time of the seat's process for moving `bytes` over eight circuits, per gigabyte. */
async function cpuPerGb(seat: Seat, place: Place, bytes: number): Promise<number[]> {
  const before = cpuSeconds(seat.node.process.pid);
  await eightAtOnce(seat, place, bytes);
  return [(cpuSeconds(seat.node.process.pid) - before) / ((bytes * streams) / 1e9)];
}

export function exitMeasures(web: Place, sizes: Sizes): Measure[] {
  return [
    {
      ...{ name: 'exit: first byte, warm circuit', unit: 'ms', better: 'lower' },
      run: (seat) => warmFirstByte(seat, web, sizes.warmRequests),
    },
    {
      ...{ name: 'exit: one stream down', unit: 'MB/s', better: 'higher' },
      run: (seat) => rate(download, seat, web, sizes.single),
    },
    {
      ...{ name: 'exit: one stream up', unit: 'MB/s', better: 'higher' },
      run: (seat) => rate(upload, seat, web, sizes.single),
    },
    {
      ...{ name: 'exit: 8 streams down', unit: 'MB/s', better: 'higher' },
      run: async (seat) => [await eightAtOnce(seat, web, sizes.parallel)],
    },
    {
      ...{ name: 'exit: CPU for 8 streams down', unit: 's/GB', better: 'lower' },
      run: (seat) => cpuPerGb(seat, web, sizes.parallel),
    },
  ];
}

export function onionMeasures(sizes: Sizes): Measure[] {
  const warm = (seat: Seat): Place => ({ host: seat.onions[0] ?? '', port: 80 });
  return [
    {
      ...{ name: 'onion: connect, cold', unit: 'ms', better: 'lower' },
      run: async (seat, round) => {
        const host = seat.onions[round + 1];
        if (host === undefined) return [];
        return [(await download({ socksPort: seat.socksPort, host, port: 80 }, 1)).firstByteMs];
      },
    },
    {
      ...{ name: 'onion: first byte, warm circuit', unit: 'ms', better: 'lower' },
      run: (seat) => warmFirstByte(seat, warm(seat), sizes.warmRequests),
    },
    {
      ...{ name: 'onion: one stream down', unit: 'MB/s', better: 'higher' },
      run: (seat) => rate(download, seat, warm(seat), sizes.onionSingle),
    },
    {
      ...{ name: 'onion: 8 streams down', unit: 'MB/s', better: 'higher' },
      run: async (seat) => [await eightAtOnce(seat, warm(seat), sizes.onionParallel)],
    },
    {
      ...{ name: 'onion: CPU for 8 streams down', unit: 's/GB', better: 'lower' },
      run: (seat) => cpuPerGb(seat, warm(seat), sizes.onionParallel),
    },
  ];
}

export const memoryMeasures: readonly Measure[] = [
  {
    ...{ name: 'memory, resident', unit: 'MiB', better: 'lower' },
    run: (seat) => Promise.resolve([memoryMib(seat.node.process.pid).now]),
  },
  {
    ...{ name: 'memory, highest', unit: 'MiB', better: 'lower' },
    run: (seat) => Promise.resolve([memoryMib(seat.node.process.pid).peak]),
  },
];
