import type { IncomingStream, StreamHandler } from '../../src/protocol/stream/index.ts';
import { CellCommand, encodeCreated2, HandshakeType } from '../../src/wire/cell/index.ts';
import { encodeEnd, encodeExtend2, encodeSendme, encodeXon, RelayCommand } from '../../src/wire/relaymsg/index.ts';
import { SimChannel } from '../support/circuit-net.ts';
import { type HopKind, RawClient } from '../support/raw-ends.ts';

export const name = 'circuit-relay';

const kinds: readonly HopKind[] = ['windows', 'congestion', 'cgo'];
const good = encodeExtend2({
  linkSpecifiers: [
    { kind: 'ipv4', address: Uint8Array.of(1, 2, 3, 4), port: 9001 },
    { kind: 'rsa', id: new Uint8Array(20).fill(1) },
  ],
  handshakeType: HandshakeType.NTOR,
  handshake: new Uint8Array(84),
});

/**
 * First byte: the kind of hop. Then operations of a hostile client, of a hostile next relay, and of the relay's role, each
 * a byte with its arguments.
 */
export function fuzz(data: Uint8Array): void {
  let at = 0;
  const next = (): number => data[at++] ?? 0;
  const client = new RawClient(kinds[next() % kinds.length] as HopKind);
  const { circuit, role, world } = client;
  const streams: IncomingStream[] = [];
  let ended = 0;
  let accepted = 0;
  const handler: StreamHandler = {
    data: () => {
      if ((next() & 31) === 0) streams.at(-1)?.end(next());
    },
    writable: () => undefined,
    ended: () => {
      ended++;
    },
  };
  role.onStream = (stream) => {
    const answer = next() % 4;
    if (answer === 0) return next() & 15;
    streams.push(stream);
    accepted++;
    if (answer === 1) stream.accept();
    return handler;
  };
  const peer = { address: '1.2.3.4', port: 9001, authenticated: true };
  const onward = new SimChannel(world, 'initiator', peer, {});
  const beyond = new SimChannel(world, 'responder', peer, {});
  onward.connect(beyond);
  beyond.connect(onward);
  beyond.tap = () => false;
  const big = new Uint8Array(2000);
  const someStream = (): IncomingStream | undefined => streams[next() % Math.max(1, streams.length)];
  const someId = (): number => {
    const choice = next();
    return choice < 128 ? choice % 5 : (streams[choice % Math.max(1, streams.length)]?.id ?? 1);
  };
  const body = (): Uint8Array => Uint8Array.from({ length: Math.min(next() * 2, 488) }, () => next());
  let endedHere = 0;

  const someLink = (): number => ((next() & 7) === 0 ? CellCommand.RELAY_EARLY : CellCommand.RELAY);
  const anything = () => {
    client.send(next() % 48, someId(), body(), someLink());
  };
  const operations: readonly (() => void)[] = [
    () => {
      client.send(RelayCommand.BEGIN_DIR, someId());
    },
    () => {
      client.send(RelayCommand.BEGIN, someId(), Buffer.from('x.example:80\0'));
    },
    () => {
      someStream()?.accept();
    },
    () => {
      someStream()?.write(big.subarray(0, next() * 8));
    },
    () => {
      const stream = someStream();
      const live = stream?.state === 'open' || stream?.state === 'connecting';
      stream?.end(next());
      if (live) endedHere++;
    },
    () => {
      someStream()?.pauseReading();
    },
    () => {
      someStream()?.resumeReading();
    },
    () => {
      client.send(RelayCommand.EXTEND2, 0, good, CellCommand.RELAY_EARLY);
    },
    () => {
      circuit.connectNext(onward);
    },
    () => {
      beyond.inject(0x80000001, CellCommand.CREATED2, encodeCreated2(new Uint8Array(Math.min(next() * 2, 507))));
    },
    () => {
      beyond.inject(0x80000001, next() % 16, Uint8Array.from({ length: 20 }, next));
    },
    () => {
      world.at(world.nowMs + next() * 100, () => undefined);
      world.runSync();
    },
    () => {
      world.runSync();
    },
    () => {
      client.sendCell(
        next(),
        Uint8Array.from({ length: 509 }, (_, i) => (i < 16 ? next() : i)),
      );
    },
    () => {
      const cell = client.cell(next(), someId(), body());
      cell[next() * 2] = next();
      client.sendPlain(cell, someLink());
    },
    () => {
      for (let i = next(); i > 0; i--) client.send(RelayCommand.DATA, streams.at(-1)?.id ?? 1, big.subarray(0, 400));
    },
    () => {
      client.send(RelayCommand.END, someId(), encodeEnd({ reason: next() }));
    },
    () => {
      client.send((next() & 1) === 0 ? RelayCommand.XON : RelayCommand.XOFF, someId(), encodeXon(next() * next()));
    },
    () => {
      client.send(RelayCommand.SENDME, 0, encodeSendme(client.layer.receivedTag.slice(0, client.layer.tagLength)));
    },
    () => {
      client.send(RelayCommand.TRUNCATE, 0, Uint8Array.of(next()), someLink());
    },
    () => {
      circuit.runEnd();
    },
    anything,
    anything,
    anything,
    anything,
  ];
  while (at < data.length && at < 4000) {
    operations[next() % operations.length]?.();
  }
  world.runSync();
  if (circuit.state !== 'closed') client.sendCell(CellCommand.DESTROY, Uint8Array.of(0));
  world.runSync();
  if (circuit.state !== 'closed') throw new Error('DESTROY did not close the circuit');
  if (role.closedReasons.length !== 1) throw new Error(`closed was told ${role.closedReasons.length} times`);
  if (client.far.openCircuits !== 0 || onward.openCircuits !== 0) throw new Error('a circuit id is not given back');
  if (circuit.openStreams !== 0) throw new Error('streams outlive the circuit');
  if (ended > accepted || ended + endedHere > accepted + streams.length) throw new Error('ended was told too often');
}

export const seeds = (): Uint8Array[] => [
  Uint8Array.of(0, 1, 0, 1, 1, 1, 3, 0, 200, 1, 15, 60, 1, 18, 1, 12, 1, 16, 200, 6),
  Uint8Array.of(
    1,
    1,
    1,
    2,
    2,
    1,
    2,
    0,
    1,
    3,
    0,
    255,
    1,
    12,
    1,
    17,
    1,
    200,
    3,
    3,
    1,
    5,
    0,
    1,
    15,
    255,
    1,
    11,
    2,
    1,
    6,
    0,
  ),
  Uint8Array.of(2, 1, 0, 1, 1, 1, 15, 100, 1, 12, 1, 14, 2, 1, 30, 1, 2, 3, 4, 5, 17, 200),
  Uint8Array.of(0, 1, 7, 1, 8, 1, 12, 1, 9, 32, 1, 13, 3, 1, 2, 3, 1, 19, 4, 1, 7, 1, 8, 1, 12),
  Uint8Array.of(0, 1, 7, 1, 8, 1, 12, 1, 10, 4, 1),
];
