import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type HandWired, handWired } from './support/hand-wired.ts';
import type { TorNetwork } from './support/network.ts';
import { sharedNetwork } from './support/shared-network.ts';

/** One GET through an exit: the whole answer. */
async function get(client: HandWired, port: number, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  await client.circuits.attachStream({
    host: '127.0.0.1',
    port,
    handler: {
      data: (bytes) => void chunks.push(Buffer.from(bytes)),
      ended: () => end(),
      writable: () => undefined,
    },
    optimisticData: () => Buffer.from(`GET ${path} HTTP/1.0\r\n\r\n`),
    timeoutMs: 60_000,
  });
  await ended;
  return Buffer.concat(chunks).toString('latin1');
}

describe('a client put together by hand', () => {
  let net: TorNetwork;
  let path: string;
  const running = new Set<HandWired>();

  before(async () => {
    net = await sharedNetwork();
    path = await mkdtemp(join(net.folder, 'tropea-'));
  });
  after(async () => {
    for (const client of running) await client.stop();
    await net.stop();
  });

  async function start(folder: string): Promise<HandWired> {
    const client = await handWired(net, folder);
    running.add(client);
    client.circuits.start();
    await client.directory.start();
    return client;
  }
  async function stop(client: HandWired): Promise<void> {
    running.delete(client);
    await client.stop();
  }

  it('bootstraps, builds a circuit and fetches through an exit', { timeout: 90_000 }, async () => {
    const client = await start(path);
    const netdir = await client.directory.whenReady(AbortSignal.timeout(60_000));
    assert.ok(netdir.relays.length >= 6);
    assert.match(await get(client, net.httpPort, '/'), /hello through tor\n$/);
    assert.equal(client.directory.status.percent, 100);
    const [circuit] = client.circuits.list().filter((info) => info.purpose === 'general');
    assert.equal(circuit?.path.length, 3);
    assert.deepEqual(
      client.lines.filter((line) => /^\[(warn|err)\]/.test(line)),
      [],
    );
    await stop(client);
  });
});
