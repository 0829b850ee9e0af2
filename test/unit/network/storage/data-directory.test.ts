import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DataDirectory } from '../../../../src/network/storage/index.ts';

let root: string;
let path: string;
const opened: DataDirectory[] = [];

async function open(options: { cachePath?: string; keyPath?: string } = {}): Promise<DataDirectory> {
  const directory = await DataDirectory.open({}, { path, ...options });
  opened.push(directory);
  return directory;
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tropea-storage-'));
  path = join(root, 'data');
});

afterEach(async () => {
  for (const directory of opened.splice(0)) await directory.close();
  await rm(root, { recursive: true, force: true });
});

describe('DataDirectory', () => {
  it('makes the directory and its files private', async () => {
    const directory = await open();
    await directory.write('keys/secret', 'x');
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    assert.equal((await stat(join(path, 'keys'))).mode & 0o777, 0o700);
    assert.equal((await stat(join(path, 'keys', 'secret'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(path, 'lock'))).mode & 0o777, 0o600);
  });

  it('makes folders on the way, and says where that cannot be', async () => {
    path = join(path, 'deeper');
    await open();
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    await writeFile(join(path, 'file'), '');
    const refused = (at: string, message: RegExp) =>
      assert.rejects(DataDirectory.open({}, { path: at }), { code: 'STORAGE_FAILED', message });
    await refused(join(path, 'file'), /is not a directory/);
    await refused(join(path, 'file', 'data'), /cannot open/);
    // Nothing can be made there, and Node.js alone would try for ever.
    if (existsSync('/proc/self')) await refused('/proc/nowhere/data', /cannot open/);
  });

  it('takes too wide permissions away', async () => {
    await (await open()).close();
    opened.pop();
    await chmod(path, 0o755);
    await open();
    assert.equal((await stat(path)).mode & 0o777, 0o700);
  });

  it('lets one holder in at a time', async () => {
    const first = await open();
    await assert.rejects(open(), { code: 'DATA_DIRECTORY_LOCKED' });
    await first.close();
    opened.length = 0;
    await open();
  });

  it('sees the lock of another process and loses it to nobody when that one is killed', async () => {
    await (await open()).close();
    opened.pop();
    // The other process holds the lock as C tor does, by flock(2).
    const other = spawn('flock', ['-n', '-x', join(path, 'lock'), 'sh', '-c', 'echo held; exec cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(other.stdout, 'data');
    await assert.rejects(open(), { code: 'DATA_DIRECTORY_LOCKED' });
    other.stdin.end();
    await once(other, 'exit');
    await open();
  });

  it('replaces a file as a whole and leaves no temporary file', async () => {
    const directory = await open();
    await directory.write('state', 'one');
    await Promise.all([directory.write('state', 'two'), directory.write('state', 'three')]);
    assert.equal(await directory.readText('state'), 'three');
    assert.deepEqual(await readdir(path), ['lock', 'state']);
  });

  it('ignores what a killed write left', async () => {
    const directory = await open();
    await directory.write('state', 'whole');
    await writeFile(join(path, 'state.tmp'), 'ha');
    assert.equal(await directory.readText('state'), 'whole');
    await directory.write('state', 'next');
    assert.equal(await directory.readText('state'), 'next');
  });

  it('keeps a torn journal record apart from the next one', async () => {
    const directory = await open();
    await writeFile(join(path, 'cached-microdescs.new'), 'onion-key\ntorn');
    await directory.append('cached-microdescs.new', 'onion-key\nwhole\n');
    await directory.append('cached-microdescs.new', 'onion-key\nmore\n');
    assert.equal(
      await directory.readText('cached-microdescs.new'),
      'onion-key\ntorn\nonion-key\nwhole\nonion-key\nmore\n',
    );
  });

  it('says undefined for a missing file and refuses a long one', async () => {
    const directory = await open();
    assert.equal(await directory.read('nothing'), undefined);
    assert.deepEqual(await directory.list('nothing'), []);
    await directory.write('big', new Uint8Array(100));
    await assert.rejects(directory.read('big', { maxBytes: 99 }), { code: 'STORAGE_FAILED' });
    assert.equal((await directory.read('big', { maxBytes: 100 }))?.length, 100);
  });

  it('sets unusable files aside without overwriting earlier ones', async () => {
    const directory = await open();
    for (const content of ['a', 'b']) {
      await directory.write('state', content);
      await directory.setAside('state', 'test');
    }
    await directory.write('state', 'c');
    await directory.setAside('state', 'test', { copy: true });
    assert.deepEqual(
      await Promise.all(['state', 'state.0', 'state.1', 'state.2'].map((name) => directory.readText(name))),
      ['c', 'a', 'b', 'c'],
    );
  });

  it('puts caches and keys where the options say', async () => {
    const [cachePath, keyPath] = [join(path, '..', 'cache'), join(path, '..', 'k')];
    const directory = await open({ cachePath, keyPath });
    await directory.write('cached-certs', 'certs');
    await directory.write('keys/secret_id_key', 'key');
    assert.equal(await readFile(join(cachePath, 'cached-certs'), 'utf8'), 'certs');
    assert.equal(await readFile(join(keyPath, 'secret_id_key'), 'utf8'), 'key');
  });

  it('refuses names that lead out of the directory', async () => {
    const directory = await open();
    for (const name of ['../x', '/etc/passwd', 'a/../../b', 'a//b']) {
      assert.throws(() => directory.resolve(name), { code: 'INTERNAL' });
    }
  });
});
