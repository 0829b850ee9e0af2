import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkTopology, loadTopology, readyMadeNetworks, sizeOf } from '../../../../src/app/lab/index.ts';
import { withNames } from '../../../../src/app/lab/topology.ts';
import { TorError } from '../../../../src/base/errors/index.ts';

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(TorError.is(error), String(error));
  assert.equal(error.code, 'LAB_TOPOLOGY');
  assert.match(error.message, pattern);
  return true;
};

describe('a topology', () => {
  it('counts its nodes, with defaults', () => {
    assert.equal(sizeOf(checkTopology({})), 8);
    assert.equal(sizeOf(checkTopology({ authorities: 1, relays: 200, exits: [{}, { ipv6: true }], clients: 2 })), 205);
  });

  it('takes every ready-made network', () => {
    for (const { topology } of Object.values(readyMadeNetworks)) assert.equal(checkTopology(topology), topology);
  });

  it('numbers nodes in the order of their list, and takes no name twice', () => {
    const named = withNames('client', [{}, { name: 'client1' }, { name: 'alice' }, { torrc: ['SafeSocks 1'] }]);
    assert.deepEqual(
      named.map(({ name }) => name),
      ['client0', 'client1', 'alice', 'client2'],
    );
    assert.deepEqual(named[3]?.torrc, ['SafeSocks 1']);
  });

  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[], /network must be an object/],
    [{ relay: 3 }, /network\.relay is not known; there are authorities, relays/],
    [{ relays: -1 }, /network\.relays must be a count up to 1000 or a list/],
    [{ relays: 1001 }, /network\.relays must be a count/],
    [{ authorities: 0 }, /network\.authorities must have at least one/],
    [{ exits: [{ name: 'two words' }] }, /network\.exits\[0\]\.name must be 1 to 19 letters and digits/],
    [{ exits: [{ name: 'a' }], relays: [{ name: 'a' }] }, /two nodes called a/],
    [{ clients: [{ torrc: ['A 1\nB 2'] }] }, /network\.clients\[0\]\.torrc\[0\] must be one line of text/],
    [{ implementation: 'arti' }, /network\.implementation must be "tor", "tropea"/],
    [{ consensusParams: { cc_alg: 'x' } }, /network\.consensusParams\.cc_alg must be a whole number/],
    [{ __proto__: null, toString: 1 }, /network\.toString is not known/],
  ];
  for (const [value, pattern] of wrong) {
    it(`is refused: ${pattern.source}`, () => {
      assert.throws(() => checkTopology(value), refused(pattern));
    });
  }
});

describe('a topology from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-topology-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('is read from JSON and from a module', async () => {
    assert.deepEqual(await loadTopology(file('a.json', '{"relays": 5}')), { relays: 5 });
    assert.deepEqual(await loadTopology(file('b.mjs', 'export default { exits: 1 };')), { exits: 1 });
  });

  it('tells what is wrong with the file', async () => {
    await assert.rejects(loadTopology(file('c.json', '{')), refused(/c\.json: /));
    await assert.rejects(loadTopology(file('d.mjs', 'export const x = 1;')), refused(/network must be an object/));
    await assert.rejects(loadTopology(join(folder, 'none.json')), refused(/no file .*; the|no file .* ready-made/));
  });
});
