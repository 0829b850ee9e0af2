import { defaultCircuitParams, ExitConfluxSets } from '../../src/protocol/circuit/index.ts';
import type { IncomingStream, StreamHandler } from '../../src/protocol/stream/index.ts';
import { CellCommand } from '../../src/wire/cell/index.ts';
import {
  encodeConfluxLink,
  encodeConfluxSwitch,
  encodeEnd,
  encodeSendme,
  encodeXon,
  RelayCommand,
} from '../../src/wire/relaymsg/index.ts';
import { simDeps } from '../support/circuit-net.ts';
import { RawClient } from '../support/raw-ends.ts';

export const name = 'conflux';

const legs = 3;

/** Some circuits of hostile clients at one exit, which link, switch, number and close as the bytes say. */
export function fuzz(data: Uint8Array): void {
  let at = 0;
  const next = (): number => data[at++] ?? 0;
  let sets: ExitConfluxSets | undefined;
  const clients = Array.from({ length: legs }, () => {
    return new RawClient('congestion', {
      params: { ...defaultCircuitParams, congestion: { ...defaultCircuitParams.congestion, cwndInit: 31 } },
      conflux: (world) => {
        sets ??= new ExitConfluxSets(simDeps(world), () => ({ maxLegs: 3, maxEarlyBytes: 20_000 }));
        return sets;
      },
    });
  });
  const streams: IncomingStream[] = [];
  const ended = new Map<StreamHandler, number>();
  for (const { role } of clients) {
    role.onStream = (stream) => {
      if ((next() & 7) === 0) return next() & 15;
      const handler: StreamHandler = {
        data: () => {
          if (ended.has(handler)) throw new Error('data after ended');
          if ((next() & 31) === 0) stream.end();
        },
        writable: () => undefined,
        ended: () => void ended.set(handler, (ended.get(handler) ?? 0) + 1),
      };
      streams.push(stream);
      if ((next() & 1) === 0) stream.accept();
      return handler;
    };
  }
  const some = (): RawClient => clients[next() % legs] as RawClient;
  const someStream = (): IncomingStream | undefined => streams[next() % Math.max(1, streams.length)];
  const run = (): void => {
    for (const client of clients) client.run();
  };
  const bytes = new Uint8Array(900);
  const operations: readonly (() => void)[] = [
    () => {
      const link = {
        nonce: new Uint8Array(32).fill(next() & 1),
        lastSent: BigInt(next() >> 4),
        lastReceived: BigInt(next() >> 4),
        desiredUx: next() & 3,
      };
      some().send(RelayCommand.CONFLUX_LINK, 0, encodeConfluxLink(link));
    },
    () => some().send(RelayCommand.CONFLUX_LINK, 0, linkOf(next() & 1)),
    () => some().send(RelayCommand.CONFLUX_LINKED_ACK),
    () => some().send(RelayCommand.CONFLUX_SWITCH, 0, encodeConfluxSwitch(next() & 15)),
    () => some().send(RelayCommand.CONFLUX_SWITCH, 0, bytes.subarray(0, next() & 7)),
    () => some().send(RelayCommand.BEGIN, next() & 3, Buffer.from('x.example:80\0')),
    () => some().send(RelayCommand.BEGIN_DIR, next() & 3),
    () => some().send(RelayCommand.DATA, next() & 3, bytes.subarray(0, next())),
    () => {
      const client = some();
      for (let i = next() & 63; i > 0; i--) client.send(RelayCommand.DATA, 1, bytes.subarray(0, 300));
    },
    () => some().send(RelayCommand.END, next() & 3, encodeEnd({ reason: next() & 15 })),
    () => some().send((next() & 1) === 0 ? RelayCommand.XON : RelayCommand.XOFF, next() & 3, encodeXon(next())),
    () => {
      const client = some();
      client.send(RelayCommand.SENDME, 0, encodeSendme(client.layer.receivedTag.slice(0, 20)));
    },
    () => someStream()?.accept(),
    () => someStream()?.write(bytes.subarray(0, next() * 3)),
    () => someStream()?.end(next() & 15),
    () => someStream()?.pauseReading(),
    () => someStream()?.resumeReading(),
    () => some().circuit.runEnd(),
    run,
    () => some().world.at(some().world.nowMs + (next() & 15), () => undefined),
    () => {
      if ((next() & 3) === 0) some().sendCell(CellCommand.DESTROY, Uint8Array.of(0));
    },
    () => {
      if ((next() & 3) === 0) some().circuit.close(next() & 15);
    },
  ];
  while (at < data.length && at < 3000) operations[next() % operations.length]?.();
  run();
  if ((sets?.earlyBytes ?? 0) > legs * 20_000) throw new Error('too much waits');
  for (const client of clients) client.sendCell(CellCommand.DESTROY, Uint8Array.of(0));
  run();
  if (clients.some(({ circuit }) => circuit.state !== 'closed')) throw new Error('a circuit outlives DESTROY');
  if (clients.some(({ role }) => role.closedReasons.length !== 1)) throw new Error('closed was not told once');
  if (sets !== undefined && (sets.size !== 0 || sets.earlyBytes !== 0)) throw new Error('a set outlives its legs');
  if ([...ended.values()].some((count) => count !== 1)) throw new Error('ended was told twice');
  if (streams.some(({ state }) => state === 'open' || state === 'connecting')) throw new Error('a stream is left');
}

const linkOf = (nonce: number): Uint8Array =>
  encodeConfluxLink({ nonce: new Uint8Array(32).fill(nonce), lastSent: 0n, lastReceived: 0n, desiredUx: 3 });

export const seeds = (): Uint8Array[] => [
  Uint8Array.of(
    1,
    0,
    0,
    1,
    0,
    1,
    18,
    2,
    0,
    2,
    1,
    5,
    0,
    1,
    1,
    2,
    7,
    0,
    1,
    50,
    3,
    1,
    3,
    7,
    1,
    1,
    60,
    7,
    0,
    1,
    70,
    13,
    0,
    255,
    18,
  ),
  Uint8Array.of(1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 2, 1, 3, 0, 5, 8, 0, 31, 8, 0, 31, 20, 0, 1, 0),
  Uint8Array.of(
    1,
    0,
    0,
    1,
    0,
    1,
    18,
    5,
    0,
    1,
    1,
    0,
    2,
    0,
    2,
    1,
    13,
    0,
    255,
    13,
    0,
    255,
    11,
    0,
    18,
    14,
    0,
    6,
    21,
    0,
    1,
    2,
  ),
  Uint8Array.of(0, 0, 16, 0, 3, 0, 0, 0, 0, 16, 2, 1, 9, 0, 1, 6),
];
