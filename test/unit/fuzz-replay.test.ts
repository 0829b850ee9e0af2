import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { corpus, type FuzzTarget, fuzzFiles, loadTarget, mutate, seededNumbers } from '../support/fuzzing.ts';

const mutationCount = 200;

const shown = (data: Uint8Array): string => Buffer.from(data.subarray(0, 2048)).toString('hex');

function run(target: FuzzTarget, data: Uint8Array, what: string): void {
  try {
    target.fuzz(data);
  } catch (error) {
    throw new Error(`${target.name} has a defect on ${what}: ${shown(data)}`, { cause: error });
  }
}

describe('fuzz targets', async () => {
  for (const file of fuzzFiles()) {
    const target = await loadTarget(file);
    const kept = corpus(target.name);

    it(`${target.name}: seeds and ${kept.length} kept inputs`, () => {
      const seeds = target.seeds();
      assert.ok(seeds.length > 0, 'a target needs seeds');
      for (const [index, seed] of seeds.entries()) run(target, seed, `seed ${index}`);
      for (const { file: name, data } of kept) run(target, data, name);
      run(target, new Uint8Array(0), 'nothing');
    });

    it(`${target.name}: ${mutationCount} mutations`, () => {
      const inputs = [...target.seeds(), ...kept.map(({ data }) => data)];
      const below = seededNumbers(1);
      for (let count = 0; count < mutationCount; count++) run(target, mutate(inputs, below), `mutation ${count}`);
    });
  }
});

describe('the mutator', () => {
  const inputs = [new Uint8Array(0), Uint8Array.of(1, 2, 3), Uint8Array.from(Buffer.from('one 1\ntwo 2\n'))];
  const produce = (seed: number): string[] => {
    const below = seededNumbers(seed);
    return Array.from({ length: 500 }, () => shown(mutate(inputs, below)));
  };

  it('repeats itself for a seed and not for another', () => {
    assert.deepEqual(produce(7), produce(7));
    assert.notDeepEqual(produce(7), produce(8));
  });

  it('gives many different inputs', () => {
    assert.ok(new Set(produce(7)).size > 250);
  });
});
