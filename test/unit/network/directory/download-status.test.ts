import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DownloadStatus } from '../../../../src/network/directory/download-status.ts';
import { seededRandom } from '../fakes.ts';

test('the first try waits the initial delay and no longer', () => {
  const status = new DownloadStatus(seededRandom(), 'failure', () => 6);
  assert.equal(status.isReady(1000), false);
  assert.equal(status.isReady(6999), false);
  assert.equal(status.isReady(7000), true);
});

test('failures back off within the bounds of decorrelated jitter', () => {
  for (let seed = 1; seed < 50; seed++) {
    const status = new DownloadStatus(seededRandom(seed), 'failure', () => 0);
    let previousSec = 0;
    for (let i = 0; i < 12; i++) {
      status.noteFailure(0);
      const delaySec = status.nextAttemptMs(0) / 1000;
      assert.ok(delaySec >= 1, `${delaySec}`);
      assert.ok(delaySec < Math.max(previousSec * 3, 2), `${delaySec} after ${previousSec}`);
      previousSec = delaySec;
    }
    assert.equal(status.failures, 12);
    status.reset(0);
    assert.equal(status.isReady(0), true);
  }
});

test('an attempt schedule moves on with attempts, not with failures', () => {
  const status = new DownloadStatus(seededRandom(3), 'attempt', () => 0);
  assert.equal(status.isReady(0), true);
  status.noteAttempt(0);
  const nextMs = status.nextAttemptMs(0);
  assert.ok(nextMs >= 1000);
  status.noteFailure(0);
  assert.equal(status.nextAttemptMs(0), nextMs);
  assert.equal(status.failures, 1);
});

test('what cannot be had is never ready again', () => {
  const status = new DownloadStatus(seededRandom(), 'failure', () => 0);
  status.markImpossible();
  status.reset(0);
  assert.equal(status.isReady(Number.MAX_SAFE_INTEGER), false);
});
