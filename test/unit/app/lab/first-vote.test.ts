import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delayS, firstVoteLines, quietTime } from '../../../../src/app/lab/first-vote.ts';
import { nextRound } from '../../../../src/roles/authority/schedule/intervals.ts';

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

test('the second round does not begin before the first one is over', () => {
  const day = Date.UTC(2026, 10, 21);
  const intervals = fc.constantFrom(10, 20, 30, 60, 300, 3600);
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 5, noNaN: true }),
      intervals,
      fc.integer({ min: 0, max: 80_000_000 }),
      (startS, votingIntervalS, sinceMs) => {
        const nowMs = day + sinceMs;
        const [intervalSec = 0, offsetSec = 0] = firstVoteLines(startS, votingIntervalS, nowMs).map((line) =>
          Number(/ (\d+) seconds$/.exec(line)?.[1]),
        );
        const firstMs = nextRound(nowMs, { intervalSec, offsetSec, voteDelaySec: 2, distDelaySec: 2 }).intervalStartsMs;
        const delay = delayS(votingIntervalS);
        const second = nextRound(firstMs, {
          intervalSec: votingIntervalS,
          offsetSec,
          voteDelaySec: delay,
          distDelaySec: delay,
        });
        assert.ok(
          second.votingStartsMs >= firstMs + 2000,
          `${(second.votingStartsMs - firstMs) / 1000} s after the first`,
        );
      },
    ),
  );
});

test('until then nobody votes, whatever time of the day it is', () => {
  const day = Date.UTC(2026, 10, 21);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 * 86_400_000 }), (sinceMs) => {
      const nowMs = day + sinceMs;
      const { lines, votingIntervalS, quietS } = quietTime(nowMs);
      const [intervalSec = 0, offsetSec = 0] = lines.map((line) => Number(/ (\d+) seconds$/.exec(line)?.[1]));
      assert.ok(offsetSec < Math.min(intervalSec, votingIntervalS));
      const { votingStartsMs } = nextRound(nowMs, { intervalSec, offsetSec, voteDelaySec: 2, distDelaySec: 2 });
      assert.ok(votingStartsMs >= nowMs + quietS * 1000, `a vote ${(votingStartsMs - nowMs) / 1000} s later`);
    }),
  );
});
