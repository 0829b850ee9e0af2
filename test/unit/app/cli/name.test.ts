import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { DataDirectory } from '../../../../src/network/storage/index.ts';
import { formatSignedList } from '../../../../src/roles/names/index.ts';
import { loadServiceKey, onionLabel } from '../../../../src/roles/onion/index.ts';
import { type ProgramRun, runMain } from '../../../support/program.ts';
import { service } from '../../roles/names/support.ts';

const bobAddress = service(1).address;
const otherAddress = service(2).address;

describe('tropea name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-name-'));
  const key = join(folder, 'key');
  let own = '';
  let book = '';
  let count = 0;

  const name = (...args: readonly string[]): Promise<ProgramRun> => runMain(['name', ...args, '--book', book]);
  const listed = async (): Promise<string[]> => (await name('list')).stdout.trim().split('\n');
  const file = (content: string): string => {
    const path = join(folder, `file${count++}`);
    writeFileSync(path, content);
    return path;
  };
  const freshBook = (): void => {
    book = join(folder, `book${count++}`);
  };

  before(async () => {
    const store = await DataDirectory.open({}, { path: key, lock: false });
    own = onionLabel((await loadServiceKey(store, nodeRuntime.random)).publicKey);
    await store.close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('shows address, words and picture before a name is added, and what it is good for', async () => {
    freshBook();
    const { code, stdout } = await name('add', 'Bob', `${bobAddress}.onion`);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^${bobAddress}\\.onion\\n(\\w{5}-){3}\\w{5}\\n\\+-{17}\\+\\n`));
    assert.match(stdout, /\nhttp:\/\/bob\.petname\.onion\/\n$/);
    assert.deepEqual(await listed(), [`bob  ${bobAddress}.onion`]);
    assert.match((await name('show', 'bob')).stdout, /you call it bob/);
  });

  test('a name or an address like another is not taken until a person says so', async () => {
    freshBook();
    await name('add', 'bob', bobAddress);
    for (const near of ['b0b', 'boob', 'bod', 'böb']) {
      const refused = await name('add', near, otherAddress);
      assert.equal(refused.code, 1, near);
      assert.match(refused.stderr, /^Careful: .*"bob".*\nNothing was changed\./, near);
    }
    assert.equal((await listed()).length, 1);
    assert.equal((await name('add', 'b0b', otherAddress, '--yes')).code, 0);
    const renamed = await name('rename', 'b0b', 'bobb');
    assert.equal(renamed.code, 1);
    assert.deepEqual(
      (await listed()).map((line) => line.split(' ')[0]),
      ['b0b', 'bob'],
    );
  });

  test('a name never moves to another address by itself', async () => {
    freshBook();
    await name('add', 'bob', bobAddress);
    for (const yes of [[], ['--yes']]) {
      const { code, stderr } = await name('add', 'bob', otherAddress, ...yes);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`"bob" is ${bobAddress}\\.onion already`));
    }
    assert.equal((await name('remove', 'bob')).code, 0);
    assert.deepEqual(await listed(), ['']);
    assert.equal((await name('remove', 'bob')).code, 1);
  });

  test('a card brings an address and a nickname; the name is the user’s', async () => {
    freshBook();
    const card = file((await name('card', 'Bank of Trust', '--key', key)).stdout);
    const asked = await name('import', card);
    assert.equal(asked.code, 1);
    assert.match(asked.stdout, /calls itself "Bank of Trust"; anybody may call themselves that/);
    assert.deepEqual(await listed(), ['']);
    assert.equal((await name('import', card, '--as', 'shop')).code, 0);
    assert.deepEqual(await listed(), [`shop  ${own}.onion  calls itself "Bank of Trust"`]);
    const forged = file(readFileSync(card, 'utf8').replace(own, otherAddress));
    const { code, stderr } = await name('import', forged, '--as', 'evil');
    assert.equal(code, 1);
    assert.match(stderr, /signature is not by this address/);
  });

  test('a list counts for its signer alone, and only for one who is known', async () => {
    freshBook();
    await name('add', 'bob', bobAddress);
    const malicious = file((await name('share', '--key', key)).stdout);
    const stranger = await name('import', malicious);
    assert.equal(stranger.code, 1);
    assert.match(stranger.stderr, new RegExp(`by ${own}\\.onion, for which you have no name`));
    await name('add', 'mallory', own);
    const names = new Map([['bob', otherAddress]]);
    const { key: mallory } = service(3);
    const signed = { from: service(3).address, signedMs: 1, names };
    await name('add', 'trent', service(3).address);
    assert.equal((await name('import', file(formatSignedList(signed, mallory)))).code, 0);
    assert.deepEqual(await listed(), [
      `bob  ${bobAddress}.onion`,
      `mallory  ${own}.onion`,
      `trent  ${service(3).address}.onion`,
      `  trent's bob  ${otherAddress}.onion`,
    ]);
  });

  test('another book is shown first, and never takes a name away', async () => {
    freshBook();
    await name('add', 'bob', otherAddress);
    await name('add', 'carol', service(4).address);
    const theirs = book;
    freshBook();
    await name('add', 'bob', bobAddress);
    const before = readFileSync(book, 'utf8');
    const shown = await name('import', theirs);
    assert.deepEqual([shown.code, readFileSync(book, 'utf8')], [1, before]);
    assert.match(shown.stdout, /^carol {2}/);
    await name('import', theirs, '--yes');
    assert.deepEqual((await listed())[0], `bob  ${bobAddress}.onion`);
    assert.equal((await listed()).length, 2);
  });

  test('what is too long, not text, or not there is refused with a word', async () => {
    freshBook();
    for (const path of [
      file('x'.repeat(5_000_000)),
      file('\0\u001b[2J'),
      join(folder, 'nowhere'),
      folder,
      '/dev/zero',
    ]) {
      const { code, stderr } = await name('import', path);
      assert.equal(code, 1, path);
      assert.ok(stderr.length > 0 && stderr.length < 500, stderr.slice(0, 600));
      assert.ok(!stderr.includes('\u001b'), 'a message moves the cursor');
    }
  });
});
