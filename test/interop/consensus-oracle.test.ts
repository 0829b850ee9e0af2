import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeConsensus } from '../../src/roles/authority/index.ts';
import { seededRandom } from '../support/fake-runtime.ts';
import { RandomVotes } from '../support/random-votes.ts';
import { askOracle, startOracle, until } from './support/ctor-oracle.ts';

const seeds = (process.env.TROPEA_ORACLE_SEEDS ?? '1,2').split(',').map(Number);

/** Votes that no network would make: what C tor makes of them, we make, byte for byte. */
test('C tor computes what we compute', { timeout: 60_000 + seeds.length * 45_000 }, async () => {
  const oracle = await startOracle(6);
  try {
    await until('C tor', () => {
      assert.doesNotMatch(oracle.log(), /\[err\]/);
      return oracle.log().includes('Scheduling voting') ? true : undefined;
    });
    for (const seed of seeds) {
      const { ns, microdesc, used } = await askOracle(oracle, (validAfterMs) => {
        const random = new RandomVotes(seededRandom(seed), { relays: 150, disorder: 1, validAfterMs, intervalSec: 30 });
        return oracle.paper.map((authority) => random.vote(authority));
      });
      assert.equal(used.length, 7);
      const { texts } = computeConsensus(used, { totalAuthorities: 7 });
      assert.equal(texts.ns, ns, `ns, seed ${seed}`);
      assert.equal(texts.microdesc, microdesc, `microdesc, seed ${seed}`);
    }
  } finally {
    await oracle.stop();
  }
});
