import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, writeClientAuth } from '../../src/app/lab/index.ts';
import { curl, download, torsocks, upload } from './support/clients.ts';
import type { TorNetwork } from './support/network.ts';
import { sharedNetwork } from './support/shared-network.ts';

/** C tor in every seat: what fails here is the test network, not Tropea. */
describe('the test network with C tor alone', () => {
  let net: TorNetwork;
  let socksPort: number;

  before(async () => {
    net = await sharedNetwork();
    socksPort = net.descriptions('client')[0]?.socksPort ?? 0;
  });
  after(() => net.stop());

  it('fetches through an exit', async () => {
    const { stdout } = await curl(`http://127.0.0.1:${net.httpPort}/`, { socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n');
  });

  it('fetches by a name that the exit resolves', async () => {
    const { stdout } = await curl(`http://web.test:${net.httpPort}/`, { socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n');
  });

  it('carries a megabyte both ways', async () => {
    const base = `http://127.0.0.1:${net.httpPort}`;
    assert.equal(await download(base, 1_000_003, { socksPort }), bodySha256(1_000_003));
    assert.equal(await upload(base, 1_000_003, { socksPort }), bodySha256(1_000_003));
  });

  it('fetches from an onion service, with curl and with torsocks', async () => {
    const base = `http://${net.onion('open').hostname}`;
    assert.equal(await download(base, 100_000, { socksPort }), bodySha256(100_000));
    const { stdout } = await torsocks(['curl', '--silent', `${base}/`], { socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n');
  });

  it('opens a closed onion service with its key only', async () => {
    const { hostname, clients } = net.onion('closed');
    const keys = await mkdtemp(join(net.folder, 'alice-'));
    const client = await net.addClient({ torrc: [`ClientOnionAuthDir ${keys}`] });
    const without = await curl(`http://${hostname}/`, { socksPort: client.socksPort });
    assert.notEqual(without.code, 0);
    const [alice] = clients;
    assert.ok(alice !== undefined);
    await writeClientAuth(keys, hostname, alice);
    client.reload();
    await client.waitForLog(/Received reload signal/);
    const { stdout, stderr } = await curl(`http://${hostname}/`, { socksPort: client.socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n', stderr);
  });
});
