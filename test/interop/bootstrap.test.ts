import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './support/child.ts';
import { ControlClient } from './support/control-client.ts';
import { type HandWired, handWired } from './support/hand-wired.ts';
import { commandOf } from './support/implementation.ts';
import type { TorNetwork } from './support/network.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { waitFor } from './support/wait.ts';

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

  it('has all it needs at once after a restart', async () => {
    const client = await start(path);
    assert.equal((await client.directory.whenReady(AbortSignal.timeout(10))).relays.length > 0, true);
    assert.deepEqual(
      client.lines.filter((line) => /microdescs\.$|certificate/.test(line)),
      [],
    );
    assert.match(await get(client, net.httpPort, '/'), /hello through tor\n$/);
    await stop(client);
  });

  it('follows the network to its next consensuses with a diff', { timeout: 200_000 }, async () => {
    const client = await start(path);
    const { validAfterMs } = await client.directory.whenReady();
    // A relay asked before it has worked out the difference gives the whole text: then the next one counts.
    await waitFor(
      'a newer consensus by its difference',
      async () => {
        const now = client.directory.netdir?.validAfterMs ?? 0;
        const applied = client.lines.some((line) => /Applied consensus diff/.test(line));
        return now > validAfterMs && applied ? true : undefined;
      },
      { timeoutMs: 180_000 },
    );
    assert.deepEqual(
      client.lines.filter((line) => /^\[(warn|err)\]/.test(line)),
      [],
    );
    await stop(client);
  });

  it('leaves caches that C tor reads, and reads those of C tor', { timeout: 60_000 }, async () => {
    const theirs = join(path, '..', `${path.split('/').at(-1)}-theirs`);
    await cp(path, theirs, { recursive: true, filter: (name) => !name.endsWith('/lock') });
    const controlPort = await net.freePort();
    const torrc = net.torrcFor('client', { dataDirectory: theirs, controlPort, extra: ['DisableNetwork 1'] });
    const file = join(net.folder, 'offline.torrc');
    await writeFile(file, torrc);
    const command = [...commandOf('tor'), '-f', file, '--defaults-torrc', '/dev/null'];
    const child = new Child({ name: 'offline', command, logFile: join(net.folder, 'offline.log') });
    try {
      await child.waitForLine(/Opened Control listener/, { timeoutMs: 20_000 });
      const control = await ControlClient.open(controlPort);
      await waitFor(
        'C tor to read our microdescriptors',
        async () => (/onion-key/.test(await control.getInfo('md/all')) ? true : undefined),
        { timeoutMs: 10_000 },
      );
      assert.match(await control.getInfo('consensus/valid-after'), /^20/);
      assert.match(await control.getInfo('entry-guards'), /\bup\b/);
      control.close();
      assert.deepEqual(child.search(/\[(warn|err)\].*(cache|microdesc|consensus|certificate|state|Guard)/), []);
    } finally {
      await child.stop();
    }
    const [reference] = net.descriptions('client');
    const ours = join(path, '..', `${path.split('/').at(-1)}-ours`);
    const skip = /\/(lock|state\.tmp|control_auth_cookie)$/;
    await cp(join(reference?.folder ?? '', 'data'), ours, { recursive: true, filter: (name) => !skip.test(name) });
    const client = await start(ours);
    assert.ok((await client.directory.whenReady(AbortSignal.timeout(10))).relays.length > 0);
    assert.ok(client.guards.primaryGuards.length > 0);
    await stop(client);
  });

  it('survives being killed at any moment', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(net.folder, 'killed-'));
    const script = fileURLToPath(new URL('support/bootstrap-child.ts', import.meta.url));
    const loader = ['--import', 'tsx'];
    for (const afterMs of [0, 20, 40, 80, 160]) {
      const child = new Child({
        name: 'killed',
        command: [process.execPath, ...loader, script, folder, JSON.stringify({ dirAuthorities: net.dirAuthorities })],
        logFile: join(net.folder, 'killed.log'),
      });
      await child.waitForLine(/Bootstrapped [3-9]|loaded with a network/, { timeoutMs: 20_000 });
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await child.kill();
      assert.deepEqual(child.search(/cannot be read|Couldn't use|setting it aside/i), [], `killed after ${afterMs} ms`);
    }
    const client = await start(folder);
    await client.directory.whenReady(AbortSignal.timeout(20_000));
    assert.match(await get(client, net.httpPort, '/'), /hello through tor\n$/);
    assert.match(await readFile(join(folder, 'cached-certs'), 'latin1'), /^dir-key-certificate-version 3\n/);
    await stop(client);
  });
});
