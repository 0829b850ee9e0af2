import type { Place } from './stage.ts';
import { download, upload } from './transfer.ts';

interface Seat {
  readonly socksPort: number;
}

const megabytesPerSecond = (bytes: number, ms: number): number => bytes / 1e6 / (ms / 1000);
const longestMs = 40_000;
/** A client of C tor that chose its guard as meeting point tries that again and again in a network this small. */
const longestConnectMs = 15_000;

/** All streams on one circuit, which is there. MB/s of all together. */
export function manyOnOneCircuit(seat: Seat, place: Place, load: { readonly streams: number; readonly bytes: number }) {
  const one = (): Promise<unknown> => download(targetOf(seat, place), load.bytes);
  return timed(load.bytes * load.streams, () => Promise.all(Array.from({ length: load.streams }, one)));
}

/** Users have a circuit each; each is met before it is measured. MB/s of all together. */
export async function manyAtOnce(seat: Seat, place: Place, load: { readonly streams: number; readonly bytes: number }) {
  const targets = await meet(seat, place, load.streams);
  return timed(load.bytes * load.streams, () => Promise.all(targets.map((target) => download(target, load.bytes))));
}

/** Makes the circuits of so many users. */
async function meet(seat: Seat, place: Place, users: number) {
  const targets = Array.from({ length: users }, (_, index) => ({ ...targetOf(seat, place), user: `user${index}` }));
  // A few at a time: making circuits is not what is measured.
  for (let at = 0; at < users; at += 8) {
    const some = targets.slice(at, at + 8);
    await Promise.all(some.map((target) => download(target, 1000).catch(() => download(target, 1000))));
  }
  return targets;
}

const targetOf = (seat: Seat, place: Place) => ({ socksPort: seat.socksPort, ...place, timeoutMs: longestMs });

/** MB/s */
async function timed(bytes: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return megabytesPerSecond(bytes, performance.now() - started);
}

export async function oneStream(seat: Seat, place: Place, bytes: number, up = false): Promise<number> {
  const { totalMs } = await (up ? upload : download)(targetOf(seat, place), bytes);
  return megabytesPerSecond(bytes, totalMs);
}

/** Milliseconds to the first byte, on a circuit that is there. */
export async function warmFirstBytes(seat: Seat, place: Place, count: number): Promise<number[]> {
  const samples: number[] = [];
  await download(targetOf(seat, place), 1);
  for (let left = count; left > 0; left--) samples.push((await download(targetOf(seat, place), 1)).firstByteMs);
  return samples;
}

/** Milliseconds to the first byte of a place never met before. */
export const coldFirstByte = async (seat: Seat, place: Place): Promise<number> =>
  (await download({ ...targetOf(seat, place), timeoutMs: longestConnectMs }, 1)).firstByteMs;

/** The first of these places that answers. */
export async function firstThatAnswers(seat: Seat, hosts: readonly string[], port: number): Promise<Place> {
  for (const host of hosts) {
    const answered = await coldFirstByte(seat, { host, port }).catch(() => undefined);
    if (answered !== undefined) return { host, port };
  }
  throw new Error('no service answers');
}
