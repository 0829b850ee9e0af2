import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type Lab, type LabNode } from '../../src/app/lab/index.ts';
import { Capture, type CapturedFlow, payloadLengths } from './support/capture.ts';
import { curl, download, upload } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { scratch, torClient, tropeaClient } from './support/tropea.ts';

const cellLength = 514;
const from = '127.0.0.77';

const contacted = (flows: readonly CapturedFlow[]): string[] => [
  ...new Set(flows.map(({ destination, port }) => `${destination}:${port}`)),
];

/** Where the first guard of a node listens. */
async function guardOf(net: Lab, node: LabNode): Promise<string> {
  const state = await readFile(join(node.dataDirectory, 'state'), 'latin1');
  const nicknames = [...state.matchAll(/^Guard .*nickname=(\S+) .*confirmed_idx=0\b/gm)].map(([, name]) => name);
  assert.equal(nicknames.length, 1, state);
  const relays = [...net.descriptions('relay'), ...net.descriptions('exit'), ...net.descriptions('authority')];
  const guard = relays.find(({ name }) => name === nicknames[0]);
  return `${guard?.address}:${guard?.orPort}`;
}

describe('what a Tropea client sends', () => {
  let net: Lab;
  let client: LabNode;
  let flows: readonly CapturedFlow[];

  before(async () => {
    net = await sharedNetwork();
    // Its own address tells its packets from everybody else's; one guard for directories as for circuits, and none that
    // could be the exit of a circuit.
    const entries = ['relay', 'authority'] as const;
    const names = entries.flatMap((kind) => net.descriptions(kind).map(({ name }) => name));
    client = await tropeaClient(net, {
      torrc: [`OutboundBindAddress ${from}`, 'NumDirectoryGuards 1', `EntryNodes ${names.join(',')}`],
    });
    const { socksPort } = client;
    // The first start asks authorities for the directory, as C tor's does; from now on the guard is all it needs.
    await client.stop();
    const capture = await Capture.start(join(await scratch(net, 'capture'), 'packets.pcap'), { from });
    try {
      client.start();
      await client.bootstrapped();
      const base = `http://web.test:${net.httpPort}`;
      assert.equal(await download(base, 3_000_000, { socksPort }), bodySha256(3_000_000));
      assert.equal(await upload(base, 3_000_000, { socksPort }), bodySha256(3_000_000));
      const { stdout } = await curl(`http://${net.onion('open').hostname}/`, { socksPort });
      assert.equal(stdout.toString(), 'hello through tor\n');
    } finally {
      flows = await capture.stop();
      await client.stop();
    }
  });
  after(() => net.stop());

  it('goes to the address of its guard only', async () => {
    assert.deepEqual(contacted(flows), [await guardOf(net, client)]);
  });

  it('is whole cells in every TLS payload after VERSIONS', () => {
    assert.ok(flows.length > 0, 'something was captured');
    let cells = 0;
    for (const { bytes } of flows) {
      const [versions = 0, ...lengths] = payloadLengths(bytes);
      // Circuit id of 2 bytes, command, length of 2 bytes, then 2 bytes for each version.
      assert.ok(versions >= 7 && versions <= 15 && versions % 2 === 1, `VERSIONS has ${versions} bytes`);
      // close_notify, an alert of 2 bytes, ends the connection.
      if (lengths.at(-1) === 2) lengths.pop();
      assert.deepEqual(
        lengths.filter((length) => length === 0 || length % cellLength !== 0),
        [],
      );
      cells += lengths.reduce((sum, length) => sum + length / cellLength, 0);
    }
    // Three megabytes went up.
    assert.ok(cells > 6000, `${cells} cells`);
  });

  it('fills its records when there is much to send', () => {
    const lengths = flows.flatMap(({ bytes }) => payloadLengths(bytes).slice(1));
    const largest = Math.max(...lengths);
    assert.ok(largest > 10 * cellLength, `the largest record has ${largest} bytes`);
    assert.ok(largest <= 16_384, `the largest record has ${largest} bytes`);
  });
});

describe('what an onion service of Tropea sends', () => {
  let net: Lab;
  const serviceFrom = '127.0.0.78';

  before(async () => {
    net = await sharedNetwork();
  });
  after(() => net.stop());

  it('goes to the address of its guard only: no rendezvous point learns its own', async () => {
    const service = await net.addOnionService({
      name: 'watched',
      implementation: 'tropea',
      torrc: [`OutboundBindAddress ${serviceFrom}`, 'NumDirectoryGuards 1'],
    });
    await service.stop();
    const file = join(await scratch(net, 'capture'), 'packets.pcap');
    const capture = await Capture.start(file, { from: serviceFrom });
    let flows: readonly CapturedFlow[] = [];
    try {
      service.start();
      await service.bootstrapped();
      const { socksPort } = await torClient(net);
      // Each user is met at a rendezvous point of its own.
      for (const user of ['a:x', 'b:x', 'c:x', 'd:x']) {
        const { stdout, stderr } = await curl(`http://${net.onion('watched').hostname}/`, {
          socksPort,
          user,
          timeoutMs: 90_000,
        });
        assert.equal(stdout.toString(), 'hello through tor\n', stderr);
      }
    } finally {
      flows = await capture.stop();
      await service.stop();
    }
    assert.deepEqual(contacted(flows), [await guardOf(net, service)]);
  });
});
