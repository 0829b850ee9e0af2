import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Lab } from '../../src/app/lab/index.ts';
import { type PublishedService, type Tor, TorError, type TorEvents } from '../../src/index.ts';
import { torOf } from './support/library.ts';
import { sharedNetwork } from './support/shared-network.ts';

/** Handles that keep the process alive: sockets, timers, servers. Those that are just closing go within a few turns. */
async function settled(wanted: (now: string[]) => boolean): Promise<string[]> {
  const deadlineMs = performance.now() + 5000;
  for (;;) {
    const now = process.getActiveResourcesInfo().filter((name) => !passing.has(name));
    if (wanted(now) || performance.now() > deadlineMs) return now.sort();
    await turn();
  }
}
/** Of the runner and of work on files. */
const passing = new Set([
  'Immediate',
  'CloseReq',
  'FSReqCallback',
  'FSReqPromise',
  'PipeWrap',
  'TTYWrap',
  'TickObject',
]);

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'it came to be';
  } catch (error) {
    return TorError.is(error) ? error.code : String(error);
  }
}

describe('giving up leaves nothing behind', () => {
  let net: Lab;
  let tor: Tor;
  let service: PublishedService;
  let idle: string[];
  const folder = mkdtempSync(join(tmpdir(), 'tropea-abort-'));
  const server = createServer((request, response) => {
    if (request.url === '/never') return;
    response.write('x'.repeat(100_000));
    if (request.url !== '/endless') response.end();
  });
  const offs: (() => void)[] = [];

  /** Aborts at the first event that fits. */
  function abortAt<K extends keyof TorEvents>(name: K, fits: (event: TorEvents[K]) => boolean): AbortSignal {
    const controller = new AbortController();
    offs.push(
      tor.on(name, (event) => {
        if (fits(event)) controller.abort();
      }),
    );
    return controller.signal;
  }

  before(async () => {
    net = await sharedNetwork();
    idle = await settled(() => true);
    tor = await torOf(net, join(folder, 'tor'));
    service = await tor.publish({ to: server });
  });
  afterEach(() => {
    for (const off of offs.splice(0)) off();
  });
  after(async () => {
    await tor.close();
    const left = await settled((now) => now.sort().join() === idle.join());
    rmSync(folder, { recursive: true, force: true });
    await net.stop();
    assert.deepEqual(tor.circuits(), []);
    assert.deepEqual(left, idle);
  });

  test('starting, at each stage', async () => {
    const before = await settled(() => true);
    for (const percent of [0, 5, 14, 20, 30, 45]) {
      const controller = new AbortController();
      const data = join(folder, `start-${percent}`);
      const onProgress = (progress: { readonly percent: number }): void => {
        if (progress.percent >= percent) controller.abort();
      };
      if (percent === 0) controller.abort();
      assert.equal(
        await codeOf(torOf(net, data, { onProgress, signal: controller.signal })),
        'ABORTED',
        `${percent} %`,
      );
      const sockets = (names: readonly string[]): number => names.filter((name) => name !== 'Timeout').length;
      const left = await settled((now) => sockets(now) === sockets(before));
      assert.equal(sockets(left), sockets(before), `${percent} %: ${left.join()}`);
      rmSync(data, { recursive: true, force: true });
    }
  });

  test('a connection: before, while it waits for a circuit, while the exit connects', async () => {
    const context = tor.isolated();
    assert.equal(await codeOf(context.connect('echo.test', net.echoPort, { signal: AbortSignal.abort() })), 'ABORTED');
    for (const status of ['new', 'sentconnect'] as const) {
      const signal = abortAt('stream', (event) => event.status === status);
      assert.equal(await codeOf(context.connect('echo.test', net.echoPort, { signal })), 'ABORTED', status);
      assert.deepEqual(tor.streams(), []);
    }
  });

  test('a connection: by destroying the socket', async () => {
    const early = tor.socket('echo.test', net.echoPort);
    early.destroy();
    await new Promise((resolve) => early.once('close', resolve));
    const late = await tor.connect('echo.test', net.echoPort);
    assert.equal(tor.streams().length, 1);
    late.destroy();
    await new Promise((resolve) => late.once('close', resolve));
    assert.deepEqual(tor.streams(), []);
  });

  test('a look-up', async () => {
    for (const status of ['newresolve', 'sentresolve'] as const) {
      const signal = abortAt('stream', (event) => event.status === status);
      assert.equal(await codeOf(tor.isolated().lookup('web.test', { signal })), 'ABORTED', status);
      assert.deepEqual(tor.streams(), []);
    }
  });

  test('an onion service, at each step to it', async () => {
    const steps = [
      'descriptorRequested',
      'descriptorReceived',
      'rendezvousEstablished',
      'introduced',
      'joined',
    ] as const;
    for (const step of steps) {
      await tor.newIdentity();
      const signal = abortAt('onion', (event) => event.step === step);
      assert.equal(await codeOf(tor.connect(service.hostname, 80, { signal })), 'ABORTED', step);
      assert.deepEqual(tor.streams(), []);
      for (const off of offs.splice(0)) off();
    }
    const open = tor.circuits().filter(({ purpose, status }) => /^hs-client/.test(purpose) && status === 'launched');
    assert.deepEqual(open, []);
    const works = await tor.fetch(service.url);
    assert.equal((await works.text()).length, 100_000);
  });

  test('fetch: before the answer, and in the middle of it', async () => {
    const controller = new AbortController();
    const never = tor.fetch(`${service.url}never`, { signal: controller.signal });
    const asked = new Promise((resolve) => server.once('request', resolve));
    await asked;
    controller.abort();
    await assert.rejects(never, { name: 'AbortError' });
    const second = new AbortController();
    const endless = await tor.fetch(`${service.url}endless`, { signal: second.signal });
    await endless.body?.getReader().read();
    second.abort();
    await assert.rejects(endless.text());
    await tor.newIdentity();
    await settled(() => tor.streams().length === 0);
    assert.deepEqual(tor.streams(), []);
  });

  test('publishing, at each step', async () => {
    for (const step of ['introPointChosen', 'introPointEstablished', 'uploading'] as const) {
      const controller = new AbortController();
      const off = tor.parts.services.events.on('added', (added) => {
        added.events.on(step, () => controller.abort());
      });
      assert.equal(await codeOf(tor.publish({ to: server, signal: controller.signal })), 'ABORTED', step);
      off();
    }
    assert.deepEqual(
      tor.parts.services.all.map(({ hostname }) => hostname),
      [service.hostname],
    );
  });

  test('closing while things are under way', async () => {
    const other = await torOf(net, join(folder, 'other'), { wait: false });
    const work = [other.connect('echo.test', net.echoPort), other.publish({ to: server }), other.fetch(service.url)];
    const told = work.map(codeOf);
    await other.close();
    await other.close();
    for (const code of await Promise.all(told)) assert.notEqual(code, 'it came to be');
    assert.deepEqual(other.circuits(), []);
  });
});
