import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { checkHost, checkPort, checkTimeout } from '../../../../src/app/library/checks.ts';
import { configOf } from '../../../../src/app/library/options.ts';
import { publish } from '../../../../src/app/library/publish.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import type { OnionServiceOptions, ServiceTarget } from '../../../../src/roles/onion/index.ts';
import { listeningPorts } from '../../../../src/wire/torrc/index.ts';

const coded = (code: string) => (error: unknown) => TorError.is(error) && error.code === code;
const warn = (): void => undefined;
const network = { torrc: ['TestingTorNetwork 1', `DirAuthority a orport=9 127.0.0.1:9 ${'B'.repeat(40)}`] };

test('hosts: names of all scripts, addresses with and without brackets, and nothing that cannot be one', () => {
  assert.equal(checkHost('bücher.example'), 'xn--bcher-kva.example');
  assert.equal(checkHost('[2001:db8::1]'), '2001:db8::1');
  assert.equal(checkHost('Example.com'), 'Example.com');
  assert.equal(checkHost('bob.petname.onion'), 'bob.petname.onion');
  for (const bad of ['', 'a'.repeat(256), undefined, 5, null]) {
    assert.throws(() => checkHost(bad), coded('OPTION_INVALID'));
  }
  for (const bad of ['short.onion', `www.${'a'.repeat(56)}.onion`, 'expyuzz4wqqyqhjn.onion.']) {
    assert.throws(() => checkHost(bad), coded('ONION_ADDRESS_INVALID'));
  }
});

test('ports and times', () => {
  assert.deepEqual([checkPort('port', 1), checkPort('port', 65535), checkPort('port', '80')], [1, 65535, 80]);
  for (const bad of [0, 65536, -1, 1.5, Number.NaN, '', 'http', undefined]) {
    assert.throws(() => checkPort('port', bad), coded('OPTION_INVALID'));
  }
  assert.equal(checkTimeout(Number.POSITIVE_INFINITY), 2 ** 31 - 1);
  for (const bad of [0, -1, Number.NaN]) assert.throws(() => checkTimeout(bad), coded('OPTION_INVALID'));
});

test('what is no network does not lead into the public one, and a port of the torrc is one', () => {
  for (const bad of [{}, null, Promise.resolve(network), { torrc: [] }, { torrc: 'text' }]) {
    const options = { network: bad } as unknown as Parameters<typeof configOf>[0];
    assert.throws(() => configOf(options, warn), coded('OPTION_INVALID'));
  }
  for (const dataDirectory of ['', 5, new URL('file:///tmp')]) {
    const options = { dataDirectory } as Parameters<typeof configOf>[0];
    assert.throws(() => configOf(options, warn), coded('OPTION_INVALID'));
  }
  const socksPorts = (options: Parameters<typeof configOf>[0]): number =>
    listeningPorts(configOf({ network, ...options }, warn).ports, 'socks').length;
  assert.equal(socksPorts({}), 0);
  assert.equal(socksPorts({ socksPort: 'auto' }), 1);
  assert.equal(socksPorts({ torrc: 'SocksPort auto\nSocksPort 9150' }), 2);
  assert.equal(socksPorts({ torrc: { SocksPort: 'auto' } }), 1);
  for (const torrc of ['ControlPort auto', { MetricsPort: 9035 }]) {
    assert.throws(() => configOf({ network, torrc }, warn), coded('OPTION_INVALID'));
  }
});

test('publish() refuses what would be a service that nobody reaches', async () => {
  const services = {
    add: () => assert.fail('a service was made'),
  } as unknown as Parameters<typeof publish>[0]['services'];
  const handler = (): void => undefined;
  const bad: unknown[] = [
    undefined,
    {},
    { to: null },
    { to: {} },
    { to: 0 },
    { to: 70_000 },
    { to: '8080' },
    { to: '127.0.0.1:8080' },
    { to: '' },
    { to: handler, port: 0 },
    { to: handler, port: 65_536 },
    { to: handler, introPoints: 0 },
    { to: handler, introPoints: 21 },
    { to: handler, maxStreams: -1 },
    { to: handler, key: '' },
    { to: handler, key: {} },
    { to: handler, key: { seed: 'zz' } },
    { to: handler, authorizedClients: 'descriptor:x25519:AAAA' },
  ];
  for (const options of bad) {
    const asked = publish({ services, random: nodeRuntime.random }, options as Parameters<typeof publish>[1]);
    await assert.rejects(asked, coded('OPTION_INVALID'), JSON.stringify(options));
  }
});

test('a connection that breaks does not end the program of a service that does not listen for it', async () => {
  let target: ServiceTarget | undefined;
  const services = {
    add: ({ ports }: OnionServiceOptions) => {
      target = ports[0]?.target;
      throw new TorError('ABORTED');
    },
  } as unknown as Parameters<typeof publish>[0]['services'];
  const deps = { services, random: nodeRuntime.random };
  const server = createServer();
  let given = 0;
  server.on('connection', () => given++);
  for (const to of [() => given++, server]) {
    await assert.rejects(publish(deps, { to }), coded('ABORTED'));
    assert.ok(target?.kind === 'handler');
    const connection = new PassThrough();
    target.handle(connection as unknown as Parameters<typeof target.handle>[0], { port: 80, circuitId: 1 });
    connection.destroy(new TorError('STREAM_ENDED'));
    await new Promise((resolve) => connection.once('close', resolve));
  }
  assert.equal(given, 2);
});
