import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Lab, LabNode } from '../../src/app/lab/index.ts';
import { seededRandom } from '../support/fake-runtime.ts';
import { curl } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { tropeaClient } from './support/tropea.ts';

const residentMib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;

/** Sends each message after the answer to the one before, and gives all that came within the time or before the end. */
function exchange(port: number, ...messages: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const left = [...messages];
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(parts));
    };
    const timer = setTimeout(done, 1500);
    const next = (): void => {
      const message = left.shift();
      if (message === undefined) return;
      if (left.length === 0) socket.end(message);
      else socket.write(message);
    };
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      next();
    });
    socket.on('error', done);
    socket.on('close', done);
    next();
  });
}

describe('a Tropea client among hostile applications', () => {
  let net: Lab;
  let client: LabNode;

  before(async () => {
    net = await sharedNetwork();
    client = await tropeaClient(net);
  });
  after(() => net.stop());

  it('answers a thousand garbage requests and goes on', async () => {
    const random = seededRandom(304);
    const garbage = (): Uint8Array => {
      const bytes = random.bytes(6 + random.below(300));
      // Half of them begin as SOCKS does, so that they are not turned away at the door.
      if (random.below(2) === 0) bytes.set(random.below(2) === 0 ? [5, 1, 0, 5, 1, 0] : [4, 1]);
      return bytes;
    };
    const batch = (count: number) =>
      Promise.all(Array.from({ length: count }, () => exchange(client.socksPort, garbage())));
    for (let round = 0; round < 10; round++) await batch(20);
    const before = residentMib(client.process.pid);
    for (let round = 0; round < 40; round++) await batch(20);
    assert.ok(client.running, client.process.tail());
    const grown = residentMib(client.process.pid) - before;
    assert.ok(grown < 40, `grew by ${grown.toFixed(0)} MiB`);
    const { stdout } = await curl(`http://web.test:${net.httpPort}/`, { socksPort: client.socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n');
    assert.deepEqual(client.process.search(/\[err\]|Error: |\bat .*\.[jt]s:\d+/), []);
  });

  it('answers a browser with a page that says what is wrong', async () => {
    const answer = await exchange(client.socksPort, Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    assert.match(answer.toString(), /^HTTP\/1\.0 501 Tor is not an HTTP Proxy\r\n/);
  });

  const text = (words: string): number[] => [...Buffer.from(words)];
  const requests: readonly (readonly [string, ...(readonly number[])[]])[] = [
    ['no authentication that is known', [5, 1, 9]],
    ['an unknown command', [5, 1, 0], [5, 9, 0, 1, 127, 0, 0, 1, 0, 80]],
    ['an unknown type of address', [5, 1, 0], [5, 1, 0, 9, 127, 0, 0, 1, 0, 80]],
    ['a name with a space', [5, 1, 0], [5, 1, 0, 3, 3, ...text('a b'), 0, 80]],
    ['an empty name', [5, 1, 0], [5, 1, 0, 3, 0, 0, 80]],
    ['a password of another version', [5, 1, 2], [9, 1, 97, 1, 97]],
    ['port 0', [5, 1, 0], [5, 1, 0, 3, 8, ...text('web.test'), 0, 0]],
    ['an onion address that is none', [5, 1, 0], [5, 1, 0, 3, 10, ...text('abcd.onion'), 0, 80]],
    ['SOCKS 4 with an unknown command', [4, 9, 0, 80, 127, 0, 0, 1, 0]],
    ['SOCKS 4 to port 0', [4, 1, 0, 0, 127, 0, 0, 1, 0]],
    ['SOCKS 4a with a bad name', [4, 1, 0, 80, 0, 0, 0, 1, 0, ...text('a b'), 0]],
    ['a protocol of version 9', [9, 9, 9, 9]],
  ];
  for (const [what, ...messages] of requests) {
    it(`answers ${what} as C tor does`, async () => {
      const reference = net.descriptions('client').find(({ implementation }) => implementation === 'tor');
      assert.ok(reference !== undefined);
      const steps = messages.map((message) => Uint8Array.from(message));
      const [ours, theirs] = await Promise.all([
        exchange(client.socksPort, ...steps),
        exchange(reference.socksPort, ...steps),
      ]);
      assert.equal(ours.toString('latin1'), theirs.toString('latin1'));
    });
  }

  it('leaves a caller that says nothing more to itself, and serves others', async () => {
    const idle = Array.from({ length: 200 }, () => connect({ port: client.socksPort, host: '127.0.0.1' }));
    for (const socket of idle) {
      socket.on('error', () => {});
      socket.write(Uint8Array.of(5));
    }
    const { stdout } = await curl(`http://web.test:${net.httpPort}/`, { socksPort: client.socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n');
    for (const socket of idle) socket.destroy();
  });
});
