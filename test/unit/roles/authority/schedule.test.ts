import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  currentIntervalStart,
  nextIntervalStart,
  nextRound,
} from '../../../../src/roles/authority/schedule/intervals.ts';

const at = (text: string): number => Date.parse(`2026-11-21T${text}Z`);

test('intervals begin at midnight and end there', () => {
  assert.equal(nextIntervalStart(at('12:00:00'), 3600_000), at('13:00:00'));
  assert.equal(nextIntervalStart(at('12:59:59.999'), 3600_000), at('13:00:00'));
  // 7 hours: 00, 07, 14; 21 would be too short. Then C tor counts back from midnight, and so do we.
  const seven = 7 * 3600_000;
  assert.equal(nextIntervalStart(at('13:00:00'), seven), at('14:00:00'));
  assert.equal(nextIntervalStart(at('15:00:00'), seven), at('17:00:00'));
  assert.equal(nextIntervalStart(at('18:00:00'), seven), Date.parse('2026-11-22T00:00:00Z'));
  assert.equal(nextIntervalStart(at('12:00:00'), 20_000, 5000), at('12:00:05'));
  assert.equal(nextIntervalStart(at('12:00:06'), 20_000, 5000), at('12:00:25'));
});

test('the steps of a round', () => {
  const round = nextRound(at('12:00:01'), { intervalSec: 20, voteDelaySec: 4, distDelaySec: 4 });
  assert.deepEqual(round, {
    intervalMs: 20_000,
    votingStartsMs: at('12:00:12'),
    fetchVotesMs: at('12:00:14'),
    votingEndsMs: at('12:00:16'),
    fetchSignaturesMs: at('12:00:18'),
    intervalStartsMs: at('12:00:20'),
  });
  assert.equal(currentIntervalStart(round), at('12:00:00'));
  const tight = nextRound(at('12:00:01'), { intervalSec: 20, voteDelaySec: 9, distDelaySec: 9 });
  assert.equal(tight.votingStartsMs, at('12:00:10'));
});
