import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Lab } from '../../src/app/lab/index.ts';
import type { Tor } from '../../src/index.ts';
import { torOf } from './support/library.ts';
import { sharedNetwork } from './support/shared-network.ts';

const fetches = 1000;
const each = 5000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Memory that is really in use, once what closes over some turns is gone: it shrinks no more. */
async function usedBytes(): Promise<number> {
  let used = Number.POSITIVE_INFINITY;
  for (let steady = 0; steady < 5; ) {
    await sleep(100);
    collect();
    const { heapUsed, external } = process.memoryUsage();
    const now = heapUsed + external;
    steady = now < used - 50_000 ? 0 : steady + 1;
    used = Math.min(used, now);
  }
  return used;
}

describe('the library under load', () => {
  let net: Lab;
  let tor: Tor;
  const folder = mkdtempSync(join(tmpdir(), 'tropea-load-'));

  before(async () => {
    net = await sharedNetwork();
    tor = await torOf(net, folder);
  });
  after(async () => {
    await tor.close();
    rmSync(folder, { recursive: true, force: true });
    await net.stop();
  });

  test(`${fetches} fetches at once: all are answered, and memory is given back`, async (t) => {
    const url = `http://web.test:${net.httpPort}/bytes/${each}`;
    const all = async (): Promise<void> => {
      const context = tor.isolated();
      const one = async (): Promise<number> => (await (await context.fetch(url)).arrayBuffer()).byteLength;
      const lengths = await Promise.all(Array.from({ length: fetches }, one));
      assert.ok(lengths.every((length) => length === each));
      await context.close();
    };
    await all();
    const idle = await usedBytes();
    await all();
    const used = await usedBytes();
    t.diagnostic(`${Math.round(idle / 1024)} KiB after the first round, ${Math.round(used / 1024)} after the second`);
    // A leak of two kilobytes for each fetch would be more.
    assert.ok(used <= idle + fetches * 2048, `${used - idle} bytes more than after the first round`);
    assert.deepEqual(tor.streams(), []);
  });

  test('many fetches at once from an onion service in the same program', async () => {
    const server = createServer((_, response) => response.end(Buffer.alloc(each)));
    await using service = await tor.publish({ to: server });
    const one = async (): Promise<number> => (await (await tor.fetch(service.url)).arrayBuffer()).byteLength;
    const lengths = await Promise.all(Array.from({ length: 200 }, one));
    assert.ok(lengths.every((length) => length === each));
    assert.equal(service.clients, 1, 'they share a circuit');
  });

  test('a reader that does not read stops the sender at the other end, and nobody else', async (t) => {
    const total = 8_000_000;
    const block = Buffer.alloc(64_000, 7);
    let sent = 0;
    const send = (connection: Duplex): void => {
      while (sent < total) {
        sent += block.length;
        if (!connection.write(block)) {
          connection.once('drain', () => send(connection));
          return;
        }
      }
      connection.end();
    };
    const server = createServer((_, response) => response.end(Buffer.alloc(1_000_000)));
    const service = await tor.publish({
      ports: [
        { port: 80, to: server },
        { port: 7, to: send },
      ],
    });
    const slow = await tor.connect(service.hostname, 7);
    await once(slow, 'readable');
    // A million bytes that come by beside it are time enough for what could still come.
    const beside = await tor.fetch(service.url);
    assert.equal((await beside.arrayBuffer()).byteLength, 1_000_000);
    t.diagnostic(`${sent} of ${total} bytes were taken`);
    assert.ok(sent < total / 4, `${sent} bytes were sent to one who does not read`);
    let got = 0;
    for await (const chunk of slow) got += (chunk as Buffer).length;
    assert.equal(got, total);
    await service.close();
  });
});
