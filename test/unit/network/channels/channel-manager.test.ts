import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import type { Emitter } from '../../../../src/base/util/index.ts';
import {
  ChannelManager,
  type ChannelManagerOptions,
  type ChannelTarget,
  dialDirect,
  type LinkCredentialSet,
  makeLinkCredentials,
  OrListener,
  type OrListenerOptions,
} from '../../../../src/network/channels/index.ts';
import type { LinkChannel } from '../../../../src/protocol/channel/index.ts';
import { CellCommand } from '../../../../src/wire/cell/index.ts';
import { makeLinkKeys, Recorder } from '../../protocol/channel/harness.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);

/** The next event of that name. */
function once<E extends object, K extends keyof E>(events: Emitter<E>, name: K): Promise<E[K]> {
  return new Promise((resolve) => {
    const off = events.on(name, (event) => {
      off();
      resolve(event);
    });
  });
}

describe('ChannelManager and OrListener over loopback', () => {
  let credentials: LinkCredentialSet;
  let other: LinkCredentialSet;
  const cleanups: (() => void | Promise<void>)[] = [];
  before(async () => {
    // Certificates are checked against this machine's clock here.
    credentials = await makeLinkCredentials(nodeRuntime, await makeLinkKeys(1, Date.now()));
    other = await makeLinkCredentials(nodeRuntime, await makeLinkKeys(2, Date.now()));
  });
  const cleanUp = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  afterEach(cleanUp);
  after(cleanUp);

  function client(options: ChannelManagerOptions = {}): ChannelManager {
    const manager = new ChannelManager(nodeRuntime, options);
    cleanups.push(() => manager.close());
    return manager;
  }

  async function relay(options: Partial<OrListenerOptions> = {}) {
    const manager = client({ credentials: () => credentials });
    const recorder = new Recorder();
    const listener = new OrListener(
      { ...nodeRuntime, manager },
      {
        credentials: () => credentials,
        onCreate: (channel, circId) => channel.acceptCircuit(circId, recorder),
        ownAddresses: () => [loopback],
        ...options,
      },
    );
    const endpoint = await listener.listen({ address: loopback, port: 0 });
    cleanups.push(() => listener.close());
    const target: ChannelTarget = { identity: { ed25519: credentials.ed25519 }, addresses: [endpoint] };
    return { manager, listener, recorder, endpoint, target };
  }

  it('opens a channel, tells its steps, and carries cells', async () => {
    const { target, recorder, manager: server } = await relay();
    const manager = client();
    const steps: string[] = [];
    manager.events.onAny((name) => steps.push(name));
    const arrived = once(server.events, 'opened');
    const channel = await manager.get(target);
    assert.deepEqual(steps, ['launched', 'tcp', 'tls', 'opened']);
    assert.equal(channel.linkProtocol, 5);
    assert.equal(channel.canonical, true);
    assert.deepEqual(channel.peer.ed25519, credentials.ed25519);
    const remote = await arrived;
    assert.equal(remote.peer.authenticated, false);
    const heard = new Promise<void>((resolve) => {
      recorder.onCell = () => resolve();
    });
    const id = channel.openCircuit(new Recorder());
    channel.send(id, CellCommand.CREATE_FAST, new Uint8Array(20));
    channel.send(id, CellCommand.RELAY, Uint8Array.of(42));
    await heard;
    assert.equal(recorder.bodies[0]?.[0], 42);
    const closed = once(server.events, 'closed');
    channel.close();
    assert.equal((await closed).channel, remote);
    assert.deepEqual([...manager.channels], []);
  });

  it('moves a megabyte both ways in order', async () => {
    const { target, recorder, manager: server } = await relay();
    const manager = client();
    const channel = await manager.get(target);
    const total = 2048;
    const back: number[] = [];
    let ours: { finished(): void } = { finished: () => undefined };
    const done = new Promise<void>((resolve) => {
      ours = { finished: resolve };
    });
    const id = channel.openCircuit({
      cell: (_command, body) => {
        back.push((body[0] as number) * 256 + (body[1] as number));
        if (back.length === total) ours.finished();
      },
      destroyed: () => undefined,
      writable: () => pump(),
    });
    recorder.onCell = (command, body) => {
      for (const remote of server.channels) remote.send(id, command, body);
    };
    let sent = 0;
    const pump = (): void => {
      while (sent < total) {
        const more = channel.send(id, CellCommand.RELAY, Uint8Array.of(sent >> 8, sent & 255));
        sent++;
        if (!more) return;
      }
    };
    channel.send(id, CellCommand.CREATE_FAST, new Uint8Array(20));
    pump();
    await done;
    assert.deepEqual(
      back,
      Array.from({ length: total }, (_, i) => i),
    );
  });

  it('shares one attempt and one channel', async () => {
    const { target, manager: server } = await relay();
    const manager = client();
    const [a, b] = await Promise.all([manager.get(target), manager.get({ ...target })]);
    assert.equal(a, b);
    assert.equal(await manager.get(target), a);
    assert.equal([...server.channels].length, 1);
    const elsewhere = { ...target, addresses: [{ address: loopback, port: 1 }] };
    assert.equal(await manager.get(elsewhere), a, 'a canonical channel serves whatever address is asked for');
  });

  it('does not share a channel that is not canonical, unless at the very address', async () => {
    const { target } = await relay({ ownAddresses: () => [Uint8Array.of(10, 1, 1, 1)] });
    const manager = client();
    const channel = await manager.get(target);
    assert.equal(channel.canonical, false);
    assert.equal(await manager.get(target), channel);
    assert.equal(manager.find({ ...target, addresses: [{ address: loopback, port: 1 }] }), undefined);
    assert.equal(manager.find({ ...target, identity: { ed25519: other.ed25519 } }), undefined);
  });

  it('refuses a relay that is not the expected one', async () => {
    const { target } = await relay();
    const manager = client();
    const failed = once(manager.events, 'failed');
    await assert.rejects(manager.get({ ...target, identity: { ed25519: other.ed25519 } }), {
      code: 'CHANNEL_IDENTITY',
    });
    const event = await failed;
    assert.equal(event.stage, 'handshake');
    assert.equal(event.error.code, 'CHANNEL_IDENTITY');
    assert.deepEqual([...manager.channels], []);
  });

  it('authenticates between relays, and the listener’s side reuses the channel', async () => {
    const { target, manager: server } = await relay();
    const manager = client({ credentials: () => other, ownAddresses: () => [loopback] });
    const arrived = once(server.events, 'opened');
    await manager.get(target);
    const remote = await arrived;
    assert.deepEqual(remote.peer.ed25519, other.ed25519);
    const back = { identity: { ed25519: other.ed25519 }, addresses: [{ address: loopback, port: 4 }] };
    assert.equal(await server.get(back, { purpose: 'extend' }), remote);
  });

  it('tries each address and says why it failed', async () => {
    const { target, endpoint } = await relay();
    const closedPort = await freePort();
    const manager = client();
    const dead = { address: loopback, port: closedPort };
    const channel = await manager.get({ ...target, addresses: [dead, endpoint] });
    assert.equal(channel.peer.port, endpoint.port);
    const alone = client();
    await assert.rejects(alone.get({ ...target, addresses: [dead] }), (error) => {
      assert.ok(TorError.is(error));
      assert.equal(error.code, 'CONNECT_FAILED');
      assert.equal(error.facts.reason, 'ECONNREFUSED');
      return true;
    });
    await assert.rejects(alone.get({ ...target, addresses: [] }), { code: 'CONNECT_FAILED' });
  });

  it('remembers a failed address for others, not for itself', async () => {
    const port = await freePort();
    const manager = client();
    const target = { identity: { ed25519: credentials.ed25519 }, addresses: [{ address: loopback, port }] };
    await assert.rejects(manager.get(target), { code: 'CONNECT_FAILED' });
    await assert.rejects(manager.get(target, { purpose: 'extend' }), { code: 'CONNECT_FAILED' });
    await assert.rejects(manager.get(target, { purpose: 'extend' }), { code: 'CONNECT_BACKOFF' });
    await assert.rejects(manager.get(target), { code: 'CONNECT_FAILED' });
  });

  it('gives up a connection that does not answer', async () => {
    const held: Socket[] = [];
    const server = await listen(createServer((socket) => held.push(socket.on('error', () => undefined))));
    const manager = client({ connectTimeoutMs: 50 });
    const target = { identity: {}, addresses: [{ address: loopback, port: portOf(server) }] };
    const failed = once(manager.events, 'failed');
    await assert.rejects(manager.get(target), { code: 'TIMEOUT' });
    assert.equal((await failed).stage, 'tls');
  });

  it('an aborted wait ends, the shared attempt goes on', async () => {
    const { target } = await relay();
    const manager = client();
    const controller = new AbortController();
    const aborted = manager.get(target, { signal: controller.signal });
    const kept = manager.get(target);
    controller.abort(new TorError('ABORTED'));
    await assert.rejects(aborted, { code: 'ABORTED' });
    assert.equal((await kept).state, 'open');
    await assert.rejects(manager.get(target, { signal: AbortSignal.abort(new TorError('ABORTED')) }), {
      code: 'ABORTED',
    });
  });

  it('goes through a dialer, which may know the way without an address', async () => {
    const { target, endpoint } = await relay();
    const asked: unknown[] = [];
    const manager = client({
      dial: (where, signal) => {
        asked.push(where);
        return dialDirect(endpoint, signal);
      },
    });
    await manager.get({ ...target, addresses: [] });
    assert.deepEqual(asked, [undefined]);
    const channel = await manager.get({ ...target, addresses: [] });
    assert.equal(channel.peer.address, '');
    assert.equal(asked.length, 1);
  });

  it('close() ends channels and attempts', async () => {
    const { target } = await relay();
    const manager = client();
    const channel = await manager.get(target);
    const server = await listen(createServer((socket) => socket.on('error', () => undefined)));
    const pending = manager.get({ identity: {}, addresses: [{ address: loopback, port: portOf(server) }] });
    const rejected = assert.rejects(pending, { code: 'ABORTED' });
    manager.close();
    await rejected;
    assert.equal(channel.state, 'closed');
    await assert.rejects(manager.get(target), { code: 'ABORTED' });
  });

  describe('OrListener', () => {
    it('limits connections of one address and in all', async () => {
      for (const options of [{ maxConnections: 2 }, { maxPerAddress: 2 }, { admit: () => false }]) {
        const { endpoint, listener } = await relay(options);
        const sockets = Array.from({ length: 4 }, () =>
          connect(endpoint.port, '127.0.0.1').on('error', () => undefined),
        );
        const wanted = 'admit' in options ? 4 : 2;
        await closedOf(sockets, wanted);
        assert.equal(listener.connections, 4 - wanted);
        for (const socket of sockets) socket.destroy();
      }
    });

    it('survives garbage instead of TLS and goes on serving', async () => {
      const { endpoint, target } = await relay();
      for (const bytes of ['GET / HTTP/1.0\r\n\r\n', '\x16\x03\x01\xff\xff', '\0'.repeat(3000)]) {
        const socket = connect(endpoint.port, '127.0.0.1').on('error', () => undefined);
        socket.end(bytes);
        await closedOf([socket], 1);
      }
      assert.equal((await client().get(target)).state, 'open');
    });

    it('takes new credentials at once', async () => {
      let current = credentials;
      const { target } = await relay({ credentials: () => current });
      await client().get(target);
      current = other;
      await assert.rejects(client().get(target), { code: 'CHANNEL_IDENTITY' });
      const channel: LinkChannel = await client().get({ ...target, identity: { ed25519: other.ed25519 } });
      assert.equal(channel.state, 'open');
    });

    it('says when it cannot listen', async () => {
      const { endpoint, manager } = await relay();
      const second = new OrListener(
        { ...nodeRuntime, manager },
        { credentials: () => credentials, onCreate: () => undefined },
      );
      await assert.rejects(second.listen(endpoint), { code: 'LISTEN_FAILED' });
    });
  });

  async function listen(server: Server): Promise<Server> {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    cleanups.push(() => {
      server.close();
    });
    return server;
  }
});

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until so many of the sockets are closed. */
function closedOf(sockets: readonly Socket[], count: number): Promise<void> {
  return new Promise((resolve) => {
    let closed = 0;
    for (const socket of sockets) {
      socket.resume();
      socket.on('close', () => {
        closed++;
        if (closed === count) resolve();
      });
    }
  });
}
