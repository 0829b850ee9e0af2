import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Child } from './support/child.ts';
import { curl } from './support/clients.ts';
import { commandOf } from './support/implementation.ts';
import { TorNetwork } from './support/network.ts';

/** Clients of C tor that know no directory but one of ours. */
describe('clients of C tor with a directory of ours', () => {
  let net: TorNetwork;
  const running: Child[] = [];

  before(
    async () => {
      net = await TorNetwork.start({
        relays: [{}, {}, { name: 'cache', implementation: 'tropea' }],
        exits: 1,
        bridges: [{ name: 'bridge', implementation: 'tropea' }],
      });
    },
    { timeout: 180_000 },
  );
  after(async () => {
    for (const child of running) await child.stop();
    await net?.stop();
  });

  /** A client with a torrc of its own. Resolves when it is bootstrapped. */
  async function start(name: string, lines: readonly string[], change: (torrc: string) => string) {
    const folder = await mkdtemp(join(net.folder, `${name}-`));
    const socksPort = await net.freePort();
    const extra = [...lines, 'Log info stdout'];
    const torrc = net.torrcFor('client', { dataDirectory: join(folder, 'data'), socksPort, extra });
    await writeFile(join(folder, 'torrc'), change(torrc));
    const command = [...commandOf('tor'), '-f', join(folder, 'torrc'), '--defaults-torrc', '/dev/null'];
    const child = new Child({ name, command, logFile: join(folder, 'log') });
    running.push(child);
    await child.waitForLine(/Bootstrapped 100%/, { timeoutMs: 60_000 });
    return { child, socksPort };
  }

  async function check({ child, socksPort }: Awaited<ReturnType<typeof start>>): Promise<void> {
    const { stdout } = await curl(`http://127.0.0.1:${net.httpPort}/`, { socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n');
    assert.ok(child.search(/Received answer to microdescriptor request \(status 200/).length > 0);
    const bad = /\[warn\].*(decompress|Unparseable|unable to parse|HTTP|consensus|status code|from server)/;
    assert.deepEqual(child.search(bad), []);
  }

  it('bootstrap from a cache', { timeout: 120_000 }, async () => {
    const cache = net.node('cache');
    const id = await cache.fingerprint();
    const nobody = await net.freePort();
    const lines = [`FallbackDir ${cache.address}:${nobody} orport=${cache.orPort} id=${id}`];
    // Authorities are believed, but nobody listens where they are said to be.
    const client = await start('fallback', lines, (torrc) =>
      torrc.replace(/^(DirAuthority .*orport=)\d+(.* 127\.0\.0\.1:)\d+/gm, `$1${nobody}$2${nobody}`),
    );
    await check(client);
  });

  it('bootstrap through a bridge', { timeout: 120_000 }, async () => {
    const bridge = net.node('bridge');
    const line = `Bridge ${bridge.address}:${bridge.orPort} ${await bridge.fingerprint()}`;
    await check(await start('bridged', ['UseBridges 1', line], (torrc) => torrc));
  });
});
