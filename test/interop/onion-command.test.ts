import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commandOf, type Lab } from '../../src/app/lab/index.ts';
import { Child } from './support/child.ts';
import { type CommandResult, curl, runCommand } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { scratch, torClient } from './support/tropea.ts';

/** What a person types and reads, in a network of C tor. */
describe('tropea onion', () => {
  let net: Lab;
  let folder: string;
  let keys: string;
  let published: Child;
  let hostname: string;
  const program = [...commandOf('tropea'), 'onion'];
  const place = (name: string): string[] => [
    ...['--torrc', join(folder, 'torrc')],
    ...['--data-directory', join(folder, name)],
  ];

  const onion = (...args: readonly string[]): Promise<CommandResult> =>
    runCommand([...program, ...args], { timeoutMs: 120_000 });
  const publish = (name: string, ...more: readonly string[]): Child =>
    new Child({
      name,
      command: [...program, 'publish', String(net.httpPort), ...place(name), ...more],
      logFile: join(folder, `${name}.log`),
    });
  const addressOf = (child: Child): Promise<string> =>
    child.waitForLine(/^[a-z2-7]{56}\.onion$/, { timeoutMs: 60_000 });

  before(async () => {
    net = await sharedNetwork();
    folder = await scratch(net, 'command');
    keys = join(folder, 'keys');
    await writeFile(
      join(folder, 'torrc'),
      ['TestingTorNetwork 1', 'PathsNeededToBuildCircuits 0.67', ...net.dirAuthorities, ''].join('\n'),
    );
    published = publish('published', '--key', keys);
    hostname = await addressOf(published);
  });
  after(async () => {
    await published?.stop();
    await net.stop();
  });

  it('publish gives an address that a client of C tor opens, and shows the six steps', async () => {
    const { socksPort } = await torClient(net);
    const { stdout, stderr } = await curl(`http://${hostname}/`, { socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n', stderr);
    for (let step = 1; step <= 6; step++) {
      assert.ok(published.search(new RegExp(`^\\[${step}\\] `)).length > 0, published.tail(40));
    }
    assert.deepEqual(published.search(/TorError|\bat .*\.[jt]s:\d+/), []);
  });

  it('address reads the key', async () => {
    const { stdout } = await onion('address', join(keys, 'hs_ed25519_secret_key'));
    assert.equal(stdout.toString().trim(), hostname);
  });

  it('check goes the way of a client, and tells where it ends', async () => {
    const up = await onion('check', hostname, ...place('check'));
    assert.equal(up.code, 0, `${up.stdout}${up.stderr}`);
    for (const line of [
      /^address .* is whole$/m,
      /^descriptor .* holds revision/m,
      /^introduced /m,
      /^met /m,
      /^up /m,
    ]) {
      assert.match(up.stdout.toString(), line);
    }
    const port = await onion('check', hostname, '--port', '81', ...place('check'));
    assert.equal(port.code, 1);
    assert.match(port.stdout.toString(), /^met [\s\S]*^refused .* port 81: /m);
    const letter = hostname.startsWith('a') ? 'b' : 'a';
    const wrong = await onion('check', `${letter}${hostname.slice(1)}`, ...place('check'));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /checksum|mistyped|wrong/i);
    const nobody = await onion(
      'check',
      'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion',
      ...place('check'),
    );
    assert.equal(nobody.code, 1);
    assert.match(nobody.stdout.toString(), /^offline /m);
  });

  it('auth makes a key without which nobody gets in', async () => {
    const made = await onion('auth', 'new', hostname);
    const service = /^descriptor:x25519:[A-Z2-7]{52}$/m.exec(made.stdout.toString())?.[0] ?? '';
    const client = /^[a-z2-7]{56}:(descriptor:x25519:[A-Z2-7]{52})$/m.exec(made.stdout.toString());
    assert.equal(client?.[0].slice(0, 56), hostname.slice(0, 56), made.stdout.toString());
    const closed = publish('closed', '--client', service);
    try {
      const address = await addressOf(closed);
      const own = await scratch(net, 'own-keys');
      await writeFile(join(own, 'me.auth_private'), `${address.slice(0, 56)}:${client?.[1]}\n`, { mode: 0o600 });
      const [holder, stranger] = await Promise.all([
        torClient(net, { torrc: [`ClientOnionAuthDir ${own}`] }),
        torClient(net),
      ]);
      const [inside, outside] = await Promise.all(
        [holder, stranger].map(({ socksPort }) => curl(`http://${address}/`, { socksPort })),
      );
      assert.equal(inside?.stdout.toString(), 'hello through tor\n', inside?.stderr);
      assert.notEqual(outside?.code, 0);
      const without = await onion('check', address, ...place('check'));
      assert.match(without.stdout.toString(), /^failed +ONION_AUTH_MISSING/m);
    } finally {
      await closed.stop();
    }
  });

  it('publish takes the service down when it is told to end; the key brings the address back', async () => {
    await published.stop();
    const gone = await onion('check', hostname, ...place('check'));
    assert.equal(gone.code, 1, gone.stdout.toString());
    assert.match(gone.stdout.toString(), /^(offline|failed) /m);
    published = publish('again', '--key', keys);
    assert.equal(await addressOf(published), hostname);
  });
});
