import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import type { OnionStreamRequest } from '../../../../src/roles/client/index.ts';
import { startClient, type TestClient } from './fakes.ts';

const onionAddress = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd';

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Everything until the other side closes. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.end());
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  let have = Buffer.alloc(0);
  while (have.length < count) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    have = Buffer.concat([have, chunk]);
  }
  return have;
}

const socks5 = (host: string, port: number, command = 1): Buffer =>
  Buffer.concat([
    Buffer.from([5, command, 0, 3, host.length]),
    Buffer.from(host),
    Buffer.from([port >> 8, port & 255]),
  ]);
const hello = Buffer.from([5, 1, 0]);

async function ask(client: TestClient, request: Buffer): Promise<Buffer> {
  const socket = await dial(client.port());
  socket.write(Buffer.concat([hello, request]));
  return readAll(socket);
}

async function withClient(
  torrc: string,
  use: (client: TestClient) => Promise<void>,
  onion?: Parameters<typeof startClient>[1],
) {
  const client = await startClient(torrc, onion);
  try {
    await use(client);
  } finally {
    await client.role.stop();
  }
}

describe('SOCKS port', () => {
  test('a stream: reply first, then bytes both ways; the end passes on', () =>
    withClient('SocksPort auto', async (client) => {
      const socket = await dial(client.port());
      socket.write(hello);
      assert.deepEqual([...(await readBytes(socket, 2))], [5, 0]);
      socket.write(socks5('Example.COM', 80));
      assert.deepEqual([...(await readBytes(socket, 10))], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
      socket.write('ping');
      assert.equal((await readBytes(socket, 4)).toString(), 'ping');
      const [request] = client.network.requests;
      assert.equal(request?.host, 'example.com');
      assert.equal(request?.port, 80);
      assert.deepEqual(client.network.ports, [80]);
      const closed = once(socket, 'close');
      socket.resume().end();
      await closed;
      assert.equal(client.network.streams[0]?.endedWith, 6);
    }));

  test('bytes sent together with the request go with the first cells', () =>
    withClient('SocksPort auto', async (client) => {
      const socket = await dial(client.port());
      socket.write(Buffer.concat([hello, socks5('a.example', 80), Buffer.from('early')]));
      const got = await readBytes(socket, 2 + 10 + 5);
      assert.equal(got.subarray(12).toString(), 'early');
      socket.destroy();
    }));

  test('what a stream ended with becomes the SOCKS reply', () =>
    withClient('SocksPort auto', async (client) => {
      const expected = new Map([
        [2, 4],
        [3, 5],
        [4, 2],
        [7, 6],
        [8, 4],
        [12, 5],
        [13, 1],
      ]);
      for (const [reason, status] of expected) {
        client.network.beforeAttach = () => Promise.reject(new TorError('STREAM_FAILED', 'no', { facts: { reason } }));
        const reply = await ask(client, socks5('a.example', 80));
        assert.deepEqual([...reply], [5, 0, 5, status, 0, 1, 0, 0, 0, 0, 0, 0], `END reason ${reason}`);
      }
    }));

  test('SOCKS 4 and 4a', () =>
    withClient('SocksPort auto', async (client) => {
      const socket = await dial(client.port());
      socket.write(Buffer.concat([Buffer.from([4, 1, 0, 80, 0, 0, 0, 1]), Buffer.from('me\0host.example\0')]));
      assert.deepEqual([...(await readBytes(socket, 8))], [0, 0x5a, 0, 0, 0, 0, 0, 0]);
      assert.equal(client.network.requests[0]?.host, 'host.example');
      socket.destroy();
      client.network.beforeAttach = () => Promise.reject(new TorError('STREAM_FAILED', 'no', { facts: { reason: 3 } }));
      const other = await dial(client.port());
      other.write(Buffer.from([4, 1, 0, 80, 9, 9, 9, 9, 0]));
      assert.deepEqual([...(await readAll(other))], [0, 0x5b, 0, 0, 0, 0, 0, 0]);
      // A SOCKS 4 application cannot be given an IPv6 address.
      assert.equal(client.network.requests[1]?.flags, 0);
    }));

  test('RESOLVE and RESOLVE_PTR', () =>
    withClient('SocksPort auto', async (client) => {
      client.network.answers = [
        { kind: 'ipv6', address: Buffer.from('20010db8000000000000000000000001', 'hex'), ttlSec: 60 },
        { kind: 'ipv4', address: Uint8Array.of(93, 184, 216, 34), ttlSec: 60 },
      ];
      assert.deepEqual(
        [...(await ask(client, socks5('example.com', 0, 0xf0)))],
        [5, 0, 5, 0, 0, 1, 93, 184, 216, 34, 0, 0],
      );
      client.network.answers = [{ kind: 'hostname', hostname: 'name.example', ttlSec: 60 }];
      const ptr = Buffer.from([5, 0xf1, 0, 1, 93, 184, 216, 34, 0, 0]);
      const reply = await ask(client, ptr);
      assert.equal(reply.subarray(7, 7 + 12).toString(), 'name.example');
      assert.deepEqual([...reply.subarray(2, 7)], [5, 0, 0, 3, 12]);
      assert.equal(client.network.lookups[1]?.name, '93.184.216.34');
      assert.equal(client.network.lookups[1]?.reverse, true);
      client.network.answers = [{ kind: 'error', transient: false, ttlSec: 60 }];
      assert.deepEqual([...(await ask(client, socks5('no.example', 0, 0xf0)))], [5, 0, 5, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
      client.network.answers = [{ kind: 'ipv4', address: Uint8Array.of(10, 0, 0, 1), ttlSec: 60 }];
      assert.equal((await ask(client, socks5('inside.example', 0, 0xf0)))[3], 4);
      // An address needs no look-up.
      const before = client.network.lookups.length;
      assert.deepEqual([...(await ask(client, socks5('9.8.7.6', 0, 0xf0)))].slice(6), [9, 8, 7, 6, 0, 0]);
      assert.equal(client.network.lookups.length, before);
    }));

  test('what may not leave does not leave', () =>
    withClient('SocksPort auto\nRejectPlaintextPorts 23', async (client) => {
      const replies = new Map([
        ['host.exit', 1],
        ['127.0.0.1', 1],
        ['10.1.2.3', 1],
        ['localhost', 1],
        ['printer.local', 1],
        ['127.192.1.2', 1],
        ['something.virtual', 1],
      ]);
      for (const [host, status] of replies) {
        assert.equal((await ask(client, socks5(host, 80)))[3], status, host);
      }
      assert.equal((await ask(client, socks5('a.example', 0)))[3], 1);
      assert.equal((await ask(client, socks5('a.example', 23)))[3], 2);
      assert.equal(client.network.requests.length, 0);
    }));

  test('flags of the port limit where streams go', async () => {
    const status = async (flags: string, host: string): Promise<number | undefined> => {
      let got: number | undefined;
      await withClient(`SocksPort auto ${flags}`, async (client) => {
        const socket = await dial(client.port());
        socket.write(Buffer.concat([hello, socks5(host, 80)]));
        got = (await readBytes(socket, 12))[3];
        socket.destroy();
      });
      return got;
    };
    assert.equal(await status('OnionTrafficOnly', 'a.example'), 2);
    assert.equal(await status('NoDNSRequest', 'a.example'), 2);
    assert.equal(await status('NoDNSRequest', '9.9.9.9'), 0);
    assert.equal(await status('NoIPv4Traffic', '9.9.9.9'), 2);
    assert.equal(await status('NoIPv6Traffic', '2001:db8::1'), 2);
    assert.equal(await status('NoOnionTraffic', `${onionAddress}.onion`), 2);
  });

  test('BEGIN flags follow the port and the address', () =>
    withClient('SocksPort auto PreferIPv6', async (client) => {
      for (const [host, flags] of [
        ['a.example', 1 | 4],
        ['9.9.9.9', 0],
        ['2001:db8::1', 1 | 2],
      ] as const) {
        const socket = await dial(client.port());
        socket.write(Buffer.concat([hello, socks5(host, 443)]));
        await readBytes(socket, 12);
        assert.equal(client.network.requests.at(-1)?.flags, flags, host);
        socket.destroy();
      }
    }));

  test('an application that leaves while it waits aborts the request', () =>
    withClient('SocksPort auto', async (client) => {
      const aborted = new Promise<void>((resolve) => {
        client.network.beforeAttach = (request) =>
          new Promise((_, reject) => {
            request.signal?.addEventListener('abort', () => {
              resolve();
              reject(new TorError('ABORTED'));
            });
            socket.destroy();
          });
      });
      const socket = await dial(client.port());
      socket.write(Buffer.concat([hello, socks5('slow.example', 80)]));
      await aborted;
    }));

  test('unix sockets serve as well, with the rights the flags ask for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tropea-'));
    const path = join(folder, 'with space.sock');
    try {
      await withClient(`SocksPort "unix:\\"${path}\\" GroupWritable"`, async (client) => {
        assert.equal((await stat(path)).mode & 0o777, 0o660);
        const socket = connect({ path });
        await once(socket, 'connect');
        socket.write(Buffer.concat([hello, socks5('a.example', 80)]));
        assert.deepEqual([...(await readBytes(socket, 4))].slice(0, 4), [5, 0, 5, 0]);
        assert.equal(client.network.requests[0]?.isolation?.by.has('client-address'), false);
        socket.destroy();
      });
      await assert.rejects(stat(path));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('SocksPolicy turns others away', () =>
    withClient('SocksPort auto\nSocksPolicy reject 127.0.0.0/8', async (client) => {
      const socket = connect({ port: client.port(), host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.write(hello);
      assert.equal((await readAll(socket)).length, 0);
    }));

  test('SafeSocks refuses bare addresses', () =>
    withClient('SocksPort auto\nSafeSocks 1', async (client) => {
      const dangers: unknown[] = [];
      client.role.events.on('dangerousSocks', (event) => dangers.push(event));
      const bare = Buffer.from([5, 1, 0, 1, 9, 9, 9, 9, 0, 80]);
      assert.equal((await ask(client, bare))[3], 2);
      assert.deepEqual(dangers, [{ protocol: 5, address: '9.9.9.9', port: 80 }]);
      assert.equal(client.network.requests.length, 0);
    }));

  test('credentials, NEWNYM and SessionGroup keep streams apart', () =>
    withClient('SocksPort auto IsolateDestAddr', async (client) => {
      const login = async (user: string): Promise<void> => {
        const socket = await dial(client.port());
        socket.write(Buffer.from([5, 1, 2]));
        await readBytes(socket, 2);
        socket.write(Buffer.concat([Buffer.from([1, user.length]), Buffer.from(user), Buffer.from([1, 120])]));
        await readBytes(socket, 2);
        socket.write(socks5('a.example', 80));
        await readBytes(socket, 10);
        socket.destroy();
      };
      await login('one');
      await login('two');
      client.role.newIdentity();
      await login('one');
      const values = client.network.requests.map((request) => request.isolation?.values);
      assert.notEqual(values[0]?.['socks-auth'], values[1]?.['socks-auth']);
      assert.equal(values[0]?.['socks-auth'], values[2]?.['socks-auth']);
      assert.notEqual(values[0]?.['nym-epoch'], values[2]?.['nym-epoch']);
      assert.deepEqual([...(client.network.requests[0]?.isolation?.by ?? [])].sort(), [
        'client-address',
        'client-protocol',
        'destination-address',
        'nym-epoch',
        'session-group',
        'socks-auth',
      ]);
    }));
});

describe('onion services', () => {
  test('the address goes to the onion side, sub-domains off; nothing goes to an exit', async () => {
    const asked: OnionStreamRequest[] = [];
    const onion = {
      connect: async (request: OnionStreamRequest): Promise<never> => {
        asked.push(request);
        throw new TorError('ONION_DESCRIPTOR_NOT_FOUND');
      },
    };
    await withClient(
      'SocksPort auto',
      async (client) => {
        assert.equal((await ask(client, socks5(`www.${onionAddress.toUpperCase()}.onion`, 80)))[3], 4);
        assert.deepEqual([asked[0]?.address, asked[0]?.port], [onionAddress, 80]);
        assert.equal((await ask(client, socks5(`${onionAddress}.onion`, 0, 0xf0)))[3], 4);
        assert.equal(asked.length, 1);
        assert.equal(client.network.requests.length + client.network.lookups.length, 0);
      },
      onion,
    );
  });

  test('ExtendedErrors tells F0 to F7; other ports get what C tor tells', async () => {
    const table = [
      ['ONION_DESCRIPTOR_NOT_FOUND', 0xf0, 4],
      ['ONION_DESCRIPTOR_INVALID', 0xf1, 4],
      ['ONION_INTRO_FAILED', 0xf2, 4],
      ['ONION_RENDEZVOUS_FAILED', 0xf3, 6],
      ['ONION_AUTH_MISSING', 0xf4, 1],
      ['ONION_AUTH_WRONG', 0xf5, 1],
      ['ONION_ADDRESS_INVALID', 0xf6, 1],
      ['ONION_INTRO_TIMED_OUT', 0xf7, 4],
    ] as const;
    for (const [code, extended, plain] of table) {
      const onion = { connect: () => Promise.reject(new TorError(code)) };
      await withClient(
        'SocksPort auto ExtendedErrors',
        async (client) => assert.equal((await ask(client, socks5(`${onionAddress}.onion`, 80)))[3], extended, code),
        onion,
      );
      await withClient(
        'SocksPort auto',
        async (client) => assert.equal((await ask(client, socks5(`${onionAddress}.onion`, 80)))[3], plain, code),
        onion,
      );
    }
  });

  test('an address that cannot be one is told at once', () =>
    withClient('SocksPort auto ExtendedErrors', async (client) => {
      for (const host of [
        'short.onion',
        '.onion',
        `.${onionAddress}.onion`,
        `${'a'.repeat(57)}.onion`,
        `${'1'.repeat(56)}.onion`,
      ]) {
        const status = (await ask(client, socks5(host, 80)))[3];
        assert.ok(status === 0xf6 || status === 1, `${host}: ${status}`);
      }
      assert.equal((await ask(client, socks5('expyuzz4wqqyqhjn.onion', 80)))[3], 0xf6);
    }));
});

describe('address map', () => {
  test('MapAddress, exits named in it, and wildcards', () =>
    withClient(
      `SocksPort auto\nMapAddress old.example new.example\nMapAddress *.wild.example *.tame.example\nMapAddress pinned.example pinned.example.${'A'.repeat(40)}.exit`,
      async (client) => {
        const reach = async (host: string) => {
          const socket = await dial(client.port());
          socket.write(Buffer.concat([hello, socks5(host, 80)]));
          await readBytes(socket, 12);
          socket.destroy();
          return client.network.requests.at(-1);
        };
        assert.equal((await reach('OLD.example'))?.host, 'new.example');
        assert.equal((await reach('a.b.wild.example'))?.host, 'a.b.tame.example');
        const pinned = await reach('pinned.example');
        assert.deepEqual([pinned?.host, pinned?.exit], ['pinned.example', 'A'.repeat(40)]);
      },
    ));

  test('names are automapped on RESOLVE, and their addresses lead back', async () => {
    const asked: OnionStreamRequest[] = [];
    const onion = {
      connect: async (request: OnionStreamRequest): Promise<never> => {
        asked.push(request);
        throw new TorError('ONION_INTRO_FAILED');
      },
    };
    await withClient(
      'SocksPort auto NoPreferIPv6Automap\nAutomapHostsOnResolve 1',
      async (client) => {
        const reply = await ask(client, socks5(`${onionAddress}.onion`, 0, 0xf0));
        assert.deepEqual([...reply.subarray(2, 6)], [5, 0, 0, 1]);
        const ip = reply.subarray(6, 10);
        assert.equal(ip[0], 127);
        assert.ok((ip[1] as number) >= 192);
        const again = await ask(client, socks5(`${onionAddress}.onion`, 0, 0xf0));
        assert.deepEqual(again, reply);
        await ask(client, Buffer.concat([Buffer.from([5, 1, 0, 1]), ip, Buffer.from([0, 80])]));
        assert.deepEqual([asked[0]?.address, asked[0]?.port], [onionAddress, 80]);
      },
      onion,
    );
  });
});

describe('HTTP tunnel port', () => {
  test('CONNECT opens a stream, and says why not', () =>
    withClient('SocksPort 0\nHTTPTunnelPort auto', async (client) => {
      const socket = await dial(client.port('http-tunnel'));
      socket.write('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\nhello');
      const head = 'HTTP/1.0 200 OK\r\nTor-Capabilities: \r\nVia: tor/1.0 tor-network (tropea test)\r\n\r\n';
      assert.equal((await readBytes(socket, head.length + 5)).toString(), `${head}hello`);
      socket.destroy();
      client.network.beforeAttach = () => Promise.reject(new TorError('STREAM_FAILED', 'no', { facts: { reason: 3 } }));
      const other = await dial(client.port('http-tunnel'));
      other.write('CONNECT a.example:443 HTTP/1.0\r\n\r\n');
      const text = (await readAll(other)).toString();
      assert.match(text, /^HTTP\/1\.0 403 Forbidden \(connection refused\)\r\n/);
      assert.match(text, /\r\nTor-Request-Failed: end\/CONNECTREFUSED\r\n/);
    }));

  test('what is not CONNECT is answered to this machine only', () =>
    withClient('SocksPort 0\nHTTPTunnelPort auto', async (client) => {
      const say = async (text: string): Promise<string> => {
        const socket = await dial(client.port('http-tunnel'));
        socket.write(text);
        return (await readAll(socket)).toString();
      };
      assert.match(await say('OPTIONS * HTTP/1.0\r\nHost: localhost:80\r\n\r\n'), /200 OK\r\nAllow: OPTIONS, CONNECT/);
      assert.match(await say('GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n'), /^HTTP\/1\.0 405 /);
      assert.equal(await say('GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n'), '');
      assert.match(await say('CONNECT a.example:1 HTTP/1.0\r\nTor-RPC-Target: x\r\n\r\n'), /^HTTP\/1\.0 501 /);
      assert.match(await say('CONNECT a.example:99999 HTTP/1.0\r\n\r\n'), /^HTTP\/1\.0 400 /);
    }));
});

describe('configuration', () => {
  test('a reload opens, keeps and closes ports; connections go on', () =>
    withClient('SocksPort auto', async (client) => {
      const { configOf } = await import('./fakes.ts');
      const first = client.port();
      const socket = await dial(first);
      socket.write(Buffer.concat([hello, socks5('a.example', 80)]));
      await readBytes(socket, 12);
      await client.role.configure(configOf('SocksPort auto\nDNSPort auto'));
      assert.equal(client.port(), first);
      assert.ok(client.port('dns') > 0);
      await client.role.configure(configOf('SocksPort 0\nDNSPort auto'));
      await assert.rejects(dial(first));
      socket.write('still here');
      assert.equal((await readBytes(socket, 10)).toString(), 'still here');
      socket.destroy();
    }));

  test('a port that is taken is told, and nothing stays open', async () => {
    await withClient('SocksPort auto', async (client) => {
      const second = startClient(`DNSPort auto\nSocksPort 127.0.0.1:${client.port()}`);
      await assert.rejects(second, (error) => TorError.is(error) && error.code === 'LISTEN_FAILED');
    });
  });
});
