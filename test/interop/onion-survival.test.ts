import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Lab, type LabNode, waitFor } from '../../src/app/lab/index.ts';
import { type PublishedService, Tor } from '../../src/index.ts';
import { thorough } from './support/tropea.ts';

const networkLines = (net: Lab): string[] => [
  'TestingTorNetwork 1',
  'PathsNeededToBuildCircuits 0.67',
  ...net.dirAuthorities,
];
const meetings = thorough ? 100 : 12;
const flood = thorough ? 200 : 40;

/** A network of C tor, a service and a client of the library in this process; relays are killed under them. */
describe('an onion service whose relays die', () => {
  let net: Lab;
  let host: Tor;
  let visitor: Tor;
  let service: PublishedService;
  const server = createServer((_request, response) => response.end('still here\n'));
  const introPoints = new Set<string>();
  const guards = new Set<string>();
  const paths: (readonly string[])[] = [];
  let unreachableMs = 0;

  before(async () => {
    net = await Lab.start({ authorities: 3, relays: 7, exits: 1, timing: { votingIntervalS: 10 } });
    const network = { torrc: networkLines(net) };
    [host, visitor] = await Promise.all([
      Tor.start({ network, dataDirectory: join(net.folder, 'host') }),
      Tor.start({ network, dataDirectory: join(net.folder, 'visitor') }),
    ]);
    host.on('circuit', ({ purpose, status, path }) => {
      if (status !== 'built' || !purpose.startsWith('hs-service')) return;
      guards.add(path[0] ?? '');
      if (purpose === 'hs-service-rend') paths.push(path);
    });
    host.parts.services.events.on('added', ({ events }) => {
      events.on('introPointEstablished', ({ relay }) => introPoints.add(relay));
      events.on('introPointLost', ({ relay }) => introPoints.delete(relay));
    });
    service = await host.publish({ port: 80, to: server });
  });
  after(async () => {
    await Promise.all([host.close(), visitor.close()]);
    await net.stop();
  });

  const visit = async (): Promise<string> => {
    const context = visitor.isolated();
    try {
      return await (await context.fetch(service.url, { signal: AbortSignal.timeout(60_000) })).text();
    } finally {
      await context.close();
    }
  };
  /** Until a visit succeeds; what it took is added to the unavailability that is reported. */
  const visitAgain = async (): Promise<void> => {
    const began = performance.now();
    await waitFor('the service to answer again', async () => (await visit().catch(() => '')) === 'still here\n', {
      timeoutMs: 120_000,
      intervalMs: 500,
    });
    unreachableMs = Math.max(unreachableMs, performance.now() - began);
  };
  const relayNamed = async (fingerprint: string): Promise<LabNode | undefined> => {
    for (const node of net.nodes) {
      if (node.kind === 'relay' && node.running && (await node.fingerprint()) === fingerprint) return node;
    }
    return undefined;
  };

  it('keeps its guards however many clients it meets, and stands three relays from the rendezvous point', async () => {
    for (let met = 0; met < meetings; met += 4) {
      const visits = await Promise.all([visit(), visit(), visit(), visit()]);
      assert.deepEqual([...new Set(visits)], ['still here\n']);
    }
    assert.ok(paths.length >= meetings, `${paths.length} rendezvous circuits`);
    assert.ok(guards.size <= 2, `guards: ${[...guards].join(' ')}`);
    for (const path of paths) assert.ok(path.length >= 4, path.join(' '));
  });

  it('lets clients in while introductions come in a flood', async () => {
    const before = process.memoryUsage().heapUsed;
    let answered = 0;
    for (let sent = 0; sent < flood; sent += 20) {
      const some = Array.from({ length: 20 }, () =>
        visit().then(
          () => answered++,
          () => 0,
        ),
      );
      await Promise.all(some);
    }
    assert.equal(await visit(), 'still here\n');
    assert.ok(answered > flood / 2, `${answered} of ${flood} got in`);
    const grownMiB = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    assert.ok(grownMiB < 200, `the heap grew by ${grownMiB.toFixed(0)} MiB`);
  });

  it('is reachable after each of its introduction points was killed', async () => {
    let killed = 0;
    for (const fingerprint of [...introPoints]) {
      const node = await relayNamed(fingerprint);
      // Authorities must live, and some relays must be left to build circuits of.
      if (node === undefined || killed === 2) continue;
      await node.kill();
      killed++;
      await visitAgain();
    }
    if (killed === 0) {
      const node = net.nodes.find((each) => each.kind === 'relay' && each.running);
      await node?.kill();
      await visitAgain();
    }
  });

  it('is reachable after directories of the ring were killed', async () => {
    const node = net.nodes.find((each) => each.kind === 'relay' && each.running);
    assert.ok(node !== undefined);
    await node.kill();
    await visitAgain();
    process.stderr.write(`onion service: unreachable for at most ${(unreachableMs / 1000).toFixed(1)} s\n`);
  });
});
