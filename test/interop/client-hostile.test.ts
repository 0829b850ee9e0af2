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

/** Sends the bytes and gives what came back before the other side closed, or all that came within the time. */
function exchange(port: number, bytes: Uint8Array, waitMs = 1500): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(parts));
    };
    const timer = setTimeout(done, waitMs);
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', done);
    socket.on('close', done);
    socket.end(bytes);
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
      const bytes = random.bytes(1 + random.below(300));
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

  it('answers HTTP on the SOCKS port with a page that says what is wrong', async () => {
    const answer = await exchange(client.socksPort, Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    assert.match(answer.toString(), /^HTTP\/1\.0 501 Tor is not an HTTP Proxy\r\n/);
  });

  const refusals: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ['no authentication we know', [5, 1, 9], [5, 0xff]],
    ['an unknown command', [5, 1, 0, 5, 9, 0, 1, 127, 0, 0, 1, 0, 80], [5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]],
    ['an unknown address type', [5, 1, 0, 5, 1, 0, 9, 127, 0, 0, 1, 0, 80], [5, 0, 5, 8, 0, 1, 0, 0, 0, 0, 0, 0]],
    ['SOCKS 4 with an unknown command', [4, 9, 0, 80, 127, 0, 0, 1, 0], [0, 91]],
  ];
  for (const [what, request, wanted] of refusals) {
    it(`refuses ${what}`, async () => {
      const answer = await exchange(client.socksPort, Uint8Array.from(request));
      assert.deepEqual([...answer.subarray(0, wanted.length)], wanted);
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
