import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { DestinationChooser } from '../../../../src/roles/client/destination.ts';
import { AddressMap, type ClientRequest, type NameLookup } from '../../../../src/roles/client/index.ts';
import { AddressBook, resolvePetname } from '../../../../src/roles/names/index.ts';
import { defaultEntryFlags } from '../../../../src/wire/torrc/index.ts';
import { configOf } from './fakes.ts';

const address = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd';
const book = AddressBook.empty.add({ name: 'bob', address, addedMs: 0 });
const lookUp: NameLookup = (host) => resolvePetname(book, host);

function choose(host: string, command: ClientRequest['command'] = 'connect', names: NameLookup = lookUp) {
  const config = configOf('SocksPort auto\nAllowNonRFC953Hostnames 1\nAutomapHostsOnResolve 1');
  const map = new AddressMap(nodeRuntime, config);
  return new DestinationChooser({ map, names }, config).choose(
    { command, address: host, port: 80, ipv4Only: false },
    defaultEntryFlags,
  );
}

describe('petnames of the user', () => {
  test('stand for their address, however they are written', () => {
    for (const host of ['bob.petname.onion', 'BOB.PetName.Onion', 'bob.petname.onion.']) {
      assert.deepEqual(choose(host), { kind: 'onion', address, port: 80 }, host);
    }
  });

  test('an unknown name is refused, with the name that may be meant', () => {
    const refused = choose('b0b.petname.onion');
    assert.equal(refused.kind, 'refused');
    assert.match(refused.kind === 'refused' ? refused.message : '', /"b0b" is no name in your address book.*"bob"/);
  });

  test('nothing with the suffix goes to an exit, connecting, resolving or looking up backwards', () => {
    const hosts = ['carol', 'x.bob', '', '.', 'bob.', '%62ob', 'b\u043eb', 'bob\0', 'bob:1', 'a b', '127.0.0.1'];
    for (const host of [
      ...hosts.map((each) => `${each}.petname.onion`),
      'petname.onion',
      '.petname.onion.',
      'carol.petname.onion.',
    ]) {
      for (const command of ['connect', 'resolve'] as const) {
        // Resolving an onion name may give a virtual address, of this machine alone.
        assert.ok(['refused', 'answer'].includes(choose(host, command).kind), `${command} ${host}`);
      }
    }
    assert.equal(choose('bob.petname.onion', 'resolve').kind, 'answer');
    assert.equal(choose('carol.petname.onion', 'resolve').kind, 'refused');
  });

  test('a book that cannot be read refuses every petname, and no other name', () => {
    const broken: NameLookup = (host) => {
      if (!host.endsWith('.petname.onion')) return undefined;
      throw new TorError('NAME_BOOK_INVALID', 'line 3: not a name line');
    };
    const refused = choose('bob.petname.onion', 'connect', broken);
    assert.match(refused.kind === 'refused' ? refused.message : '', /line 3/);
    assert.equal(choose('example.com', 'connect', broken).kind, 'exit');
  });

  test('an onion name with a dot at its end is not for the DNS', () => {
    assert.deepEqual(choose(`${address}.onion.`), { kind: 'onion', address, port: 80 });
    assert.equal(choose('x.onion.').kind, 'refused');
  });
});
