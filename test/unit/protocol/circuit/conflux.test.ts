import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ConfluxSet,
  defaultCircuitParams,
  ExitConfluxSets,
  linkConflux,
  OriginCircuit,
} from '../../../../src/protocol/circuit/index.ts';
import type { IncomingStream } from '../../../../src/protocol/stream/index.ts';
import { CellCommand, DestroyReason, HandshakeType } from '../../../../src/wire/cell/index.ts';
import {
  ConfluxUx,
  decodeConfluxLink,
  EndReason,
  encodeConfluxLink,
  encodeConfluxSwitch,
  encodeExtend2,
  RelayCommand,
} from '../../../../src/wire/relaymsg/index.ts';
import {
  feed,
  pattern,
  Recorder,
  type SimChannel,
  SimNet,
  type SimRelay,
  simDeps,
} from '../../../support/circuit-net.ts';
import { RawClient } from '../../../support/raw-ends.ts';

const { BEGIN, BEGIN_DIR, CONNECTED, DATA, DROP, END, SENDME } = RelayCommand;
const { CONFLUX_LINK, CONFLUX_LINKED, CONFLUX_LINKED_ACK, CONFLUX_SWITCH } = RelayCommand;
const params = defaultCircuitParams;
const limits = { maxLegs: 8, maxEarlyBytes: 4_000_000 };

interface Joined {
  readonly net: SimNet;
  readonly exit: SimRelay;
  readonly circuits: readonly OriginCircuit[];
  readonly links: readonly SimChannel[];
  readonly set: ConfluxSet;
  readonly sets: ExitConfluxSets;
}

/** Circuits over guards of their own to one exit, with links as slow as told. */
async function join(
  latencies: readonly number[],
  options: { readonly desiredUx?: number; readonly rates?: readonly number[] } = {},
): Promise<Joined> {
  const net = new SimNet();
  const { world } = net;
  const guards = net.addRelays(latencies.length);
  const [exit] = net.addRelays(1);
  if (exit === undefined) assert.fail();
  const sets = new ExitConfluxSets(simDeps(world), () => limits);
  exit.conflux = sets;
  const circuits: OriginCircuit[] = [];
  const links: SimChannel[] = [];
  for (const [i, guard] of guards.entries()) {
    const { near } = net.clientChannel(guard, {
      latencyMs: latencies[i] ?? 0,
      ...(options.rates !== undefined && { rate: options.rates[i] ?? 1 }),
    });
    links.push(near);
    const circuit = new OriginCircuit({ ...simDeps(world), channel: near }, { params });
    circuits.push(circuit);
    const building = (async () => {
      await circuit.create(guard.target);
      await circuit.extend(exit.target, { exit: true });
      circuit.markOpen();
    })();
    await world.run();
    await building;
  }
  const linking = linkConflux(simDeps(world), circuits, {
    params,
    timeoutMs: 60_000,
    ...(options.desiredUx !== undefined && { desiredUx: options.desiredUx }),
  });
  linking.catch(() => undefined);
  await world.run(10_000);
  return { net, exit, circuits, links, set: await linking, sets };
}

const used = (link: SimChannel): number =>
  link.sentCommands.filter((command) => command === CellCommand.RELAY || command === CellCommand.RELAY_EARLY).length;

describe('a set of two circuits', () => {
  for (const [name, desiredUx] of [
    ['high throughput', ConfluxUx.HIGH_THROUGHPUT],
    ['low latency', ConfluxUx.MIN_LATENCY],
  ] as const) {
    test(`carries megabytes both ways in order: ${name}`, async () => {
      const { net, exit, circuits, links, set, sets } = await join([3, 20], { desiredUx, rates: [3, 20] });
      assert.equal(set.legCount, 2);
      assert.equal(sets.size, 1);
      const up = pattern(1_500_000, 3);
      const down = pattern(1_500_000, 4);
      const atExit = new Recorder();
      exit.onStream = (stream: IncomingStream) => {
        const push = feed(
          (bytes) => stream.write(bytes),
          down,
          () => stream.end(),
        );
        stream.accept();
        push();
        atExit.writable = push;
        return atExit;
      };
      const atClient = new Recorder();
      const stream = circuits[1]?.openStream(atClient, { kind: 'begin', address: 'x.example', port: 80, flags: 0 });
      if (stream === undefined) assert.fail();
      const push = feed((bytes) => stream.write(bytes), up);
      atClient.writable = push;
      push();
      await net.world.run();
      assert.ok(Buffer.concat(atClient.chunks).equals(Buffer.from(down)), 'toward the client');
      assert.equal(atClient.ends[0]?.reason, EndReason.DONE, 'END comes after all data');
      assert.ok(circuits.every(({ state }) => state === 'open'));
      assert.equal(set.earlyBytes, 0);
      assert.equal(sets.earlyBytes, 0);
      const [quick, slow] = links.map(used);
      if (desiredUx === ConfluxUx.HIGH_THROUGHPUT)
        assert.ok((slow ?? 0) > 50, `the slow leg carries too: ${quick}, ${slow}`);
    });
  }

  test('RESOLVE and XOFF keep their order too; directories do not answer', async () => {
    const { net, exit, circuits } = await join([1, 2]);
    exit.onResolve = (_name, answer) => {
      answer([{ kind: 'ipv4', address: Uint8Array.of(1, 2, 3, 4), ttlSec: 60 }]);
      return undefined;
    };
    const asked = circuits[0]?.resolve('x.example');
    await net.world.run();
    assert.deepEqual(await asked, [{ kind: 'ipv4', address: Uint8Array.of(1, 2, 3, 4), ttlSec: 60 }]);
    assert.throws(() => circuits[0]?.openStream(new Recorder(), { kind: 'begin-dir' }), { code: 'INTERNAL' });
  });

  test('an idle leg may go; with the leg in use all goes, and every stream hears it once', async () => {
    const { net, exit, circuits, set, sets } = await join([1, 30], { desiredUx: ConfluxUx.MIN_LATENCY });
    const atExit = new Recorder();
    exit.onStream = (stream) => {
      stream.accept();
      return atExit;
    };
    const atClient = new Recorder();
    circuits[0]?.openStream(atClient, { kind: 'begin', address: 'x.example', port: 80, flags: 0 });
    await net.world.run();
    assert.notEqual(atClient.connectedWith, 'nothing yet');
    circuits[1]?.close();
    await net.world.run();
    assert.equal(set.legCount, 1);
    assert.equal(circuits[0]?.state, 'open');
    assert.deepEqual(atClient.ends, []);
    circuits[0]?.close();
    await net.world.run();
    assert.equal(atClient.ends.length, 1);
    assert.equal(atExit.ends.length, 1);
    assert.equal(sets.size, 0);
    assert.ok(exit.circuits.every(({ state }) => state === 'closed'));
  });

  test('the exit closing the leg in use takes the other with it', async () => {
    const { net, exit, circuits } = await join([1, 30]);
    const atClient = new Recorder();
    exit.onStream = (stream) => {
      stream.accept();
      return new Recorder();
    };
    circuits[1]?.openStream(atClient, { kind: 'begin', address: 'x.example', port: 80, flags: 0 });
    await net.world.run();
    exit.circuits[0]?.close(DestroyReason.FINISHED);
    await net.world.run();
    assert.deepEqual(
      circuits.map(({ state }) => state),
      ['closed', 'closed'],
    );
    assert.equal(atClient.ends.length, 1);
  });

  test('a leg that cannot be linked: nothing is left', async () => {
    const net = new SimNet();
    const [relay] = net.addRelays(1);
    if (relay === undefined) assert.fail();
    const { near } = net.clientChannel(relay);
    const circuit = new OriginCircuit({ ...simDeps(net.world), channel: near }, { params });
    circuit.create(relay.target, { exit: true }).catch(() => undefined);
    await net.world.run();
    const linking = linkConflux(simDeps(net.world), [circuit], { params, timeoutMs: 1000 });
    linking.catch(() => undefined);
    await net.world.run();
    await assert.rejects(linking, { code: 'CIRCUIT_DESTROYED' });
    assert.equal(circuit.state, 'closed');
  });
});

describe('at an exit', () => {
  const nonce = new Uint8Array(32).fill(8);
  const link = (options: { nonce?: Uint8Array; lastSent?: bigint; lastReceived?: bigint } = {}): Uint8Array =>
    encodeConfluxLink({ nonce, lastSent: 0n, lastReceived: 0n, desiredUx: ConfluxUx.HIGH_THROUGHPUT, ...options });

  /** Clients whose circuits share one table of sets. */
  function clients(count: number, maxEarlyBytes = 100_000): readonly RawClient[] {
    let sets: ExitConfluxSets | undefined;
    return Array.from(
      { length: count },
      () =>
        new RawClient('congestion', {
          conflux: (world) => {
            sets ??= new ExitConfluxSets(simDeps(world), () => ({ maxLegs: 3, maxEarlyBytes }));
            return sets;
          },
        }),
    );
  }
  const only = (): RawClient => clients(1)[0] as RawClient;
  const verdict = (client: RawClient): number | undefined => {
    client.run();
    return client.destroys[0];
  };

  test('LINK is answered with LINKED, which asks for low latency', () => {
    const client = only();
    client.send(CONFLUX_LINK, 0, link());
    assert.equal(verdict(client), undefined);
    const [linked] = client.of(CONFLUX_LINKED);
    const told = decodeConfluxLink(linked?.body ?? assert.fail());
    assert.deepEqual(
      { ...told, nonce: Uint8Array.from(told.nonce) },
      { nonce, lastSent: 0n, lastReceived: 0n, desiredUx: ConfluxUx.MIN_LATENCY },
    );
    assert.ok(client.circuit.isConflux);
  });

  const bad: readonly (readonly [string, (client: RawClient) => void])[] = [
    ['LINK twice', (client) => [1, 2].forEach(() => void client.send(CONFLUX_LINK, 0, link()))],
    ['LINK cut short', (client) => client.send(CONFLUX_LINK, 0, link().subarray(0, 40))],
    ['LINK of version 2', (client) => client.send(CONFLUX_LINK, 0, Uint8Array.of(2, ...link().subarray(1)))],
    ['LINK after data that never came', (client) => client.send(CONFLUX_LINK, 0, link({ lastSent: 1n }))],
    [
      'LINK that received what was never sent',
      (client) => client.send(CONFLUX_LINK, 0, link({ lastReceived: 2n ** 63n })),
    ],
    ['LINKED', (client) => client.send(CONFLUX_LINKED, 0, link())],
    ['LINKED_ACK without LINK', (client) => client.send(CONFLUX_LINKED_ACK)],
    ['SWITCH without LINK', (client) => client.send(CONFLUX_SWITCH, 0, encodeConfluxSwitch(1))],
    [
      'LINKED_ACK twice',
      (client) => {
        client.send(CONFLUX_LINK, 0, link());
        client.send(CONFLUX_LINKED_ACK);
        client.send(CONFLUX_LINKED_ACK);
      },
    ],
    [
      'LINK on a circuit with a stream',
      (client) => {
        client.role.onStream = () => new Recorder();
        client.send(BEGIN_DIR, 3);
        client.send(CONFLUX_LINK, 0, link());
      },
    ],
    [
      'EXTEND2 after LINK',
      (client) => {
        client.send(CONFLUX_LINK, 0, link());
        const body = encodeExtend2({
          linkSpecifiers: [
            { kind: 'ipv4', address: Uint8Array.of(1, 2, 3, 4), port: 1 },
            { kind: 'rsa', id: new Uint8Array(20).fill(1) },
          ],
          handshakeType: HandshakeType.NTOR,
          handshake: new Uint8Array(84),
        });
        client.send(RelayCommand.EXTEND2, 0, body, CellCommand.RELAY_EARLY);
      },
    ],
    [
      'a number that goes back',
      (client) => {
        client.role.onStream = () => new Recorder();
        client.send(CONFLUX_LINK, 0, link());
        client.send(CONFLUX_SWITCH, 0, encodeConfluxSwitch(5));
        client.send(BEGIN, 3, Buffer.from('x:1\0'));
        for (let i = 0; i < 300; i++) client.send(DATA, 3, new Uint8Array(498));
      },
    ],
  ];
  for (const [name, act] of bad) {
    test(`closes the circuit: ${name}`, () => {
      const client = only();
      act(client);
      assert.ok(verdict(client) === DestroyReason.TORPROTOCOL || verdict(client) === DestroyReason.RESOURCELIMIT);
    });
  }

  test('without sets, or without congestion control, LINK is a violation', () => {
    const plain = new RawClient('congestion');
    plain.send(CONFLUX_LINK, 0, link());
    assert.equal(verdict(plain), DestroyReason.TORPROTOCOL);
    const windows = new RawClient('windows', { conflux: (world) => new ExitConfluxSets(simDeps(world), () => limits) });
    windows.send(CONFLUX_LINK, 0, link());
    assert.equal(verdict(windows), DestroyReason.TORPROTOCOL);
  });

  test('messages wait for those that another leg carries, and come in order', () => {
    const [one, two] = clients(2) as [RawClient, RawClient];
    const recorder = new Recorder();
    for (const client of [one, two]) {
      client.role.onStream = (stream) => {
        stream.accept();
        return recorder;
      };
      client.send(CONFLUX_LINK, 0, link());
      client.run();
      client.send(CONFLUX_LINKED_ACK);
    }
    one.send(BEGIN, 3, Buffer.from('x:1\0'));
    two.send(CONFLUX_SWITCH, 0, encodeConfluxSwitch(2));
    two.send(DATA, 3, Buffer.from('b'));
    two.send(DATA, 3, Buffer.from('c'));
    one.send(CONFLUX_SWITCH, 0, encodeConfluxSwitch(0));
    assert.equal(recorder.text, '');
    one.send(DATA, 3, Buffer.from('a'));
    assert.equal(recorder.text, 'abc');
    one.send(CONFLUX_SWITCH, 0, encodeConfluxSwitch(2));
    one.send(END, 3, Uint8Array.of(EndReason.DONE));
    assert.equal(recorder.ends.length, 1);
    assert.equal(verdict(one), undefined);
    assert.equal(verdict(two), undefined);
    assert.equal(one.of(CONNECTED).length + two.of(CONNECTED).length, 1);
  });

  test('two messages with one number, or one that is old, close the circuit', () => {
    const [one, two] = clients(2) as [RawClient, RawClient];
    for (const client of [one, two]) {
      client.role.onStream = () => new Recorder();
      client.send(CONFLUX_LINK, 0, link());
    }
    one.send(BEGIN, 3, Buffer.from('x:1\0'));
    two.send(DATA, 3, Buffer.from('again number one'));
    assert.equal(verdict(two), DestroyReason.TORPROTOCOL);
  });

  test('what waits is bounded, circuit SENDMEs go on', () => {
    const [client] = clients(1, 20_000) as [RawClient];
    client.send(CONFLUX_LINK, 0, link());
    client.send(CONFLUX_SWITCH, 0, encodeConfluxSwitch(1000));
    for (let i = 0; i < 31; i++) client.send(DATA, 3, new Uint8Array(498));
    assert.equal(verdict(client), undefined);
    assert.equal(client.of(SENDME).length, 1);
    for (let i = 0; i < 31; i++) client.send(DATA, 3, new Uint8Array(498));
    assert.equal(verdict(client), DestroyReason.RESOURCELIMIT);
  });

  test('too many legs; data lost before a leg is added takes the whole set', () => {
    const many = clients(4);
    for (const client of many) client.send(CONFLUX_LINK, 0, link());
    assert.deepEqual(many.map(verdict), [undefined, undefined, undefined, DestroyReason.TORPROTOCOL]);
    const [first, late] = clients(2) as [RawClient, RawClient];
    first.send(CONFLUX_LINK, 0, link());
    late.send(CONFLUX_LINK, 0, link({ lastSent: 7n }));
    assert.equal(verdict(late), DestroyReason.TORPROTOCOL);
    assert.equal(verdict(first), DestroyReason.TORPROTOCOL);
  });

  test('directories do not answer on a leg', () => {
    const client = only();
    client.role.onStream = () => new Recorder();
    client.send(CONFLUX_LINK, 0, link());
    client.send(BEGIN_DIR, 3);
    client.run();
    assert.equal(client.of(END)[0]?.body[0], EndReason.NOTDIRECTORY);
    assert.deepEqual(client.role.begins, []);
  });

  test('padding and SENDMEs are not numbered', () => {
    const client = only();
    const recorder = new Recorder();
    client.role.onStream = () => recorder;
    client.send(CONFLUX_LINK, 0, link());
    client.send(DROP);
    client.send(BEGIN, 3, Buffer.from('x:1\0'));
    client.send(DROP);
    client.send(DATA, 3, Buffer.from('in order'));
    assert.equal(recorder.text, 'in order');
  });
});
