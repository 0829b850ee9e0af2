import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type ControlClient, type Lab, type LabNode } from '../../src/app/lab/index.ts';
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
  let control: ControlClient;

  before(async () => {
    net = await TorNetwork.start({
      relays: 4,
      exits: 2,
      timing: { votingIntervalS: 300 },
    });
    web = `http://web.test:${net.httpPort}`;
    client = await tropeaClient(net);
    control = await client.control();
  });
  after(async () => {
    control.close();
    await net.stop();
  });

  /** Nicknames along the circuit that carries the only stream to the echo server. */
  const pathOfTrickle = async (): Promise<string[]> => {
    const streams = await control.getInfo('stream-status');
    const circuit = new RegExp(`^\\d+ SUCCEEDED (\\d+) \\S+:${net.echoPort}$`, 'm').exec(streams)?.[1];
    assert.ok(circuit !== undefined, streams);
    const circuits = await control.getInfo('circuit-status');
    const path = new RegExp(`^${circuit} BUILT (\\S+)`, 'm').exec(circuits)?.[1];
    assert.ok(path !== undefined, circuits);
    return path.split(',').map((hop) => hop.split('~')[1] ?? '');
  };
  const fetches = async (user: string, base = web): Promise<void> => {
    const options = { socksPort: client.socksPort, user: `${user}:x`, timeoutMs: 120_000 };
    assert.equal(await download(base, 20_000, options), bodySha256(20_000));
  };
  const openTrickle = async (user: string) =>
    trickle(await socksConnect({ socksPort: client.socksPort, host: '127.0.0.1', port: net.echoPort, user }));

  for (const [position, what] of ['guard', 'middle relay'].entries()) {
    it(`goes on when the ${what} dies: the stream over it ends, the next one is served`, async () => {
      const stream = await openTrickle(what.slice(0, 5));
      const path = await pathOfTrickle();
      assert.equal(path.length, 3);
      const node = net.node(path[position] ?? '');
      await node.kill();
      assert.ok(await stream.endsWithin(20_000), `the stream over ${path.join(', ')} ends with ${node.name}`);
      await fetches(`after-${position}`);
      node.start();
      await node.bootstrapped();
    });
  }

  it('goes on when an introduction point dies', async () => {
    // A service of ours: that of C tor launches 28 introduction circuits in five minutes and no more, which are soon used
    // up when its own relays die in so small a network. Its circuits begin at a relay that goes on living.
    const torrc = ['EntryNodes authority0,authority1'];
    const node = await net.addOnionService({ name: 'service', implementation: 'tropea', torrc });
    const base = `http://${net.onion('service').hostname}`;
    await fetches('before-introduction', base);
    const service = await node.control();
    const circuits = await service.getInfo('circuit-status');
    service.close();
    const lines = circuits.split('\n').filter((line) => /^\d+ BUILT /.test(line));
    const hops = (line: string): string[] =>
      [...(line.split(' ')[2]?.matchAll(/~(\w+)/g) ?? [])].map(([, name = '']) => name);
    const points = lines
      .filter((line) => line.includes('PURPOSE=HS_SERVICE_INTRO'))
      .map((line) => hops(line).at(-1) ?? '');
    // Not one that its other circuits go through: the service would lose them all, whatever its clients do.
    const between = lines.flatMap((line) => hops(line).slice(0, -1));
    const uses = (name: string): number => between.filter((other) => other === name).length;
    const [victim] = points.filter((name) => !name.startsWith('authority')).sort((a, b) => uses(a) - uses(b));
    assert.ok(victim !== undefined, circuits);
    await net.node(victim).kill();
    // Each user has circuits of its own, and its own choice among the introduction points.
    for (let user = 0; user < 4; user++) await fetches(`introduction${user}`, base);
  });
});
