import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { AddressBook, BookFile, formatBook, parseBook } from '../../../../src/roles/names/index.ts';
import { addedMs, petname, service } from './support.ts';

const heading = '# Tropea address book 1\n';
const unreadable = { code: 'NAME_BOOK_INVALID' };

describe('the text of a book', () => {
  test('property: what is written is read again, and is written the same', () => {
    const name = fc
      .stringMatching(/^[a-z][a-z0-9]{1,8}$/)
      .filter((text) => !['exit', 'test', 'local', 'onion'].includes(text));
    const number = fc.integer({ min: 1, max: 250 });
    const nickname = fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, number, nickname), { selector: ([text]) => text, maxLength: 6 }),
        fc.uniqueArray(fc.tuple(name, number), { selector: ([text]) => text, maxLength: 4 }),
        (petnames, edges) => {
          let book = AddressBook.empty;
          for (const [text, who, nick] of petnames) {
            book = book.add({ ...petname(text, who), ...(nick === undefined ? {} : { nickname: nick }) });
          }
          const names = new Map(edges.map(([text, who]) => [text, service(who).address]));
          book = book.setEdges({ from: service(1).address, signedMs: addedMs, names });
          const text = formatBook(book);
          const again = parseBook(text);
          assert.deepEqual(again.petnames, book.petnames);
          assert.deepEqual([...(again.edgeLists[0]?.names ?? [])], [...names].sort());
          assert.equal(formatBook(again), text);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a mistake is told with its line', () => {
    const { address } = service(1);
    const time = new Date(addedMs).toISOString();
    const line = `name bob ${address}.onion ${time}`;
    assert.equal(parseBook(`${heading}${line}\n`).petnames.length, 1);
    const bad = [
      `name bob ${address}.onion`,
      `name b.b ${address}.onion ${time}`,
      `name p\u0430ypal ${address}.onion ${time}`,
      `name bob ${address.slice(1)}.onion ${time}`,
      `name bob ${address}.onion 2026-13-40T00:00:00Z`,
      `${line} "\\u202e"`,
      `${line} "\u009b31m"`,
      `${line} "${'x'.repeat(61)}"`,
      `edge bob ${address}.onion`,
      'bob',
      '\0',
    ];
    for (const each of bad)
      assert.throws(() => parseBook(`${heading}\n${each}\n`), { ...unreadable, facts: { line: 3 } }, each);
    const list = `list ${address}.onion ${time}`;
    const edge = `edge bob ${address}.onion`;
    for (const twice of [`${line}\n${line}`, `${list}\n${list}`, `${list}\n${edge}\n${edge}`]) {
      assert.throws(() => parseBook(`${heading}${twice}\n`), unreadable, twice);
    }
    assert.throws(() => parseBook(`name bob ${address}.onion ${time}\n`), unreadable, 'no heading');
  });
});

const writer = pathToFileURL(join(import.meta.dirname, 'writer.ts')).href;

describe('the file of a book', () => {
  let folder: string;
  let count = 0;
  const fresh = (): string => join(folder, `${count++}`, 'petnames');
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tropea-names-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('for its owner alone, and read again when another writes it', async () => {
    const file = new BookFile(fresh());
    assert.deepEqual((await file.read()).petnames, []);
    await file.update((book) => book.add(petname('bob', 1)));
    assert.equal((await stat(file.path)).mode & 0o777, 0o600);
    assert.equal(new BookFile(file.path).readSync().petname('bob')?.address, service(1).address);
    await new BookFile(file.path).update((book) => book.add(petname('carol', 2)));
    assert.equal(file.readSync().petnames.length, 2);
    assert.equal((await file.read()).petnames.length, 2);
  });

  test('a link to a book stays one, and what is no file is refused', async () => {
    const file = new BookFile(fresh());
    await file.update((book) => book.add(petname('bob', 1)));
    const link = `${file.path}-link`;
    await symlink(file.path, link);
    await new BookFile(link).update((book) => book.add(petname('carol', 2)));
    assert.equal((await lstat(link)).isSymbolicLink(), true);
    assert.equal((await file.read()).petnames.length, 2);
    await assert.rejects(new BookFile(folder).read(), { code: 'STORAGE_FAILED' });
  });

  test('writers at once, in one object and in several: no name is lost', async () => {
    const path = fresh();
    const files = [new BookFile(path), new BookFile(path), new BookFile(path), new BookFile(path)];
    const names = Array.from({ length: 24 }, (_, i) => petname(`friend${i}`, i + 1));
    await Promise.all(names.map((each, i) => files[i % files.length]?.update((book) => book.add(each))));
    const written = parseBook(await readFile(path, 'utf8'));
    assert.deepEqual(written.petnames.map(({ name }) => name).sort(), names.map(({ name }) => name).sort());
    assert.deepEqual([existsSync(`${path}.lock`), existsSync(`${path}.tmp`)], [false, false]);
  });

  test('writers at once in several processes: no name is lost', async () => {
    const path = fresh();
    const children = [1, 2, 3].map((from) =>
      spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          '--input-type=module',
          '-e',
          `await (await import('${writer}')).write(${JSON.stringify(path)}, ${from * 10})`,
        ],
        { stdio: 'inherit' },
      ),
    );
    const codes = await Promise.all(children.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(new BookFile(path).readSync().petnames.length, 15);
  });

  test('a writer that is killed at any moment: the book is whole and has every name that was told', async () => {
    const path = fresh();
    const told = new Set<string>();
    for (const round of [1, 2, 3]) {
      const code = `await (await import('${writer}')).writeOn(${JSON.stringify(path)}, ${round * 1000})`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let count = 0;
      for await (const name of createInterface({ input: child.stdout })) {
        told.add(name);
        // What it still tells after this was on disk before it died.
        if (++count === 10 * round) child.kill('SIGKILL');
      }
      const names = new Set(parseBook(await readFile(path, 'utf8')).petnames.map(({ name }) => name));
      assert.deepEqual(
        [...told].filter((name) => !names.has(name)),
        [],
      );
      const long = new Date(Date.now() - 60_000);
      await utimes(`${path}.lock`, long, long).catch(() => undefined);
    }
    assert.ok(told.size >= 60);
  });

  test('a crash in the middle of a write: half a file and a lock are left; the book is whole, and goes on', async () => {
    const file = new BookFile(fresh());
    await file.update((book) => book.add(petname('bob', 1)));
    await writeFile(`${file.path}.tmp`, formatBook(await file.read()).slice(0, 150));
    await writeFile(`${file.path}.lock`, '');
    const long = new Date(Date.now() - 60_000);
    await utimes(`${file.path}.lock`, long, long);
    assert.equal(new BookFile(file.path).readSync().petnames.length, 1);
    await new BookFile(file.path).update((book) => book.add(petname('carol', 2)));
    assert.deepEqual(
      (await file.read()).petnames.map(({ name }) => name),
      ['bob', 'carol'],
    );
    assert.deepEqual([existsSync(`${file.path}.lock`), existsSync(`${file.path}.tmp`)], [false, false]);
  });

  test('one that slept while its lock was taken away writes nothing', async () => {
    const file = new BookFile(fresh());
    await file.update((book) => book.add(petname('bob', 1)));
    const lock = `${file.path}.lock`;
    const late = file.update((book) => {
      // As another process does that finds the lock stale.
      const other = new BookFile(file.path).readSync();
      assert.equal(other.petnames.length, 1);
      rmSync(lock);
      writeFileSync(lock, '');
      return book.add(petname('late', 3));
    });
    await assert.rejects(late, { code: 'STORAGE_FAILED' });
    assert.ok(existsSync(lock), 'the lock of the other stays');
    assert.equal(new BookFile(file.path).readSync().petnames.length, 1);
  });

  test('a change that fails leaves file and lock as they were', async () => {
    const file = new BookFile(fresh());
    await file.update((book) => book.add(petname('bob', 1)));
    const text = await readFile(file.path, 'utf8');
    await assert.rejects(
      file.update((book) => book.add(petname('bob', 2))),
      { code: 'NAME_TAKEN' },
    );
    assert.equal(await readFile(file.path, 'utf8'), text);
    await file.update((book) => book.add(petname('carol', 2)));
  });

  test('an oversized or broken file is refused, and never written over', async () => {
    const path = fresh();
    await new BookFile(path).update((book) => book.add(petname('bob', 1)));
    for (const content of [heading + '#'.repeat(4 * 1024 * 1024), 'not a book', Buffer.from([0xff, 0xfe, 0])]) {
      await writeFile(path, content);
      const file = new BookFile(path);
      assert.throws(() => file.readSync(), unreadable);
      await assert.rejects(file.read(), unreadable);
      await assert.rejects(
        file.update((book) => book.add(petname('carol', 2))),
        unreadable,
      );
      assert.deepEqual(await readFile(path), Buffer.from(content));
    }
  });

  test('a folder in its place is an error of our own', async () => {
    const path = fresh();
    await mkdir(path, { recursive: true });
    assert.throws(() => new BookFile(path).readSync(), { code: 'STORAGE_FAILED' });
    await assert.rejects(new BookFile(path).read(), { code: 'STORAGE_FAILED' });
  });

  test('a book that could not be read again is not written', async () => {
    const file = new BookFile(fresh());
    await file.update((book) => book.add(petname('bob', 1)));
    const names = new Map(
      Array.from({ length: 10_000 }, (_, i) => [`a-rather-long-name-of-somebody-${i}`, service(1).address]),
    );
    const grow = file.update((book) => {
      let grown = book;
      for (let i = 1; i <= 6; i++) grown = grown.setEdges({ from: service(i).address, signedMs: addedMs, names });
      return grown;
    });
    await assert.rejects(grow, { code: 'NAME_BOOK_FULL' });
    assert.equal(new BookFile(file.path).readSync().petnames.length, 1);
  });
});
