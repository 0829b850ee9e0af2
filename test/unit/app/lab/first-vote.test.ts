import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstVoteLines, quietLines } from '../../../../src/app/lab/first-vote.ts';

test('the schedule of the first vote is one that C tor takes, however long it may take', () => {
  const starts = fc.double({ min: 0.1, max: 1000, noNaN: true });
  const intervals = fc.constantFrom(5, 10, 20, 60, 300, 3600);
  fc.assert(
    fc.property(starts, intervals, fc.integer({ min: 0, max: 2 ** 41 }), (startS, votingIntervalS, nowMs) => {
      const [interval, offset] = firstVoteLines(startS, votingIntervalS, nowMs).map((line) =>
        Number(/ (\d+) seconds$/.exec(line)?.[1]),
      );
      assert.ok(interval !== undefined && offset !== undefined);
      assert.ok(interval >= 5 && interval <= votingIntervalS && 1800 % interval === 0, `interval of ${interval}`);
      assert.ok(Number.isInteger(offset) && offset >= 0 && offset < interval, `offset of ${offset} in ${interval}`);
    }),
  );
});

test('until then nobody votes', () => {
  const noon = Date.UTC(2026, 10, 21, 12, 0, 0);
  assert.equal(quietLines(noon).quietS, 1796);
  assert.equal(quietLines(noon + 1_790_000).quietS, 6);
  assert.deepEqual(quietLines(noon).lines, ['TestingV3AuthInitialVotingInterval 1800 seconds']);
});
