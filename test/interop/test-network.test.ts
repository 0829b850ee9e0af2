import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Tor } from '../../src/index.ts';
import { TestNetwork } from '../../src/testing.ts';

describe('a network for tests, without a tor installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-test-network-'));
  before(() => {
    // Whatever would start C tor fails; whatever is left behind is seen.
    process.env.TROPEA_LAB_TOR = join(folder, 'no-tor');
    process.env.TMPDIR = folder;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('starts, carries, and leaves nothing', async () => {
    const network = await TestNetwork.start();
    const [first, second] = await Promise.all([network.tor(), network.tor({ socksPort: 'auto' })]);
    assert.equal(await (await first.fetch(network.webUrl)).text(), 'hello through tor\n');
    const service = await second.publish({ to: createServer((_, response) => response.end('here')) });
    assert.equal(await (await first.fetch(service.url)).text(), 'here');
    const own = await Tor.start({ network, dataDirectory: join(folder, 'own') });
    const echo = await own.connect(network.echo.host, network.echo.port);
    echo.write('ping');
    assert.equal(String((await once(echo, 'data'))[0]), 'ping');
    await own.close();
    await network.stop();
    await network.stop();
    assert.deepEqual([first.circuits(), second.circuits()], [[], []]);
    assert.deepEqual(readdirSync(folder), ['own']);
    await assert.rejects(network.tor(), { code: 'ABORTED' });
  });

  test('gives up when it is told to', async () => {
    await assert.rejects(TestNetwork.start({ signal: AbortSignal.abort() }), { code: 'ABORTED' });
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const started = TestNetwork.start({ signal: controller.signal, onProgress });
    await assert.rejects(
      started.then((network) => network.stop()),
      { code: 'ABORTED' },
    );
    assert.deepEqual(readdirSync(folder), ['own']);
  });

  test('a lab that does not run cannot be joined', async () => {
    await assert.rejects(TestNetwork.attach('no-such-lab'), { code: 'LAB_NOT_RUNNING' });
  });
});
