import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, type Lab } from '../../src/app/lab/index.ts';
import type { Tor } from '../../src/index.ts';
import { download } from './support/clients.ts';
import { torOf } from './support/library.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { thorough, torClient } from './support/tropea.ts';

const ofEachKind = 25;
const bytes = 100_000;
/**
 * In a network of nine relays a client of C tor now and then holds to a guard from which it reaches no directory: then
 * another takes its place.
 */
const attempts = 3;

interface Client {
  readonly name: string;
  socksPort: number;
  readonly services: readonly string[];
}

describe('onion services with a crowd of clients', { skip: thorough ? false : 'takes minutes' }, () => {
  let net: Lab;
  const clients: Client[] = [];
  const ours: Tor[] = [];

  /** Each has guards, circuits and a data directory of its own; those of Tropea are in this process. */
  const addTropea = async (number: number): Promise<void> => {
    const tor = await torOf(net, join(net.folder, `crowd${process.pid}x${number}`), { socksPort: 'auto' });
    ours.push(tor);
    const [listener] = tor.listeners;
    const socksPort = Number(listener?.address.split(':').at(-1));
    clients.push({ name: `Tropea ${number}`, socksPort, services: ['crowdtor', 'crowdtropea'] });
  };
  const addTor = async (number: number): Promise<void> => {
    const { socksPort } = await torClient(net);
    clients.push({ name: `C tor ${number}`, socksPort, services: ['crowdtropea'] });
  };

  before(
    async () => {
      net = await sharedNetwork();
      await Promise.all([
        net.addOnionService({ name: 'crowdtor', implementation: 'tor' }),
        net.addOnionService({ name: 'crowdtropea', implementation: 'tropea' }),
      ]);
      // Not all at once: each takes a second of a slow machine to start.
      for (let number = 0; number < ofEachKind; number += 5) {
        const few = [0, 1, 2, 3, 4].flatMap((i) => [addTor(number + i), addTropea(number + i)]);
        await Promise.all(few);
      }
    },
    { timeout: 280_000 },
  );
  after(async () => {
    await Promise.all(ours.map((tor) => tor.close()));
    await net?.stop();
  });

  it(`${2 * ofEachKind} clients, half of them of each program, fetch from both at once`, async () => {
    const failures: string[] = [];
    const visit = async (client: Client, service: string): Promise<string> => {
      for (let left = attempts - 1; ; left--) {
        try {
          const { socksPort } = client;
          return await download(`http://${net.onion(service).hostname}`, bytes, { socksPort, timeoutMs: 60_000 });
        } catch (error) {
          failures.push(`${client.name} at ${service}: ${String(error)}`);
          if (left === 0) throw new Error(failures.join('\n'));
        }
        if (client.name.startsWith('C tor')) client.socksPort = (await torClient(net)).socksPort;
      }
    };
    const sums = await Promise.all(
      clients.flatMap((client) => client.services.map((service) => visit(client, service))),
    );
    process.stderr.write(`${sums.length} downloads, ${failures.length} failed before\n${failures.join('\n')}\n`);
    assert.equal(sums.length, 3 * ofEachKind);
    assert.deepEqual([...new Set(sums)], [bodySha256(bytes)]);
    assert.deepEqual(net.node('crowdtropea').warnings(), []);
  });
});
