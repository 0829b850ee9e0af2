import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { Tor } from '../../src/index.ts';
import { TestNetwork } from '../../src/testing.ts';

describe('a network for tests, without a tor installed', () => {
  const noTor = (): void => {
    // Whatever would start C tor fails.
    process.env.TROPEA_LAB_TOR = '/nonexistent/tor';
  };

  test('starts, carries, and leaves nothing', async () => {
    noTor();
    const folders = (): string[] => readdirSync(tmpdir()).filter((name) => /^tropea-(lab|test)-/.test(name));
    const before = folders();
    const network = await TestNetwork.start();
    const [first, second] = await Promise.all([network.tor(), network.tor({ socksPort: 'auto' })]);
    assert.equal(await (await first.fetch(network.webUrl)).text(), 'hello through tor\n');
    const service = await second.publish({ to: createServer((_, response) => response.end('here')) });
    assert.equal(await (await first.fetch(service.url)).text(), 'here');
    const own = await Tor.start({ network, dataDirectory: `${folders().map((name) => `${tmpdir()}/${name}`)[0]}/own` });
    const echo = await own.connect(network.echo.host, network.echo.port);
    echo.write('ping');
    assert.equal(String((await once(echo, 'data'))[0]), 'ping');
    await own.close();
    await network.stop();
    await network.stop();
    assert.deepEqual([first.circuits(), second.circuits()], [[], []]);
    assert.deepEqual(
      folders().filter((name) => !before.includes(name)),
      [],
    );
    await assert.rejects(network.tor(), { code: 'ABORTED' });
  });

  test('gives up when it is told to', async () => {
    noTor();
    await assert.rejects(TestNetwork.start({ signal: AbortSignal.abort() }), { code: 'ABORTED' });
    const controller = new AbortController();
    let folder = '';
    const onProgress = (text: string): void => {
      folder = / in (\S+)$/.exec(text)?.[1] ?? folder;
      if (text.startsWith('waiting')) controller.abort();
    };
    await assert.rejects(TestNetwork.start({ signal: controller.signal, onProgress }), { code: 'ABORTED' });
    assert.ok(folder !== '' && !existsSync(folder), folder);
  });

  test('a lab that does not run cannot be joined', async () => {
    await assert.rejects(TestNetwork.attach('no-such-lab'), { code: 'LAB_NOT_RUNNING' });
  });
});
