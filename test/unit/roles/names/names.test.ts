import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TorError } from '../../../../src/base/errors/index.ts';
import {
  AddressBook,
  addressPicture,
  addressWords,
  hostLabel,
  isOneSlip,
  nameOfLabel,
  normalizeName,
  resolvePetname,
  shown,
  skeleton,
} from '../../../../src/roles/names/index.ts';
import { addedMs, petname, service } from './support.ts';

const invalid = { code: 'NAME_INVALID' };
const book = AddressBook.empty.add(petname('bob', 1)).add(petname('alice', 2));
/** 40 characters, but more than 63 as a label. */
const longInPunycode = String.fromCharCode(...Array.from({ length: 40 }, (_, i) => 0xac00 + ((i * 7919) % 11_172)));
const kinds = (name: string, address: string): string[] => book.warnings(name, address).map(({ kind }) => kind);

describe('the form of a name', () => {
  test('one form for what is one name', () => {
    assert.equal(normalizeName('Bob'), 'bob');
    assert.equal(normalizeName('ｂｏｂ'), 'bob');
    assert.equal(normalizeName('ZOE\u0308'), 'zoë');
    assert.equal(normalizeName('my-shop-2'), 'my-shop-2');
    assert.equal(normalizeName('боб'), 'боб');
  });

  test('letters of two scripts are refused', () => {
    for (const name of ['b\u043eb', 'p\u0430ypal', 'bo\u03bd', 'b\u0585b', 'bob\u4e00', 'b\uab7ab', 'боb']) {
      assert.throws(() => normalizeName(name), invalid, name);
    }
  });

  test('what is not seen, or moves the text around it, is refused', () => {
    const unseen = ['\u200b', '\u200d', '\u202e', '\u2066', '\ufe0f', '\u034f', '\u3164', '\u115f', '\u00ad', '\u061c'];
    for (const character of unseen)
      assert.throws(() => normalizeName(`bo${character}b`), invalid, encodeURIComponent(character));
    for (const name of ['bob\0', 'bob\n', 'b\u001b[31m', 'b b', '\u0301b', 'bob١', 'bob२']) {
      assert.throws(() => normalizeName(name), invalid, encodeURIComponent(name));
    }
  });

  test('reserved names, addresses, and what is no host name are refused', () => {
    const bad = [
      '',
      '-',
      '-a',
      'a-',
      'a--b',
      'xn--bb-fka',
      'a.b',
      'a/b',
      'a@b',
      'a%62',
      'petname',
      'Onion',
      'exit',
      'local',
    ];
    for (const name of [...bad, 'localhost', 'test', service(1).address, 'a'.repeat(41), longInPunycode]) {
      assert.throws(() => normalizeName(name), invalid, name);
    }
  });

  test('numbers stay names; Node would read an IPv4 address', () => {
    for (const name of ['123', '0x7f', '1']) assert.equal(hostLabel(normalizeName(name)), name);
    const numbered = AddressBook.empty.add(petname('123', 1));
    assert.deepEqual(resolvePetname(numbered, '123.petname.onion'), { kind: 'address', address: service(1).address });
  });

  test('property: a name is its own form, and the way through a host name keeps it', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 6 })),
        (text) => {
          let name: string;
          try {
            name = normalizeName(text);
          } catch (error) {
            assert.equal(TorError.from(error).code, 'NAME_INVALID');
            return;
          }
          assert.equal(normalizeName(name), name);
          assert.match(hostLabel(name), /^[a-z0-9-]{1,63}$/);
          assert.equal(nameOfLabel(hostLabel(name)), name);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a message about a stranger’s text moves no cursor', () => {
    assert.equal(shown('a\u001b\u009b\u202e\u2028b'), '"a\\u001b\\u{9b}\\u{202e}\\u{2028}b"');
    assert.throws(
      () => normalizeName('a\u009bb'),
      ({ message }: Error) => !/\p{C}/u.test(message),
    );
  });
});

describe('what is like a name or address that is known', () => {
  test('homographs in one script', () => {
    const known = AddressBook.empty.add(petname('apple', 3)).add(petname('modern', 4)).add(petname('bill', 5));
    for (const name of [
      '\u0430\u0440\u0440\u04cf\u0435',
      'app1e',
      'a-pple',
      'äpplë',
      'rnodern',
      'modem',
      'bi11',
      'biil',
      'øpple',
    ]) {
      const found = known.warnings(name, service(9).address).map(({ kind }) => kind);
      if (name === 'øpple')
        assert.deepEqual(found, ['similar-name']); // one letter off
      else assert.ok(found.includes('similar-name'), name);
    }
    assert.equal(skeleton('\u0430\u0440\u0440\u04cf\u0435'), skeleton('apple'));
    assert.deepEqual(known.warnings('orange', service(9).address), []);
  });

  test('one letter off: other, more, less, two swapped', () => {
    for (const name of ['alike', 'alic', 'alices', 'laice', 'allice'])
      assert.deepEqual(kinds(name, service(9).address), ['similar-name']);
    for (const name of ['carol', 'ecila', 'malices']) assert.deepEqual(kinds(name, service(9).address), [], name);
    assert.ok(!isOneSlip('bob', 'bob'));
  });

  test('an address that begins, ends, or is nearly like a known one', () => {
    const { address } = service(1);
    const other = service(9).address;
    assert.deepEqual(kinds('carol', address.slice(0, 6) + other.slice(6)), ['similar-address']);
    assert.deepEqual(kinds('carol', other.slice(0, 49) + address.slice(49)), ['similar-address']);
    const flipped = address[20] === 'a' ? 'b' : 'a';
    assert.deepEqual(kinds('carol', address.slice(0, 20) + flipped + address.slice(21)), ['similar-address']);
    assert.deepEqual(kinds('carol', other), []);
    assert.deepEqual(kinds('carol', address), ['second-name']);
  });

  test('words and picture of an address', () => {
    const { address } = service(1);
    // Others compare them with what they wrote down: they never change.
    assert.equal(addressWords(address), 'sutus-fomut-gotub-gimus');
    assert.match(
      addressWords(service(2).address),
      /^([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz](-([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz]){3}$/,
    );
    assert.notEqual(addressWords(service(2).address), addressWords(address));
    const lines = addressPicture(address).split('\n');
    assert.equal(lines.length, 11);
    for (const line of lines) assert.equal(line.length, 19);
    assert.notEqual(addressPicture(service(2).address), addressPicture(address));
  });
});

describe('what a host name stands for', () => {
  const edges = new Map([['bob', service(7).address]]);
  const withEdges = book.setEdges({ from: service(2).address, signedMs: addedMs, names: edges });
  const answer = (host: string) => resolvePetname(withEdges, host);

  test('petnames and edge names', () => {
    assert.deepEqual(answer('bob.petname.onion'), { kind: 'address', address: service(1).address });
    assert.deepEqual(answer('bob.alice.petname.onion'), { kind: 'address', address: service(7).address });
    const zoe = AddressBook.empty.add(petname('zoë', 3));
    for (const host of ['zoë.petname.onion', 'xn--zo-ija.petname.onion']) {
      assert.deepEqual(resolvePetname(zoe, host), { kind: 'address', address: service(3).address });
    }
  });

  test('other hosts are none of ours', () => {
    for (const host of ['bob.onion', 'petname.onion', 'bob.petname.onion.example', 'xpetname.onion', 'bob']) {
      assert.equal(answer(host), undefined, host);
    }
  });

  test('nothing else resolves, however near', () => {
    const hosts = [
      'carol',
      'b0b',
      'bobb',
      '',
      '.',
      'bob.',
      '.bob',
      'alice.bob',
      'x.bob.alice',
      'bob.bob',
      'bob/x',
      '%62ob',
      'bob@',
    ];
    for (const host of [
      ...hosts,
      'x@bob',
      'bob:80',
      'bob?x',
      'bob#x',
      'b\u00adob',
      'bo\u200bb',
      '__proto__',
      'constructor',
    ]) {
      assert.equal(answer(`${host}.petname.onion`)?.kind, 'unknown', host);
    }
    assert.deepEqual(answer('b0b.petname.onion'), { kind: 'unknown', name: 'b0b', nearest: 'bob' });
    assert.deepEqual(answer('carol.petname.onion'), { kind: 'unknown', name: 'carol', nearest: undefined });
  });

  test('a nickname never resolves', () => {
    const nicknamed = AddressBook.empty.add({ ...petname('shop', 3), nickname: 'market' });
    assert.equal(resolvePetname(nicknamed, 'market.petname.onion')?.kind, 'unknown');
  });

  test('names of a service whose petname is gone resolve no more', () => {
    const without = withEdges.remove('alice');
    assert.equal(resolvePetname(without, 'bob.alice.petname.onion')?.kind, 'unknown');
    const renamed = withEdges.rename('alice', 'al');
    assert.deepEqual(resolvePetname(renamed, 'bob.al.petname.onion'), { kind: 'address', address: service(7).address });
  });
});

describe('the book', () => {
  test('a name stays what it is until it is removed', () => {
    assert.throws(() => book.add(petname('bob', 3)), { code: 'NAME_TAKEN' });
    assert.throws(() => book.rename('alice', 'Bob'), { code: 'NAME_TAKEN' });
    assert.throws(() => book.remove('carol'), { code: 'NAME_UNKNOWN' });
    assert.equal(book.remove('bob').add(petname('bob', 3)).petname('bob')?.address, service(3).address);
    assert.equal(book.petname('bob')?.address, service(1).address, 'a book never changes');
  });

  test('merging: ours stays, the other is told, nothing is lost', () => {
    const other = AddressBook.empty.add(petname('bob', 9)).add(petname('carol', 3)).add(petname('alice', 2));
    const { book: merged, conflicts } = book.merge(other);
    assert.deepEqual(
      merged.petnames.map(({ name }) => name),
      ['alice', 'bob', 'carol'],
    );
    assert.equal(merged.petname('bob')?.address, service(1).address);
    assert.deepEqual(conflicts, [{ name: 'bob', ours: service(1).address, theirs: service(9).address }]);
  });

  test('of two lists of one service the newer stays', () => {
    const from = service(2).address;
    const list = (signedMs: number, number: number) => ({
      from,
      signedMs,
      names: new Map([['x', service(number).address]]),
    });
    const newer = book.setEdges(list(2000, 7));
    assert.throws(() => newer.setEdges(list(1000, 8)), { code: 'NAME_LIST_OLD' });
    const older = book.setEdges(list(1000, 8));
    for (const { book: merged } of [newer.merge(older), older.merge(newer)])
      assert.equal(merged.edgesOf(from)?.signedMs, 2000);
  });
});
