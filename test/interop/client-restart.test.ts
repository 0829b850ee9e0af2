import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type Lab, type LabNode } from '../../src/app/lab/index.ts';
import { download } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';
import { thorough, torClient, tropeaClient } from './support/tropea.ts';

const downloading = /Bootstrapped \d+% \((requesting_status|loading_status|loading_keys|loading_descriptors)\)/;

/** In a network whose consensus stays live for long. */
describe('a Tropea client that starts again', () => {
  let net: Lab;

  before(async () => {
    net = await TorNetwork.start({ relays: 4, exits: 2, timing: { votingIntervalS: 300 } });
  });
  after(() => net.stop());

  const guardsOf = async (node: LabNode): Promise<string[]> => {
    const state = await readFile(join(node.dataDirectory, 'state'), 'latin1');
    return [...state.matchAll(/^Guard .*rsa_id=([0-9A-F]{40})/gm)].map(([, id = '']) => id);
  };
  const confirmedOf = async (node: LabNode): Promise<string | undefined> => {
    const state = await readFile(join(node.dataDirectory, 'state'), 'latin1');
    return /^Guard .*rsa_id=([0-9A-F]{40}).*confirmed_idx=0/m.exec(state)?.[1];
  };
  const works = async ({ socksPort }: LabNode): Promise<void> => {
    assert.equal(await download(`http://web.test:${net.httpPort}`, 50_000, { socksPort }), bodySha256(50_000));
  };
  /** The node's seat and data directory, with another program in it. */
  const takeOver = async (from: LabNode, to: LabNode): Promise<void> => {
    await from.stop();
    await to.stop();
    await cp(from.dataDirectory, to.dataDirectory, { recursive: true, force: true });
    to.start();
    await to.bootstrapped();
  };

  it('keeps its guards and downloads nothing that it has', async () => {
    const client = await tropeaClient(net);
    await works(client);
    assert.ok(client.process.search(downloading).length > 0, 'the first start downloads');
    await client.stop();
    const [guards, confirmed] = [await guardsOf(client), await confirmedOf(client)];
    assert.ok(guards.length > 0);
    assert.ok(confirmed !== undefined);
    client.start();
    await client.bootstrapped();
    assert.deepEqual(client.process.search(downloading), []);
    await works(client);
    await client.stop();
    assert.deepEqual(await guardsOf(client), guards);
    assert.equal(await confirmedOf(client), confirmed);
  });

  it('starts from whatever kill -9 leaves, at any moment', async () => {
    const client = await tropeaClient(net, { bootstrap: false });
    const rounds = thorough ? 60 : 12;
    for (let round = 0; round < rounds; round++) {
      await client.waitForLog(/Read configuration|Tor .* running on|Bootstrapped 0%/);
      // From the first moments of a start to well after its end.
      await new Promise((resolve) => setTimeout(resolve, (round * 2000) / rounds));
      await client.kill();
      client.start();
    }
    await client.bootstrapped();
    await works(client);
    assert.deepEqual(client.warnings(), []);
    await client.stop();
  });

  it('takes over the data directory of a C tor client and gives it back', async () => {
    const theirs = await torClient(net);
    await works(theirs);
    const ours = await tropeaClient(net);
    await takeOver(theirs, ours);
    assert.deepEqual(ours.process.search(downloading), []);
    await works(ours);
    await ours.stop();
    const [guards, confirmed] = [await guardsOf(theirs), await confirmedOf(theirs)];
    assert.deepEqual(await guardsOf(ours), guards);
    assert.equal(await confirmedOf(ours), confirmed);
    await takeOver(ours, theirs);
    assert.deepEqual(theirs.process.search(downloading), []);
    assert.deepEqual(theirs.warnings(), []);
    await works(theirs);
    await theirs.stop();
    assert.deepEqual(await guardsOf(theirs), guards);
    assert.equal(await confirmedOf(theirs), confirmed);
  });
});
