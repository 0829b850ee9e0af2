import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { formatIp, parseIp } from '../../../../src/base/ip/index.ts';
import { defaultParams, type NetDir, type Relay } from '../../../../src/network/netdir/index.ts';
import { defaultCircuitParams, OriginCircuit } from '../../../../src/protocol/circuit/index.ts';
import type { Stream, StreamEnd, StreamHandler } from '../../../../src/protocol/stream/index.ts';
import { type ExitOptions, ExitRole, type SocketTarget } from '../../../../src/roles/exit/index.ts';
import { BeginFlag, EndReason, type ResolvedAnswer } from '../../../../src/wire/relaymsg/index.ts';
import {
  congestionProtover,
  feed,
  oldProtover,
  pattern,
  Recorder,
  SimNet,
  type SimRelay,
  simDeps,
} from '../../../support/circuit-net.ts';
import { exitConfigOf, TableDns } from '../../../support/exit-parts.ts';

const local = ['ExitPolicyRejectPrivate 0', 'ExitPolicy accept *:*', 'RefuseUnknownExits 0'];

/** What the exit asks of the directory. */
interface Directory {
  readonly params?: NetDir['params'];
  readonly relays?: readonly Pick<Relay, 'addresses' | 'dirPort'>[];
  readonly known?: boolean;
}

function netdirOf({ params = defaultParams, relays = [], known = true }: Directory): NetDir {
  const handler: ProxyHandler<NetDir> = {
    get(_target, name) {
      if (name === 'params') return params;
      if (name === 'relays') return relays;
      if (name === 'byRsaId') return () => (known ? {} : undefined);
      throw new Error(`the exit must not ask for ${String(name)}`);
    },
  };
  return new Proxy({} as NetDir, handler);
}

class EndRecorder extends Recorder {
  end: StreamEnd | undefined;
  override ended(end: StreamEnd): void {
    super.ended(end);
    this.end = end;
  }
}

interface World {
  readonly net: SimNet;
  readonly circuit: OriginCircuit;
  readonly role: ExitRole;
  readonly dns: TableDns;
  /** Lets simulated and real time go on until the condition holds. */
  until(condition: () => boolean): Promise<void>;
  begin(
    address: string,
    port: number,
    options?: { flags?: number; handler?: StreamHandler },
  ): { stream: Stream; far: EndRecorder };
  resolve(name: string): Promise<readonly ResolvedAnswer[]>;
}

async function build(
  options: {
    torrc?: readonly string[];
    dns?: TableDns;
    hops?: number;
    protover?: typeof oldProtover;
    directory?: Directory;
    connect?: (target: SocketTarget) => Socket;
  } & Partial<Pick<ExitOptions, 'admit' | 'authorities'>> = {},
): Promise<World> {
  const net = new SimNet();
  const relays = net.addRelays(options.hops ?? 2, { protover: options.protover ?? congestionProtover });
  const exit = relays.at(-1) as SimRelay;
  const dns = options.dns ?? new TableDns();
  const role = new ExitRole(
    {
      ...simDeps(net.world),
      netdir: () => netdirOf(options.directory ?? {}),
      dns: () => dns,
      ...(options.connect && { connect: options.connect }),
    },
    { config: exitConfigOf(options.torrc ?? local), ...options },
  );
  exit.acceptStream = (circuit, begin, stream) =>
    begin.kind === 'begin' ? role.begin(circuit, begin, stream) : EndReason.NOTDIRECTORY;
  exit.resolve = (circuit, name, answer) => role.resolve(circuit, name, answer);
  const { near } = net.clientChannel(relays[0] as SimRelay);
  const circuit = new OriginCircuit({ ...simDeps(net.world), channel: near }, { params: defaultCircuitParams });
  const building = (async () => {
    for (const [i, relay] of relays.entries()) {
      if (i === 0) await circuit.create(relay.target);
      else await circuit.extend(relay.target, { exit: relay === exit });
    }
    circuit.markOpen();
  })();
  await net.world.run();
  await building;
  return {
    net,
    circuit,
    role,
    dns,
    until: async (condition) => {
      const deadline = Date.now() + 20_000;
      while (!condition()) {
        assert.ok(Date.now() < deadline, 'it never happened');
        await net.world.run(1);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    begin: (address, port, { flags = BeginFlag.IPV6_OK, handler } = {}) => {
      const far = new EndRecorder();
      return { far, stream: circuit.openStream(handler ?? far, { kind: 'begin', address, port, flags }) };
    },
    resolve: async (name) => {
      const asked = circuit.resolve(name);
      asked.catch(() => undefined);
      await net.world.run(1);
      return asked;
    },
  };
}

/** The END a BEGIN gets. */
async function endOf(world: World, address: string, port: number, flags?: number): Promise<StreamEnd> {
  const { far } = world.begin(address, port, flags === undefined ? {} : { flags });
  await world.until(() => far.end !== undefined);
  return far.end ?? assert.fail();
}

describe('connections', () => {
  const sockets: Socket[] = [];
  let server: Server;
  let port = 0;
  const blob = Buffer.from(pattern(3_000_000));

  before(async () => {
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const accepted = async (): Promise<Socket> => {
    const [socket] = (await once(server, 'connection')) as [Socket];
    return socket;
  };

  for (const protover of [congestionProtover, oldProtover]) {
    const name = protover === oldProtover ? 'windows' : 'congestion control';
    test(`to an address, megabytes both ways, under ${name}`, async () => {
      const world = await build({ protover });
      const connection = accepted();
      const { stream, far } = world.begin('127.0.0.1', port);
      await world.until(() => stream.state === 'open');
      const socket = await connection;
      assert.deepEqual(far.connectedWith, { address: parseIp('127.0.0.1'), ttlSec: 1800 });
      const got: Buffer[] = [];
      let gotBytes = 0;
      socket.on('data', (chunk) => {
        got.push(chunk);
        gotBytes += chunk.length;
      });
      socket.write(blob);
      const push = feed((bytes) => stream.write(bytes), blob);
      await world.until(() => {
        push();
        return gotBytes === blob.length && far.bytes === blob.length;
      });
      assert.ok(Buffer.concat(got).equals(blob));
      assert.ok(Buffer.concat(far.chunks).equals(blob));
      socket.end();
      await world.until(() => far.end !== undefined);
      assert.equal(far.end?.reason, EndReason.DONE);
      await world.until(() => world.role.openStreams === 0);
    });
  }

  test('optimistic data reaches a server that was not looked up yet', async () => {
    const dns = new TableDns({ 'host.example 4': { addresses: ['127.0.0.1'], ttlSec: 20 } });
    const world = await build({ dns });
    const connection = accepted();
    const { stream, far } = world.begin('host.example', port);
    const hello = Buffer.from(pattern(20_000));
    assert.equal(stream.write(hello), hello.length);
    await world.until(() => stream.state === 'open');
    const socket = await connection;
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk));
    await world.until(() => Buffer.concat(got).length === hello.length);
    assert.ok(Buffer.concat(got).equals(hello));
    const { ttlSec } = far.connectedWith as { ttlSec: number };
    assert.ok(ttlSec >= 60 && ttlSec <= 540, `${ttlSec}`);
    stream.end();
    await world.until(() => socket.destroyed || socket.readableEnded);
  });

  test('a server that does not read holds the client back', async () => {
    const world = await build();
    const connection = accepted();
    const { stream } = world.begin('127.0.0.1', port);
    await world.until(() => stream.state === 'open');
    const socket = await connection;
    socket.pause();
    const bytes = Buffer.alloc(64 * 1024);
    let taken = 0;
    let idle = 0;
    await world.until(() => {
      const count = stream.write(bytes);
      taken += count;
      idle = count === 0 ? idle + 1 : 0;
      return idle > 200;
    });
    assert.ok(taken < 24_000_000, `took ${taken}`);
    let read = 0;
    socket.on('data', (chunk) => {
      read += chunk.length;
    });
    socket.resume();
    await world.until(() => read === taken);
    assert.ok(stream.write(bytes) > 0, 'and lets it go on afterwards');
  });

  test('nobody listens', async () => {
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const free = (closed.address() as AddressInfo).port;
    closed.close();
    await once(closed, 'close');
    const world = await build();
    assert.equal((await endOf(world, '127.0.0.1', free)).reason, EndReason.MISC, 'as C tor says it');
    assert.equal(world.role.openStreams, 0);
  });

  test('no way there', async () => {
    const unreachable = Object.assign(new Error('no route'), { code: 'ENETUNREACH' });
    const world = await build({ connect: () => new Socket().destroy(unreachable) });
    assert.equal((await endOf(world, '192.0.2.1', 80)).reason, EndReason.NOROUTE);
  });

  test('a reset by the server', async () => {
    const world = await build();
    const connection = accepted();
    const { far, stream } = world.begin('127.0.0.1', port);
    await world.until(() => stream.state === 'open');
    (await connection).resetAndDestroy();
    await world.until(() => far.end !== undefined);
    assert.equal(far.end?.reason, EndReason.CONNRESET);
  });

  test('the circuit closing closes the connection, and forgets what was being looked up', async () => {
    const dns = new TableDns();
    dns.held = new Promise(() => undefined);
    const world = await build({ dns });
    const connection = accepted();
    const { stream } = world.begin('127.0.0.1', port);
    world.begin('slow.example', 80);
    await world.until(() => stream.state === 'open');
    const socket = await connection;
    assert.equal(world.role.openStreams, 2);
    world.circuit.close();
    await world.until(() => world.role.openStreams === 0);
    socket.resume();
    if (!socket.destroyed) await once(socket, 'close');
  });

  test('ReevaluateExitPolicy ends what a new policy forbids', async () => {
    const world = await build();
    const { far, stream } = world.begin('127.0.0.1', port);
    await world.until(() => stream.state === 'open');
    const events: unknown[] = [];
    world.role.events.on('policyChanged', (event) => events.push(event));
    world.role.setConfig(exitConfigOf(['ExitRelay 1', 'ReevaluateExitPolicy 1']));
    await world.until(() => far.end !== undefined);
    assert.equal(far.end?.reason, EndReason.EXITPOLICY);
    assert.deepEqual(far.end?.address, parseIp('127.0.0.1'));
    assert.equal(events.length, 1);
  });
});

describe('refusals, with the reasons of C tor', () => {
  test('by policy: the address and its lifetime are told', async () => {
    const dns = new TableDns({ 'inside.example 4': { addresses: ['10.0.0.1'], ttlSec: 4000 } });
    const world = await build({ dns, torrc: ['ExitRelay 1', 'ExitPolicy reject *:25'] });
    const literal = await endOf(world, '93.184.216.34', 25);
    assert.deepEqual(literal, {
      remote: true,
      reason: EndReason.EXITPOLICY,
      address: parseIp('93.184.216.34'),
      ttlSec: 1800,
    });
    const named = await endOf(world, 'inside.example', 80);
    assert.equal(named.reason, EndReason.EXITPOLICY);
    assert.equal(formatIp(named.address ?? assert.fail()), '10.0.0.1');
    assert.ok((named.ttlSec ?? 0) >= 3360);
  });

  test('IPv6 without IPv6Exit', async () => {
    const world = await build({ torrc: ['ExitRelay 1'] });
    const end = await endOf(world, '2001:db8::1', 80);
    assert.equal(end.reason, EndReason.EXITPOLICY);
    assert.deepEqual(end.address, parseIp('2001:db8::1'));
    const flags = BeginFlag.IPV6_OK | BeginFlag.IPV4_NOT_OK;
    assert.deepEqual(await endOf(world, 'x.example', 80, flags), { remote: true, reason: EndReason.EXITPOLICY });
  });

  test('no exit at all: names are not looked up', async () => {
    const world = await build({ torrc: [] });
    assert.equal((await endOf(world, 'x.example', 80)).reason, EndReason.RESOLVEFAILED);
    assert.equal((await endOf(world, '1.2.3.4', 80)).reason, EndReason.EXITPOLICY);
    assert.deepEqual(await world.resolve('x.example'), [{ kind: 'error', transient: false, ttlSec: 60 }]);
    assert.deepEqual(world.dns.asked, []);
  });

  test('names that are none, and reverse names', async () => {
    const world = await build();
    for (const name of ['bad!name', '1.0.0.127.in-addr.arpa', '4.3.2.1.in-addr.arpa', 'no.such.example']) {
      assert.equal((await endOf(world, name, 80)).reason, EndReason.RESOLVEFAILED, name);
    }
    assert.deepEqual(world.dns.asked, ['no.such.example 4']);
  });

  test('name servers that never answer', async () => {
    const dns = new TableDns();
    dns.held = new Promise(() => undefined);
    const world = await build({ dns });
    const { far } = world.begin('x.example', 80);
    await world.net.world.run(300_001);
    await world.until(() => far.end !== undefined);
    assert.equal(far.end?.reason, EndReason.TIMEOUT);
  });

  test('hibernation: new streams only', async () => {
    const world = await build();
    world.role.setHibernating(true);
    assert.equal((await endOf(world, '127.0.0.1', 9)).reason, EndReason.HIBERNATING);
  });

  test('circuits of one hop', async () => {
    const world = await build({ hops: 1 });
    assert.equal((await endOf(world, '127.0.0.1', 9)).reason, EndReason.TORPROTOCOL);
  });

  test('from relays nobody knows, unless allowed', async () => {
    const torrc = ['ExitRelay 1', 'ExitPolicyRejectPrivate 0', 'ExitPolicy reject *:*'];
    const directory = { known: false };
    const reasonOf = async (lines: readonly string[]): Promise<number> =>
      (await endOf(await build({ torrc: lines, directory }), '127.0.0.1', 9)).reason;
    assert.equal(await reasonOf(torrc), EndReason.MISC);
    assert.equal(await reasonOf([...torrc, 'RefuseUnknownExits 0']), EndReason.EXITPOLICY);
  });

  test('back into the network', async () => {
    const relays = [
      { addresses: [{ address: parseIp('203.0.113.5') ?? new Uint8Array(4), port: 9001 }], dirPort: 9030 },
    ];
    const world = await build({
      directory: { relays },
      authorities: [{ address: parseIp('203.0.113.6') ?? new Uint8Array(4), port: 80 }],
    });
    for (const [address, port] of [
      ['203.0.113.5', 9001],
      ['203.0.113.5', 9030],
      ['203.0.113.6', 80],
    ] as const) {
      assert.deepEqual(await endOf(world, address, port), { remote: true, reason: EndReason.CONNECTREFUSED });
    }
  });

  test('too many, or too fast', async () => {
    const dns = new TableDns();
    dns.held = new Promise(() => undefined);
    const world = await build({ dns });
    world.role.setConfig({ ...exitConfigOf(local), maxConnections: 2 });
    world.begin('a.example', 80);
    world.begin('b.example', 80);
    assert.equal((await endOf(world, 'c.example', 80)).reason, EndReason.RESOURCELIMIT);
    let verdict: 'refuse' | 'close' = 'refuse';
    const defended = await build({ admit: () => verdict });
    assert.equal((await endOf(defended, '127.0.0.1', 9)).reason, EndReason.MISC);
    assert.deepEqual(await defended.resolve('x.example'), [{ kind: 'error', transient: true, ttlSec: 60 }]);
    verdict = 'close';
    assert.equal((await endOf(defended, '127.0.0.1', 9)).reason, EndReason.DESTROY);
    assert.equal(defended.circuit.state, 'closed');
  });
});

describe('which address of a name', () => {
  const table = {
    'both.example 4': { addresses: ['192.0.2.1'] },
    'both.example 6': { addresses: ['2001:db8::1'] },
    'four.example 4': { addresses: ['192.0.2.4'] },
  };
  const torrc = ['IPv6Exit 1', 'ExitPolicy reject *:80', 'RefuseUnknownExits 0'];
  const { IPV6_OK, IPV6_PREFERRED, IPV4_NOT_OK } = BeginFlag;

  /** The policy refuses all, and so tells which address was chosen. */
  const chosen = async (name: string, flags: number, lines = torrc): Promise<string> => {
    const end = await endOf(await build({ dns: new TableDns(table), torrc: lines }), name, 80, flags);
    return end.address === undefined ? `reason ${end.reason}` : formatIp(end.address);
  };

  test('flags', async () => {
    assert.equal(await chosen('both.example', 0), '192.0.2.1');
    assert.equal(await chosen('both.example', IPV6_OK), '192.0.2.1');
    assert.equal(await chosen('both.example', IPV6_OK | IPV6_PREFERRED), '2001:db8::1');
    assert.equal(await chosen('both.example', IPV6_OK | IPV4_NOT_OK), '2001:db8::1');
    assert.equal(await chosen('four.example', IPV6_OK | IPV6_PREFERRED), '192.0.2.4');
    assert.equal(
      await chosen('four.example', IPV6_OK | IPV6_PREFERRED | IPV4_NOT_OK),
      `reason ${EndReason.RESOLVEFAILED}`,
    );
  });

  test('RESOLVE: both, reverse, addresses, errors', async () => {
    const dns = new TableDns({
      ...table,
      '4.2.0.192.in-addr.arpa': { hostname: 'four.example', ttlSec: 9 },
      'sick.example 4': { error: 'serverfailed' },
      'sick.example 6': { error: 'serverfailed' },
    });
    const world = await build({ dns, torrc: ['IPv6Exit 1', 'ExitPolicy accept *:80'] });
    assert.deepEqual(await world.resolve('both.example'), [
      { kind: 'ipv4', address: parseIp('192.0.2.1'), ttlSec: 60 },
      { kind: 'ipv6', address: parseIp('2001:db8::1'), ttlSec: 60 },
    ]);
    assert.deepEqual(await world.resolve('4.2.0.192.in-addr.arpa'), [
      { kind: 'hostname', hostname: 'four.example', ttlSec: 60 },
    ]);
    const failed = (transient: boolean) => [{ kind: 'error', transient, ttlSec: 60 }];
    assert.deepEqual(await world.resolve('sick.example'), failed(true));
    assert.deepEqual(await world.resolve('none.example'), failed(false));
    assert.deepEqual(await world.resolve('5.2.0.192.in-addr.arpa'), failed(false));
    assert.deepEqual(
      await world.resolve('1.0.0.127.in-addr.arpa'),
      failed(false),
      'internal addresses are not asked for',
    );
    assert.deepEqual(await world.resolve('192.0.2.1'), failed(false), 'an address is no name');
    assert.deepEqual(await world.resolve('::1'), failed(false));
  });
});
