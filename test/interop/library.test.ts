import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import { createServer as createHttpsServer, get as getHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { Lab } from '../../src/app/lab/index.ts';
import { generateTlsKey, makeX509, x509Pem } from '../../src/crypto/primitives/index.ts';
import { newClientKey, type StreamView, type Tor, TorError } from '../../src/index.ts';
import { curl } from './support/clients.ts';
import { torOf } from './support/library.ts';
import { sharedNetwork } from './support/shared-network.ts';

const dayMs = 86_400_000;

async function errorOf(work: Promise<unknown>): Promise<{ readonly code: unknown; readonly fix: unknown }> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  const cause = error instanceof TypeError && error.cause !== undefined ? error.cause : error;
  return { fix: undefined, ...(cause as { code: unknown }), ...(TorError.is(cause) ? { fix: cause.fix } : {}) };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the library', () => {
  let net: Lab;
  let tor: Tor;
  let port: number;
  let url: string;
  const folder = mkdtempSync(join(tmpdir(), 'tropea-library-'));
  let connections = 0;
  const server = createServer(async (request, response) => {
    if (request.url === '/redirect') {
      response.writeHead(302, { location: '/' }).end();
      return;
    }
    const body = await buffer(request);
    response.writeHead(200, { 'x-body': body.length, 'x-host': request.headers.host });
    for (let block = 0; block < 3; block++) response.write(`block ${block}\n`);
    response.end();
  });
  server.on('connection', () => connections++);

  before(async () => {
    net = await sharedNetwork();
    port = await listening(server);
    url = `http://our.test:${port}/`;
    tor = await torOf(net, folder, { socksPort: 'auto' });
  });
  after(async () => {
    await tor.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
    await net.stop();
  });

  test('connects, and shows the path', async () => {
    const socket = await tor.connect('echo.test', net.echoPort);
    assert.deepEqual([socket.connecting, socket.remoteAddress, socket.remotePort], [false, '127.0.0.1', net.echoPort]);
    assert.equal(socket.path.length, 3);
    const [stream, ...others] = tor.streams();
    assert.equal(others.length, 0);
    assert.deepEqual(
      stream?.path.map((hop) => hop.split('~')[0]),
      socket.path,
    );
    assert.equal(stream?.target, `echo.test:${net.echoPort}`);
    assert.ok(tor.circuits().some(({ id, status }) => id === stream?.circuitId && status === 'built'));
    socket.write('hello');
    assert.equal(String((await once(socket, 'data'))[0]), 'hello');
    socket.destroy();
  });

  test('looks names and addresses up at an exit', async () => {
    const { address, family } = await tor.lookup('our.test');
    assert.deepEqual([address, family], ['127.0.0.1', 4]);
    // No exit tells names of addresses that are not of the internet.
    assert.equal((await errorOf(tor.reverse('127.0.0.1'))).code, 'LOOKUP_FAILED');
    assert.equal((await errorOf(tor.lookup('gone.nowhere.test'))).code, 'LOOKUP_FAILED');
  });

  test('fetches: streaming bodies both ways, redirects, few connections for many requests', async () => {
    const context = tor.isolated();
    connections = 0;
    async function* upload(): AsyncGenerator<Uint8Array> {
      for (let block = 0; block < 4; block++) yield new Uint8Array(10_000);
    }
    const body = ReadableStream.from(upload());
    const posted = await context.fetch(new Request(url, { method: 'POST', body, duplex: 'half' }));
    assert.equal(posted.headers.get('x-body'), '40000');
    assert.equal(await posted.text(), 'block 0\nblock 1\nblock 2\n');
    for (let times = 0; times < 6; times++) await (await context.fetch(url)).arrayBuffer();
    // The second is opened when a request comes just before the first is free again.
    assert.ok(connections <= 2, `${connections} connections`);
    const redirected = await context.fetch(`${url}redirect`);
    assert.deepEqual([redirected.redirected, redirected.url, redirected.status], [true, url, 200]);
    await redirected.arrayBuffer();
    await context.close();
  });

  test('carries other clients: http.Agent, undici', async () => {
    const agent = tor.agent({ keepAlive: false });
    const [response] = await once(get(url, { agent }), 'response');
    assert.match(await text(response), /^block 0/);
    const { body, statusCode } = await tor.dispatcher().request({ origin: url, path: '/', method: 'GET' });
    assert.equal(statusCode, 200);
    assert.match(await body.text(), /^block 0/);
  });

  test('verifies certificates', async () => {
    const key = await generateTlsKey();
    const nowMs = Date.now();
    const times = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + dayMs };
    const names = { subject: 'our.test', issuer: 'our.test', serial: Uint8Array.of(1) };
    const cert = x509Pem(makeX509({ ...names, ...times, keyPem: key }, key));
    const https = createHttpsServer({ key, cert }, (_, response) => response.end('secret'));
    const secure = `https://our.test:${await listening(https)}/`;
    assert.equal((await errorOf(tor.fetch(secure))).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    const refused = getHttps(secure, { agent: tor.httpsAgent() });
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    // The certificate names its host in the old way only, which no client looks at any more.
    const agent = tor.httpsAgent({ ca: cert, checkServerIdentity: () => undefined });
    const [response] = await once(getHttps(secure, { agent }), 'response');
    assert.equal(await text(response), 'secret');
    agent.destroy();
    https.closeAllConnections();
    https.close();
  });

  test('contexts never share a circuit, connections of one do; a new identity shares none with the old', async () => {
    const circuitsOf = async (context: Pick<Tor, 'connect'>, source: string): Promise<readonly number[]> => {
      const sockets = [await context.connect('echo.test', net.echoPort), await context.connect('a.test', net.echoPort)];
      const seen = tor.streams().filter((stream: StreamView) => stream.source === source);
      for (const socket of sockets) socket.destroy();
      return [...new Set(seen.map(({ circuitId }) => circuitId))];
    };
    const [first, second] = [tor.isolated('same'), tor.isolated('same')];
    const used = [
      await circuitsOf(tor, 'library:main'),
      await circuitsOf(first, `library:${first.label}`),
      await circuitsOf(second, `library:${second.label}`),
    ];
    await tor.newIdentity();
    used.push(await circuitsOf(tor, 'library:main'));
    assert.deepEqual(
      used.map((circuits) => circuits.length),
      [1, 1, 1, 1],
    );
    assert.equal(new Set(used.flat()).size, 4);
  });

  test('publishes: the same address from a folder, a port, a handler; and takes it down', async () => {
    const key = join(folder, 'service');
    const first = await tor.publish({ to: port, key });
    assert.equal((await tor.fetch(first.url)).headers.get('x-host'), first.hostname);
    await first.close();
    const gone = await errorOf(tor.isolated().connect(first.hostname, 80, { timeoutMs: 1000 }));
    assert.match(String(gone.code), /^(TIMEOUT|ONION_\w+)$/);
    const again = await tor.publish({ key, port: 7, to: (connection) => connection.pipe(connection) });
    assert.equal(again.hostname, first.hostname);
    const other = await tor.publish({ to: port }).finally(() => undefined);
    assert.notEqual(other.hostname, first.hostname);
    assert.equal((await errorOf(tor.publish({ to: port, key }))).code, 'ONION_SERVICE_EXISTS');
    await Promise.all([again.close(), other.close()]);
  });

  test('lets only clients in that it knows', async () => {
    const alice = newClientKey();
    const service = await tor.publish({ to: server, authorizedClients: [alice.authorizedClient] });
    assert.equal((await errorOf(tor.fetch(service.url))).code, 'ONION_AUTH_MISSING');
    tor.authorize(newClientKey().credentialFor(service.hostname));
    assert.equal((await errorOf(tor.fetch(service.url))).code, 'ONION_AUTH_WRONG');
    tor.authorize(alice.credentialFor(service.hostname));
    assert.equal((await tor.fetch(service.url)).status, 200);
    assert.equal(tor.deauthorize(service.hostname), true);
    assert.equal(tor.deauthorize(service.hostname), false);
    assert.throws(() => tor.authorize('nonsense'), { code: 'ONION_AUTH_FILE_INVALID' });
    await service.close();
  });

  test('knows petnames, in its own requests and behind its SOCKS port; unknown ones go nowhere', async () => {
    const service = await tor.publish({ to: server });
    await tor.names.add('Bob', service.hostname);
    assert.deepEqual(
      (await tor.names.list()).map(({ name, address }) => [name, `${address}.onion`]),
      [['bob', service.hostname]],
    );
    const host = tor.names.hostname('bob');
    assert.equal((await tor.fetch(`http://${host}/`)).headers.get('x-host'), 'bob.petname.onion');
    const [socks] = tor.listeners;
    const page = await curl(`http://${host}/`, { socksPort: Number(socks?.address.split(':')[1]) });
    assert.match(String(page.stdout), /^block 0/);
    const typo = await errorOf(tor.fetch('http://bod.petname.onion/'));
    assert.equal(typo.code, 'REQUEST_REFUSED');
    await assert.rejects(tor.names.add('b0b', '5vesrrri2hbmn2xjam4jawmvmeuvsjz2lrr7snrwyfdbjlehg7iuvmyd.onion'), {
      code: 'NAME_LOOKS_ALIKE',
    });
    await service.close();
  });

  test('tells of each step', async () => {
    const heard: string[] = [];
    const service = await tor.publish({ to: server });
    const offs = [
      tor.on('onion', ({ step }) => heard.push(step)),
      tor.on('stream', ({ status }) => heard.push(status)),
      service.on('stream', () => heard.push('served')),
    ];
    await (await tor.isolated().fetch(service.url)).text();
    for (const off of offs) off();
    const count = heard.length;
    for (const step of ['descriptorReceived', 'rendezvousEstablished', 'introduced', 'joined', 'succeeded', 'served']) {
      assert.ok(heard.includes(step), `${step} is not in ${heard.join()}`);
    }
    await (await tor.fetch(service.url)).text();
    assert.equal(heard.length, count);
    await service.close();
  });

  test('tells what is wrong, and what to do', async () => {
    const closed = await errorOf(tor.connect('our.test', 1, { timeoutMs: 30_000 }));
    assert.equal(closed.code, 'STREAM_FAILED');
    assert.equal(typeof closed.fix, 'string');
    const codes = [tor.connect('x.onion', 80), tor.fetch(`http://${'a'.repeat(56)}.onion/`)].map(errorOf);
    assert.deepEqual(
      (await Promise.all(codes)).map(({ code }) => code),
      ['ONION_ADDRESS_INVALID', 'ONION_ADDRESS_INVALID'],
    );
    assert.equal((await errorOf(torOf(net, folder))).code, 'DATA_DIRECTORY_LOCKED');
    assert.equal(
      (await errorOf(torOf(net, join(folder, 'x'), { torrc: 'NoSuchOption 1' }))).code,
      'TORRC_UNKNOWN_OPTION',
    );
    await tor.fetch(url);
  });
});
