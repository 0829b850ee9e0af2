import { Stream } from './traffic.ts';
import type { TrafficServer } from './traffic-server.ts';

export interface Seat {
  readonly socksPort: number;
}

export interface Place {
  readonly host: string;
  readonly port: number;
  /** What stands there. */
  readonly server: TrafficServer;
}

export interface Load {
  readonly streams: number;
  /** Of each stream, at most. */
  readonly bytes: number;
  readonly up?: boolean;
  /** Each stream on a circuit of its own. */
  readonly circuits?: boolean;
}

export interface Moved {
  /** All streams together, MB/s. */
  readonly rate: number;
  readonly gigabytes: number;
}

/** After this a transfer ends, whatever came: its rate is what it was until then. */
const transferMs = 8000;
const openMs = 15_000;
const openAttempts = 2;
/** Making circuits is not what is measured. */
const openedAtOnce = 8;
/** After this no more are opened. */
const allOpenMs = 15_000;
const answerMs = 15_000;

const failure = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function open(seat: Seat, place: Place, user: string | undefined): Promise<Stream> {
  const target = { socksPort: seat.socksPort, host: place.host, port: place.port, timeoutMs: openMs };
  for (let left = openAttempts; ; left--) {
    try {
      return await Stream.open(user === undefined ? target : { ...target, user });
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}

/** Streams to one place, the seats in turn. Those that cannot be opened are missing; rejects when that is most. */
export async function openAll(seats: readonly Seat[], place: Place, load: Load): Promise<Stream[]> {
  const opened: Stream[] = [];
  let last: unknown = 'too slow';
  const openOne = async (index: number): Promise<void> => {
    const user = load.circuits === true ? `user${index}` : undefined;
    try {
      opened.push(await open(seats[index % seats.length] as Seat, place, user));
    } catch (error) {
      last = error;
    }
  };
  const deadline = performance.now() + allOpenMs;
  for (let at = 0; at < load.streams && performance.now() < deadline; at += openedAtOnce) {
    const count = Math.min(openedAtOnce, load.streams - at);
    await Promise.all(Array.from({ length: count }, (_, index) => openOne(at + index)));
    // A place that takes none of the first is not asked again and again.
    if (opened.length === 0) break;
  }
  if (opened.length * 2 < load.streams) {
    for (const stream of opened) stream.close();
    throw new Error(`${opened.length} of ${load.streams} streams could be opened: ${failure(last)}`);
  }
  if (opened.length < load.streams) {
    console.error(`${opened.length} of ${load.streams} streams could be opened: ${failure(last)}`);
  }
  return opened;
}

/** Moves bytes over streams that are open, until all have moved or time is over, and closes them. */
export async function moveOver(streams: readonly Stream[], place: Place, load: Load): Promise<Moved> {
  const started = performance.now();
  const deadline = started + transferMs;
  try {
    const moved = await Promise.all(
      streams.map((stream) =>
        load.up === true ? stream.upload(place.server, load.bytes, deadline) : stream.download(load.bytes, deadline),
      ),
    );
    const seconds = (performance.now() - started) / 1000;
    const bytes = moved.reduce((sum, each) => sum + each, 0);
    const stuck = moved.filter((each) => each === 0).length;
    if (bytes === 0) throw new Error(`nothing came within ${transferMs / 1000} s`);
    if (stuck > 0) console.error(`${stuck} of ${streams.length} streams moved nothing in ${transferMs / 1000} s`);
    return { rate: bytes / 1e6 / seconds, gigabytes: bytes / 1e9 };
  } finally {
    for (const stream of streams) stream.close();
  }
}

export async function move(seats: readonly Seat[], place: Place, load: Load): Promise<Moved> {
  return moveOver(await openAll(seats, place, load), place, load);
}

/** Engines that compile what is used often are measured as they run for days. */
export async function warmUp(seats: readonly Seat[], place: Place, bytes: number): Promise<void> {
  try {
    await move(seats, place, { streams: 8, bytes, circuits: true });
  } catch (error) {
    console.error(`warming up: ${failure(error)}`);
  }
}

/** MB/s of one stream, on a circuit that is there. */
export async function oneStream(seat: Seat, place: Place, bytes: number, up = false): Promise<number> {
  return (await move([seat], place, { streams: 1, bytes, up })).rate;
}

/** Milliseconds from the application's connection to the proxy until the first byte. */
export async function firstByte(seat: Seat, place: Place, user?: string): Promise<number> {
  const started = performance.now();
  const target = { socksPort: seat.socksPort, host: place.host, port: place.port, timeoutMs: answerMs };
  const stream = await Stream.open(user === undefined ? target : { ...target, user });
  try {
    await stream.roundTrip(answerMs);
    return performance.now() - started;
  } finally {
    stream.close();
  }
}

/** So many samples, fewer when they take long. Rejects when there is none. */
export async function samplesOf(count: number, sample: (index: number) => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  const deadline = performance.now() + transferMs;
  let last: unknown;
  for (let index = 0; index < count && (index === 0 || performance.now() < deadline); index++) {
    await sample(index).then(
      (value) => samples.push(value),
      (error: unknown) => {
        last = error;
      },
    );
  }
  if (samples.length === 0) throw new Error(failure(last));
  if (last !== undefined) console.error(`${samples.length} samples of ${count}: ${failure(last)}`);
  return samples;
}

/** Milliseconds to the first byte, on a circuit that is there. */
export async function warmFirstBytes(seat: Seat, place: Place, count: number): Promise<number[]> {
  await firstByte(seat, place).catch(() => firstByte(seat, place));
  return samplesOf(count, () => firstByte(seat, place));
}

/** Milliseconds to the first byte for users who share no circuit with another. */
export const newCircuitFirstBytes = (seat: Seat, place: Place, count: number, name: string): Promise<number[]> =>
  samplesOf(count, (index) => firstByte(seat, place, `${name}${index}`));

/** Milliseconds of a byte to the server and back on one stream. */
export async function roundTrips(seat: Seat, place: Place, count: number): Promise<number[]> {
  const stream = await open(seat, place, undefined);
  try {
    await stream.roundTrip(answerMs);
    return await samplesOf(count, () => stream.roundTrip(answerMs));
  } finally {
    stream.close();
  }
}
