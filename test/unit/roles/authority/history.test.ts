import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterHistory } from '../../../../src/roles/authority/history/router-history.ts';
import { formatStability, loadStability } from '../../../../src/roles/authority/history/stability-file.ts';

const id = new Uint8Array(20).fill(5);
const t0 = 1_800_000_000;
const hour = 3600;
const at = { address: Uint8Array.of(127, 0, 0, 1), port: 9001 };

test('an unknown relay has no past', () => {
  const history = new RouterHistory();
  assert.deepEqual(
    [history.mtbfSec(id, t0), history.uptimeFraction(id, t0), history.timeKnownSec(id, t0), history.uptimeSec(id, t0)],
    [0, 0, 0, 0],
  );
  assert.ok(history.hasEnough(t0));
});

test('runs, downtime and what comes of them', () => {
  const history = new RouterHistory();
  history.reachable(id, at, t0, 100);
  assert.equal(history.uptimeSec(id, t0 + 10), 10);
  assert.equal(history.mtbfSec(id, t0 + 10 * hour), 10 * hour);
  assert.equal(history.uptimeFraction(id, t0 + 10 * hour), 1);
  history.unreachable(id, t0 + 10 * hour);
  assert.equal(history.uptimeSec(id, t0 + 11 * hour), 0);
  history.reachable(id, at, t0 + 20 * hour, 100);
  assert.equal(history.uptimeFraction(id, t0 + 20 * hour), 0.5);
  assert.equal(history.timeKnownSec(id, t0 + 20 * hour), 20 * hour);
  assert.equal(history.mtbfSec(id, t0 + 20 * hour), 5 * hour);
  assert.ok(!history.hasEnough(t0 + 3 * hour));
  assert.ok(history.hasEnough(t0 + 5 * hour));
});

test('another address counts as some downtime', () => {
  const history = new RouterHistory();
  history.reachable(id, at, t0, 100);
  history.reachable(id, { ...at, port: 9002 }, t0 + 1000, 100);
  assert.equal(history.uptimeSec(id, t0 + 1000), 0);
  assert.equal(history.uptimeFraction(id, t0 + 1000), 0.9);
  // A penalty longer than the run takes away from what was there.
  const young = new RouterHistory();
  young.reachable(id, at, t0, 100);
  young.reachable(id, { ...at, port: 9002 }, t0 + 10, 100);
  assert.equal(young.entry(id).weightedUptimeSec, 0);
});

test('what looks like a Sybil never ran', () => {
  const history = new RouterHistory();
  history.reachable(id, at, t0, 100);
  history.makePessimal(id, t0 + hour);
  assert.equal(history.uptimeFraction(id, t0 + 2 * hour), 0);
  assert.equal(history.mtbfSec(id, t0 + 2 * hour), 0);
});

test('the past counts less and less, and is forgotten', () => {
  const history = new RouterHistory();
  history.reachable(id, at, t0, 100);
  history.unreachable(id, t0 + 1000);
  assert.equal(history.discountOld(t0), t0 + 12 * hour);
  assert.equal(history.discountOld(t0 + 25 * hour), t0 + 36 * hour);
  const entry = history.entry(id);
  assert.equal(entry.weightedRunSec, Math.floor(1000 * 0.95 * 0.95));
  assert.ok(Math.abs(entry.runWeights - 0.9025) < 1e-9);
  history.discountOld(t0 + 3000 * hour);
  history.clean();
  assert.equal(history.entries.size, 0);
});

test("C tor's file is written and read; time in between does not count", () => {
  const history = new RouterHistory();
  const other = new Uint8Array(20).fill(6);
  history.reachable(id, at, t0, 100);
  history.reachable(other, at, t0, 100);
  history.unreachable(other, t0 + 500);
  history.discountOld(t0);
  const text = formatStability(history, t0 + 1000);
  assert.match(text, /^format 2\nstored-at 2027-01-15 08:16:40\ntracked-since /);
  assert.match(
    text,
    /\nR 0505050505050505050505050505050505050505\n\+MTBF 0 0\.00000 S=2027-01-15 08:00:00\n\+WFU 0 0\n/,
  );
  const read = new RouterHistory();
  assert.ok(loadStability(read, text, t0 + 5000));
  assert.equal(read.uptimeSec(id, t0 + 5000), 1000);
  assert.equal(read.entry(other).weightedUptimeSec, 500);
  assert.equal(read.entry(other).startOfDowntimeSec, t0 + 4500);
  assert.equal(read.state.trackedSinceSec, t0);
  for (const broken of ['', 'format 3\n', text.replace(/stored-at .*/, '')]) {
    assert.ok(!loadStability(new RouterHistory(), broken, t0));
  }
});
