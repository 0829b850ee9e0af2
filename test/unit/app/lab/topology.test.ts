import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkTopology, loadTopology, readyMadeNetworks, sizeOf } from '../../../../src/app/lab/index.ts';
import { givenNames, type NodeOptions, withNames } from '../../../../src/app/lab/topology.ts';
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
    const past = withNames<NodeOptions>('client', [{}], givenNames({ relays: [{ name: 'client0' }, {}] }));
    assert.equal(past[0]?.name, 'client1', 'a relay has that name');
  });

  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[], /network must be an object/],
    [{ relay: 3 }, /network\.relay is not known; do you mean relays\? Else there are authorities, relays/],
    [{ relayz: 3 }, /network\.relayz is not known; do you mean relays\? Else there are authorities/],
    [{ relays: [{ nam: 'x' }] }, /network\.relays\[0\]\.nam is not known; do you mean name\?/],
    [{ clients: [{ bridges: ['bridge0'] }] }, /network\.clients\[0\]\.bridges names bridge0, .* there are none/],
    [{ bridges: [{}, { name: 'b' }], clients: [{ bridges: ['c'] }] }, /names c, .* there are bridge0, b/],
    [{ implementation: { name: 'x' } }, /network\.implementation\.command must name a program/],
    [{ implementation: { command: ['x'] } }, /network\.implementation\.name is missing/],
    [{ timing: { votingIntervalS: 7 } }, /network\.timing\.votingIntervalS must be 10 seconds or more/],
    [{ timing: { votingIntervalS: 11 } }, /divide a day/],
    [{ consensusParams: { 'a b': 1 } }, /network\.consensusParams\.a b is no name/],
    [{ onionServices: [{ ports: [{ virtualPort: 99_999, target: 'x' }] }] }, /ports\[0\]\.virtualPort must be a port/],
    [{ onionServices: [{ ports: [{ virtualPort: 80 }] }] }, /ports\[0\]\.target must be an address and port/],
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
