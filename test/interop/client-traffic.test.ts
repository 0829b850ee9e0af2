import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type Lab, type LabNode } from '../../src/app/lab/index.ts';
import { curl, download, runCommand, torsocks, upload } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { thorough, tropeaClient } from './support/tropea.ts';

const large = thorough ? 50_000_000 : 12_000_000;
const streams = 20;
const each = thorough ? 50_000_000 / streams : 400_000;
const timeoutMs = 180_000;

describe('a Tropea client carries traffic', () => {
  let net: Lab;
  let client: LabNode;
  let socksPort: number;
  let torsocksPort: number;

  before(async () => {
    net = await sharedNetwork();
    // torsocks takes no loopback address from a resolver, and no IPv6 one: it is given a virtual one.
    torsocksPort = await net.freePort();
    client = await tropeaClient(net, {
      torrc: [
        `SocksPort 127.0.0.1:${torsocksPort} NoPreferIPv6Automap`,
        'AutomapHostsOnResolve 1',
        'AutomapHostsSuffixes .auto.test,.onion',
        'VirtualAddrNetworkIPv4 10.192.0.0/10',
      ],
    });
    ({ socksPort } = client);
  });
  after(async () => {
    const warned = client.warnings();
    await net.stop();
    assert.deepEqual(
      warned.filter((line) => !/giving Tor only an IP address/.test(line)),
      [],
    );
  });

  const places: readonly (readonly [string, () => string])[] = [
    ['through an exit', () => `http://web.test:${net.httpPort}`],
    ['from an onion service', () => `http://${net.onion('open').hostname}`],
  ];
  for (const [where, base] of places) {
    describe(where, () => {
      it('to curl', async () => {
        const { stdout, stderr } = await curl(`${base()}/`, { socksPort });
        assert.equal(stdout.toString(), 'hello through tor\n', stderr);
      });

      it('to curl under torsocks', async () => {
        const url = `${base().replace('web.test', 'web.auto.test')}/`;
        const { stdout, stderr } = await torsocks(['curl', '--silent', '--show-error', url], {
          socksPort: torsocksPort,
        });
        assert.equal(stdout.toString(), 'hello through tor\n', stderr);
      });

      it(`${large} bytes down one stream`, async () => {
        assert.equal(await download(base(), large, { socksPort, timeoutMs }), bodySha256(large));
      });

      it(`${large} bytes up one stream`, async () => {
        assert.equal(await upload(base(), large, { socksPort, timeoutMs }), bodySha256(large));
      });

      it(`${each} bytes down each of ${streams} streams at once`, async () => {
        const all = Array.from({ length: streams }, () => download(base(), each, { socksPort, timeoutMs }));
        assert.deepEqual([...new Set(await Promise.all(all))], [bodySha256(each)]);
      });

      it(`${each} bytes up each of ${streams} streams at once`, async () => {
        const all = Array.from({ length: streams }, () => upload(base(), each, { socksPort, timeoutMs }));
        assert.deepEqual([...new Set(await Promise.all(all))], [bodySha256(each)]);
      });
    });
  }

  it('resolves names at the exit', async () => {
    const resolve = (name: string) => runCommand(['tor-resolve', '-5', name, `127.0.0.1:${socksPort}`]);
    assert.equal((await resolve('web.test')).stdout.toString(), '127.0.0.1\n');
    assert.equal((await resolve('six.web.test')).stdout.toString(), '::1\n');
    assert.notEqual((await resolve('none.nowhere.test')).code, 0);
  });
});
