import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type Lab, type LabNode } from '../../src/app/lab/index.ts';
import { download } from './support/clients.ts';
import { TorNetwork } from './support/network.ts';
import { socksConnect } from './support/socks-client.ts';
import { trickle } from './support/trickle.ts';
import { tropeaClient } from './support/tropea.ts';

/** Relays die under a session, in a network of their own whose consensus goes on listing them. */
describe('a Tropea client whose relays die', () => {
  let net: Lab;
  let client: LabNode;
  let web: string;

  before(async () => {
    net = await TorNetwork.start({
      relays: 4,
      exits: 2,
      onionServices: [{ name: 'service' }],
      timing: { votingIntervalS: 300 },
    });
    web = `http://web.test:${net.httpPort}`;
    client = await tropeaClient(net);
  });
  after(() => net.stop());

  const guards = async (): Promise<string[]> => {
    const state = await readFile(join(client.dataDirectory, 'state'), 'latin1');
    const confirmed = [...state.matchAll(/^Guard .*nickname=(\S+) .*confirmed_idx=(\d+)/gm)];
    return confirmed.sort((a, b) => Number(a[2]) - Number(b[2])).map(([, name = '']) => name);
  };
  const fetches = async (user: string, base = web): Promise<void> => {
    const options = { socksPort: client.socksPort, user: `${user}:x`, timeoutMs: 120_000 };
    assert.equal(await download(base, 20_000, options), bodySha256(20_000));
  };
  const openTrickle = async (user: string) =>
    trickle(await socksConnect({ socksPort: client.socksPort, host: '127.0.0.1', port: net.echoPort, user }));

  it('goes on when a middle relay dies: what ran over it ends, the next stream is served', async () => {
    const stream = await openTrickle('middle');
    // Which relay is in the middle is not ours to know: they die one after the other until the stream does.
    const [guard] = await guards();
    const candidates = ['relay0', 'relay1', 'relay2', 'relay3', 'authority0', 'authority1', 'authority2'];
    let killed: LabNode | undefined;
    for (const name of candidates.filter((candidate) => candidate !== guard)) {
      killed = net.node(name);
      await killed.kill();
      if (await stream.endsWithin(3000)) break;
      killed.start();
      await killed.bootstrapped();
      killed = undefined;
    }
    // Exits may be in the middle too; then there is nothing to see here.
    if (killed !== undefined) {
      await fetches('after-middle');
      killed.start();
      await killed.bootstrapped();
    } else stream.close();
    await fetches('after-middle-again');
  });

  it('goes on when the guard dies: the stream ends, the next one goes through another guard', async () => {
    const stream = await openTrickle('guard');
    const [guard = ''] = await guards();
    const node = net.node(guard);
    await node.kill();
    assert.ok(await stream.endsWithin(20_000), 'the stream over the dead guard ends');
    await fetches('after-guard');
    await fetches('after-guard-onion', `http://${net.onion('service').hostname}`);
    node.start();
    await node.bootstrapped();
  });

  it('goes on when an introduction point dies', async () => {
    const base = `http://${net.onion('service').hostname}`;
    await fetches('before-introduction', base);
    const control = await net.node('service').control();
    const circuits = await control.getInfo('circuit-status');
    control.close();
    const points = [...circuits.matchAll(/^\d+ BUILT (\S+) .*PURPOSE=HS_SERVICE_INTRO/gm)].map(
      ([, path = '']) => /~(\w+)$/.exec(path)?.[1] ?? '',
    );
    const [guard] = await guards();
    const victim = points.find((name) => name !== guard && !name.startsWith('authority'));
    assert.ok(victim !== undefined, circuits);
    await net.node(victim).kill();
    // Each user has circuits of its own, and its own choice among the introduction points.
    for (let user = 0; user < 4; user++) await fetches(`introduction${user}`, base);
  });
});
