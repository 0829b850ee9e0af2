import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeConsensus } from '../../../../../src/roles/authority/compute/consensus.ts';
import { parseVote } from '../../../../../src/wire/netdoc/index.ts';
import { documentNames, documentText } from '../../../../support/documents.ts';

const folder = 'network-0.4.9.11';
const rounds = new Map<string, string[]>();
for (const name of [...documentNames(folder, 'vote-'), ...documentNames(folder, 'nvote-')]) {
  const time = name.slice(-17);
  rounds.set(time, [...(rounds.get(time) ?? []), name]);
}

const unsigned = (text: string): string => text.slice(0, text.indexOf('directory-signature '));

test('recorded rounds of C tor give its consensuses byte for byte', () => {
  let compared = 0;
  for (const [time, names] of rounds) {
    if (names.length < 3) continue;
    const votes = names.map((name) => parseVote(documentText(name)));
    const { texts } = computeConsensus(votes, { totalAuthorities: 3 });
    assert.equal(texts.ns, unsigned(documentText(`${folder}/cons-ns-${time}`)), `ns ${time}`);
    assert.equal(texts.microdesc, unsigned(documentText(`${folder}/cons-md-${time}`)), `microdesc ${time}`);
    compared++;
    const shuffled = computeConsensus([...votes].reverse(), { totalAuthorities: 3 });
    assert.deepEqual(shuffled.texts, texts);
  }
  assert.ok(compared >= 4, `${compared} rounds`);
});
