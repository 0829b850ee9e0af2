import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatProtover,
  listVersions,
  missingProtocols,
  parseProtover,
  supports,
  supportsOrLater,
  voteProtover,
} from '../../../../src/wire/protover/index.ts';

const cTor =
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 ' +
  'Microdesc=1-3 Padding=2 Relay=2-6';

describe('parseProtover', () => {
  it('reads what C tor advertises and writes it back', () => {
    const list = parseProtover(cTor);
    assert.equal(formatProtover(list), cTor);
    assert.ok(supports(list, 'Relay', 4));
    assert.ok(!supports(list, 'Relay', 1));
    assert.ok(!supports(list, 'Relay', 64));
    assert.ok(!supports(list, 'Relay', -1));
  });

  it('shortens ranges', () => {
    assert.equal(formatProtover(parseProtover('Link=5,1,2,3 A=0-63 B=')), 'Link=1-3,5 A=0-63 B=');
  });

  for (const text of ['', '   '.slice(3), 'Link=', 'Link=0', 'Link=63', 'Link=32,31', 'Link=1  Relay=2 ', 'L-9=001']) {
    it(`accepts ${JSON.stringify(text)}`, () => {
      parseProtover(text);
    });
  }

  const refused = [
    ' Link=1',
    'Link',
    '=1',
    'Link=1,',
    'Link=,1',
    'Link=1,,2',
    'Link=64',
    'Link=1-64',
    'Link=3-2',
    'Link=1-',
    'Link=-1',
    'Link=+1',
    'Link=1 -2',
    'Link=1x',
    'Li_nk=1',
    'Link=1=2',
    'Link=99999999999999999999',
    `${'L'.repeat(101)}=1`,
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
      assert.throws(() => parseProtover(text), { code: 'BAD_PROTOVER' });
    });
  }

  it('counts a name given twice once, the first time', () => {
    const list = parseProtover('Link=1 Link=2');
    assert.ok(supports(list, 'Link', 1));
    assert.ok(!supports(list, 'Link', 2));
  });

  it('compares names with case, except in supportsOrLater', () => {
    const list = parseProtover('link=4');
    assert.ok(!supports(list, 'Link', 4));
    assert.ok(supportsOrLater(list, 'Link', 3));
    assert.ok(!supportsOrLater(list, 'Link', 5));
  });

  it('round-trips any list', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/);
    const versions = fc.uniqueArray(fc.integer({ min: 0, max: 63 }));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, versions), { selector: ([key]) => key }), (entries) => {
        const text = entries.map(([key, numbers]) => `${key}=${numbers.join(',')}`).join(' ');
        const list = parseProtover(text);
        for (const [key, numbers] of entries) {
          const set = list.get(key);
          assert.ok(set !== undefined);
          assert.deepEqual(
            listVersions(set),
            [...numbers].sort((a, b) => a - b),
          );
        }
        assert.deepEqual(parseProtover(formatProtover(list)), list);
      }),
    );
  });

  it('answers anything with a list or BAD_PROTOVER', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Z0-9=, -]{0,40}$/)), (text) => {
        try {
          parseProtover(text);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'BAD_PROTOVER');
        }
      }),
    );
  });
});

describe('missingProtocols', () => {
  it('lists what we lack', () => {
    const wanted = parseProtover('Cons=1-2 Link=4-7 Wombat=1 Quokka=');
    assert.equal(formatProtover(missingProtocols(wanted, parseProtover(cTor))), 'Link=6-7 Wombat=1');
    assert.equal(missingProtocols(parseProtover('Relay=2-4'), parseProtover(cTor)).size, 0);
  });
});

describe('voteProtover', () => {
  it('keeps what enough voters have, names sorted', () => {
    const lists = ['Foo=1-10,500'.replace(',500', ''), 'Bar=1,3-7,8 Foo=5-9', 'Bar=3,9-12 Foo=1-5'].map(parseProtover);
    assert.equal(formatProtover(voteProtover(lists, 2)), 'Bar=3 Foo=1-9');
    assert.equal(formatProtover(voteProtover(lists, 3)), 'Foo=5');
    assert.equal(formatProtover(voteProtover(lists, 4)), '');
    assert.equal(formatProtover(voteProtover([], 1)), '');
  });
});
