import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import {
  type CircuitParams,
  defaultCircuitParams,
  type Hop,
  OriginCircuit,
} from '../../../../src/protocol/circuit/index.ts';
import { CellCommand, DestroyReason } from '../../../../src/wire/cell/index.ts';
import { EndReason, RelayCommand } from '../../../../src/wire/relaymsg/index.ts';
import {
  congestionProtover,
  feed,
  type LinkOptions,
  oldProtover,
  pattern,
  Recorder,
  type SimChannel,
  SimNet,
  type SimRelay,
  simDeps,
} from '../../../support/circuit-net.ts';

const windowed: CircuitParams = {
  ...defaultCircuitParams,
  congestion: { ...defaultCircuitParams.congestion, enabled: false },
};

interface Built {
  readonly net: SimNet;
  readonly relays: readonly SimRelay[];
  readonly circuit: OriginCircuit;
  readonly near: SimChannel;
  readonly far: SimChannel;
  readonly exit: SimRelay;
}

async function build(
  options: LinkOptions & { params?: CircuitParams; protover?: typeof oldProtover } = {},
): Promise<Built> {
  const net = new SimNet(options);
  const params = options.params ?? defaultCircuitParams;
  const relays = net.addRelays(3, { params, protover: options.protover ?? congestionProtover });
  const [guard, middle, exit] = relays as [SimRelay, SimRelay, SimRelay];
  const { near, far } = net.clientChannel(guard);
  const circuit = new OriginCircuit({ ...simDeps(net.world), channel: near }, { params });
  const hops: Hop[] = [];
  const building = (async () => {
    hops.push(await circuit.create(guard.target));
    hops.push(await circuit.extend(middle.target));
    hops.push(await circuit.extend(exit.target, { exit: true }));
    circuit.markOpen();
  })();
  await net.world.run();
  await building;
  assert.deepEqual(circuit.hops, hops);
  return { net, relays, circuit, near, far, exit };
}

test('three hops: ntor, ntor, ntor-v3 with congestion control on the last', async () => {
  const { circuit, near, exit } = await build();
  assert.equal(circuit.state, 'open');
  assert.deepEqual(
    circuit.hops.map((hop) => [hop.handshake, hop.format, hop.congestion?.sendmeInc, hop.congestion?.path]),
    [
      ['ntor', 0, undefined, undefined],
      ['ntor', 0, undefined, undefined],
      ['ntor-v3', 0, 31, 'exit'],
    ],
  );
  assert.ok(circuit.hops.every((hop) => hop.keyHash.length === 20));
  assert.deepEqual(circuit.hops[2]?.keyHash, exit.circuits[0]?.keyHash);
  assert.deepEqual(near.sentCommands, [CellCommand.CREATE2, CellCommand.RELAY_EARLY, CellCommand.RELAY_EARLY]);
});

test('without congestion control in the consensus, and to old relays, all hops are ntor', async () => {
  for (const options of [{ params: windowed }, { protover: oldProtover }]) {
    const { circuit } = await build(options);
    assert.deepEqual(
      circuit.hops.map((hop) => [hop.handshake, hop.congestion]),
      [
        ['ntor', undefined],
        ['ntor', undefined],
        ['ntor', undefined],
      ],
    );
  }
});

test('CREATE_FAST, BEGIN_DIR and a conversation', async () => {
  const net = new SimNet();
  const [relay] = net.addRelays(1) as [SimRelay];
  const heard = new Recorder();
  relay.onStream = (stream, begin) => {
    assert.equal(begin.kind, 'begin-dir');
    stream.accept();
    return {
      data: (bytes) => heard.data(bytes),
      ended: (end) => heard.ended(end),
      writable: () => undefined,
      dataEnd: () => {
        assert.equal(stream.write(Buffer.from('HTTP/1.0 200 OK\r\n\r\n')), 19);
        stream.end();
      },
    };
  };
  const { near } = net.clientChannel(relay);
  const circuit = new OriginCircuit({ ...simDeps(net.world), channel: near }, { params: defaultCircuitParams });
  const built = circuit.createFast();
  await net.world.run();
  assert.equal((await built).handshake, 'fast');
  const answer = new Recorder();
  const stream = circuit.openStream(answer, { kind: 'begin-dir' });
  assert.equal(stream.write(Buffer.from('GET / HTTP/1.0\r\n\r\n')), 18, 'optimistic data');
  await net.world.run();
  assert.equal(heard.text, 'GET / HTTP/1.0\r\n\r\n');
  assert.equal(answer.text, 'HTTP/1.0 200 OK\r\n\r\n');
  assert.equal(answer.connectedWith, undefined);
  assert.deepEqual(answer.ends, [{ remote: true, reason: EndReason.DONE }]);
  assert.equal(stream.state, 'closed');
  assert.equal(circuit.openStreams, 0);
});

for (const [name, params] of [
  ['congestion control', defaultCircuitParams],
  ['fixed windows', windowed],
] as const) {
  for (const link of [{}, { latencyMs: 5 }, { latencyMs: 3, rate: 20 }] as const) {
    test(`large transfers both ways under ${name}, link ${JSON.stringify(link)}`, async () => {
      const { net, circuit, exit } = await build({ params, ...link });
      const down = pattern(1_200_000, 3);
      const up = pattern(900_000, 4);
      const uploaded = new Recorder();
      let exitState = 'none';
      exit.onStream = (stream) => {
        const push = feed((bytes) => stream.write(bytes), down);
        stream.accept({ address: Uint8Array.of(1, 2, 3, 4), ttlSec: 60 });
        net.world.timers.soon(push);
        exitState = 'open';
        return {
          data: (bytes) => uploaded.data(bytes),
          dataEnd: () => uploaded.dataEnd(),
          ended: (end) => uploaded.ended(end),
          writable: push,
        };
      };
      const downloaded = new Recorder();
      const stream = circuit.openStream(
        {
          connected: (address) => downloaded.connected(address),
          data: (bytes) => downloaded.data(bytes),
          dataEnd: () => downloaded.dataEnd(),
          ended: (end) => downloaded.ended(end),
          writable: () => push(),
        },
        { kind: 'begin', address: 'example.com', port: 80, flags: 0 },
      );
      const push = feed((bytes) => stream.write(bytes), up);
      push();
      await net.world.run();
      assert.equal(exitState, 'open');
      assert.deepEqual(downloaded.connectedWith, { address: Uint8Array.of(1, 2, 3, 4), ttlSec: 60 });
      assert.deepEqual(Buffer.concat(downloaded.chunks), Buffer.from(down));
      assert.deepEqual(Buffer.concat(uploaded.chunks), Buffer.from(up));
      assert.equal(stream.bytesWritten, up.length);
      assert.equal(stream.bytesRead, down.length);
      assert.ok(downloaded.runs > 0 && downloaded.runs <= downloaded.chunks.length);
      assert.equal(circuit.state, 'open');
      const { counters } = circuit;
      assert.ok(counters.deliveredReadBytes > down.length && counters.deliveredWrittenBytes > up.length);
      assert.equal(counters.readCells * 498, counters.deliveredReadBytes + counters.overheadReadBytes);
      stream.end();
      await net.world.run();
      assert.deepEqual(uploaded.ends, [{ remote: true, reason: EndReason.MISC }], 'clients never say why');
    });
  }
}

test('the window closes without SENDMEs, and DATA never exceeds it', async () => {
  for (const [params, limit] of [
    [defaultCircuitParams, 124],
    [windowed, 500],
  ] as const) {
    const { net, circuit, near } = await build({ params });
    const dataCells: number[] = [];
    near.tap = (_circId, command) => command !== CellCommand.RELAY;
    const before = near.sentCommands.length;
    const handler = { data: () => undefined, ended: () => undefined, writable: () => push() };
    const stream = circuit.openStream(handler, { kind: 'begin', address: 'a', port: 1, flags: 0 });
    const push = feed((bytes) => stream.write(bytes), pattern(1_000_000));
    push();
    await net.world.run();
    dataCells.push(near.sentCommands.length - before - 1);
    assert.deepEqual(dataCells, [limit]);
  }
});

test('streams share the circuit fairly', async () => {
  const { net, circuit, exit } = await build({ latencyMs: 2, rate: 15 });
  const received = new Map<string, number>();
  const order: string[] = [];
  exit.onStream = (stream, begin) => {
    assert.equal(begin.kind, 'begin');
    const name = begin.kind === 'begin' ? begin.address : '';
    stream.accept();
    return {
      data: (bytes) => {
        received.set(name, (received.get(name) ?? 0) + bytes.length);
        if ((received.get(name) ?? 0) === 400_000) order.push(name);
      },
      ended: () => undefined,
      writable: () => undefined,
    };
  };
  for (const name of ['a', 'b', 'c', 'd']) {
    const stream = circuit.openStream(
      { data: () => undefined, ended: () => undefined, writable: () => push() },
      { kind: 'begin', address: name, port: 1, flags: 0 },
    );
    const push = feed((bytes) => stream.write(bytes), pattern(400_000));
    push();
  }
  await net.world.run(900);
  const amounts = [...received.values()];
  assert.equal(amounts.length, 4);
  assert.ok(Math.min(...amounts) > 0);
  assert.ok(Math.max(...amounts) < 2.2 * Math.min(...amounts), amounts.join());
  await net.world.run();
  assert.equal(order.length, 4);
});

test('a paused reader holds the far end back, a resumed one gets everything', async () => {
  for (const params of [windowed, defaultCircuitParams]) {
    const { net, circuit, exit } = await build({ params, latencyMs: 2 });
    const bytes = pattern(6_000_000);
    let taken = 0;
    exit.onStream = (stream) => {
      const push = feed((rest) => {
        const count = stream.write(rest);
        taken += count;
        return count;
      }, bytes);
      stream.accept();
      net.world.timers.soon(push);
      return { data: () => undefined, ended: () => undefined, writable: push };
    };
    const heard = new Recorder();
    const stream = circuit.openStream(heard, { kind: 'begin', address: 'a', port: 1, flags: 0 });
    stream.pauseReading();
    await net.world.run(5000);
    assert.ok(taken < 3_000_000, `held back after ${taken}`);
    assert.ok(
      taken >= (params === windowed ? 248_000 : 244_000),
      `only ${taken} for ${params === windowed ? 'windows' : 'congestion control'}`,
    );
    const stopped = taken;
    await net.world.run(5000);
    assert.equal(taken, stopped);
    stream.resumeReading();
    await net.world.run();
    assert.equal(heard.bytes, bytes.length);
    assert.ok(Buffer.concat(heard.chunks).equals(bytes), 'what came is not what was sent');
  }
});

test('RESOLVE: answers, errors, giving up', async () => {
  const { net, circuit, exit } = await build();
  const cancelled: string[] = [];
  exit.onResolve = (name, answer) => {
    if (name === 'slow.example') return () => cancelled.push(name);
    if (name === 'bad.example') answer([{ kind: 'error', transient: false, ttlSec: 60 }]);
    else answer([{ kind: 'ipv4', address: Uint8Array.of(9, 9, 9, 9), ttlSec: 60 }]);
    return undefined;
  };
  const good = circuit.resolve('good.example');
  const bad = circuit.resolve('bad.example');
  const slow = circuit.resolve('slow.example', { timeoutMs: 100 });
  const checked = assert.rejects(slow, { code: 'TIMEOUT' });
  await net.world.run();
  assert.deepEqual(await good, [{ kind: 'ipv4', address: Uint8Array.of(9, 9, 9, 9), ttlSec: 60 }]);
  assert.deepEqual(await bad, [{ kind: 'error', transient: false, ttlSec: 60 }]);
  await checked;
  assert.deepEqual(cancelled, ['slow.example']);
  assert.equal(circuit.state, 'open');
});

test('messages go to and come from any hop', async () => {
  const { net, circuit, relays } = await build();
  relays[1]!.onMessage = (relayCircuit) =>
    relayCircuit.sendMessage(RelayCommand.RENDEZVOUS_ESTABLISHED, new Uint8Array(0));
  const answer = circuit.awaitMessage(RelayCommand.RENDEZVOUS_ESTABLISHED, { hop: circuit.hops[1]! });
  circuit.sendMessage(RelayCommand.ESTABLISH_RENDEZVOUS, new Uint8Array(20).fill(1), circuit.hops[1]);
  await net.world.run();
  const message = await answer;
  assert.equal(message.hop, circuit.hops[1]);
  assert.deepEqual(relays[1]!.messages, [
    { command: RelayCommand.ESTABLISH_RENDEZVOUS, body: new Uint8Array(20).fill(1) },
  ]);
  assert.deepEqual([relays[0]!.messages, relays[2]!.messages], [[], []]);
});

test('a message nobody asked for, or from the wrong hop, closes the circuit', async () => {
  for (const hop of [0, 1, 2]) {
    const { net, circuit, relays } = await build();
    const waiting = assert.rejects(circuit.awaitMessage(RelayCommand.RENDEZVOUS2), { code: 'CIRCUIT_PROTOCOL' });
    const command = hop === 2 ? RelayCommand.INTRODUCE2 : RelayCommand.RENDEZVOUS2;
    relays[hop]!.circuits[0]!.sendMessage(command, new Uint8Array(64));
    await net.world.run();
    await waiting;
    assert.equal(circuit.closed?.reason, DestroyReason.TORPROTOCOL);
    assert.deepEqual(relays[0]!.closedReasons, [DestroyReason.DESTROYED]);
  }
});

test('DESTROY from ahead closes everything with DESTROYED; a client tells no reason', async () => {
  const { net, circuit, relays } = await build();
  const heard = new Recorder();
  circuit.openStream(heard, { kind: 'begin', address: 'a', port: 1, flags: 0 });
  let closedEvent: unknown;
  circuit.events.on('closed', (event) => {
    closedEvent = event;
  });
  relays[2]!.circuits[0]!.close(DestroyReason.RESOURCELIMIT);
  await net.world.run();
  assert.deepEqual(
    relays.map((relay) => relay.closedReasons),
    [[DestroyReason.DESTROYED], [DestroyReason.DESTROYED], [DestroyReason.RESOURCELIMIT]],
  );
  assert.equal(circuit.closed, closedEvent);
  assert.deepEqual([circuit.closed?.reason, circuit.closed?.remote], [DestroyReason.DESTROYED, true]);
  assert.equal(circuit.closed?.error.code, 'CIRCUIT_DESTROYED');
  assert.deepEqual(heard.ends, [{ reason: EndReason.DESTROY, remote: true }]);

  const other = await build();
  let wireReason: number | undefined;
  other.far.tap = (_circId, command, body) => {
    if (command === CellCommand.DESTROY) wireReason = body[0];
    return undefined;
  };
  other.circuit.close();
  await other.net.world.run();
  assert.equal(wireReason, DestroyReason.NONE);
  assert.deepEqual(
    other.relays.map((relay) => relay.closedReasons),
    [[DestroyReason.DESTROYED], [DestroyReason.DESTROYED], [DestroyReason.DESTROYED]],
  );
});

test('an extend that fails rejects with the reason', async () => {
  const net = new SimNet();
  const [guard] = net.addRelays(1) as [SimRelay];
  const [stranger] = new SimNet({ seed: 99 }).addRelays(1) as [SimRelay];
  const { near } = net.clientChannel(guard);
  const circuit = new OriginCircuit({ ...simDeps(net.world), channel: near }, { params: defaultCircuitParams });
  const first = circuit.create(guard.target);
  await net.world.run();
  await first;
  const second = circuit.extend(stranger.target);
  await assert.rejects(circuit.extend(stranger.target), { code: 'CIRCUIT_BUSY' });
  const failed = assert.rejects(second, (error) => TorError.is(error) && error.facts.reasonName === 'CONNECTFAILED');
  await net.world.run();
  await failed;
  await assert.rejects(circuit.extend(stranger.target), { code: 'CIRCUIT_CLOSED' });
  await assert.rejects(circuit.awaitMessage(RelayCommand.DATA), { code: 'CIRCUIT_DESTROYED' });
});

test('a relay with another key cannot answer', async () => {
  const net = new SimNet();
  const [guard, other] = net.addRelays(2) as [SimRelay, SimRelay];
  const { near } = net.clientChannel(guard);
  const circuit = new OriginCircuit({ ...simDeps(net.world), channel: near }, { params: defaultCircuitParams });
  const built = circuit.create({ ...guard.target, ntorKey: other.onionKey.publicKey });
  const failed = assert.rejects(built, (error) => TorError.is(error) && error.facts.reasonName === 'TORPROTOCOL');
  await net.world.run();
  await failed;
});

test('TRUNCATE cuts the end off, and the circuit can grow again', async () => {
  const { net, circuit, relays } = await build();
  const cut = circuit.truncate(circuit.hops[0]!);
  await net.world.run();
  await cut;
  assert.equal(circuit.hops.length, 1);
  assert.deepEqual(relays[1]!.closedReasons, [DestroyReason.DESTROYED]);
  const again = circuit.extend(relays[2]!.target, { exit: true });
  await net.world.run();
  assert.equal((await again).congestion?.path, 'sbws');
});

test('the channel closing ends the circuit', async () => {
  const { net, circuit, near } = await build();
  near.close();
  await net.world.run();
  assert.deepEqual([circuit.closed?.reason, circuit.closed?.remote], [DestroyReason.CHANNEL_CLOSED, true]);
});
