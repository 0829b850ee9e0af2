import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildTimes, defaultBuildTimeParams } from '../../../../src/network/circuits/build-times.ts';
import type { BuildTimeEvent } from '../../../../src/network/circuits/index.ts';
import { MemoryStore, readBuildTimes, StateFile, writeBuildTimes } from '../../../../src/network/storage/index.ts';
import { FakeTime, seededRandom } from '../fakes.ts';

const make = (options: Partial<ConstructorParameters<typeof BuildTimes>[1]> = {}, params = defaultBuildTimeParams) => {
  const events: BuildTimeEvent[] = [];
  const times = new BuildTimes(
    { random: seededRandom(), onEvent: (e) => events.push(e) },
    { learn: true, ...options },
    params,
  );
  return { times, events };
};
const built = { measureOnly: false };

test('before enough circuits the initial timeout holds', () => {
  const { times } = make();
  assert.equal(times.timeoutMs, 60_000);
  for (let i = 0; i < 99; i++) times.addBuilt(500, built);
  assert.equal(times.computed, false);
  assert.equal(times.timeoutMs, 60_000);
});

test('samples of a Pareto distribution give its 80% quantile back', () => {
  const { times, events } = make();
  const random = seededRandom(7);
  const [xm, alpha] = [500, 3];
  for (let i = 0; i < 1000; i++) times.addBuilt(xm / (1 - random.unit()) ** (1 / alpha), built);
  const expected = xm / 0.2 ** (1 / alpha);
  assert.equal(times.computed, true);
  assert.ok(Math.abs(times.timeoutMs - expected) / expected < 0.15, `${times.timeoutMs} for ${expected}`);
  assert.ok(Math.abs(times.timeoutRate - 0.2) < 0.05, `${times.timeoutRate}`);
  assert.equal(times.closeMs, 60_000);
  assert.equal(events.at(-1)?.kind, 'computed');
});

test('the formula, number by number', () => {
  // 60 circuits in the bin of 105 ms, 40 at 200 ms: Xm = (105*60 + 205*40) / 100 = 145, by C tor's integer division.
  const { times } = make();
  for (let i = 0; i < 60; i++) times.addBuilt(100, built);
  for (let i = 0; i < 40; i++) times.addBuilt(200, built);
  assert.equal(times.xm, 145);
  const alpha = 100 / (60 * Math.log(145) + 40 * Math.log(200) - 100 * Math.log(145));
  assert.ok(Math.abs(times.alpha - alpha) < 1e-9);
  assert.ok(Math.abs(times.timeoutMs - 145 / 0.2 ** (1 / alpha)) < 1e-6);
});

test('the timeout is never longer than the longest circuit seen, nor shorter than the minimum', () => {
  const { times } = make();
  for (let i = 0; i < 50; i++) times.addBuilt(10, built);
  for (let i = 0; i < 50; i++) times.addBuilt(900, built);
  assert.ok(times.timeoutMs <= 900);
  const fast = make({}, { ...defaultBuildTimeParams, minTimeoutMs: 40 }).times;
  for (let i = 0; i < 100; i++) fast.addBuilt(2, built);
  assert.equal(fast.timeoutMs, 40);
});

test('abandoned circuits are left out of alpha and told in the close rate', () => {
  const { times } = make();
  times.noteNetworkLive(10_000);
  for (let i = 0; i < 75; i++) times.addBuilt(300, built);
  for (let i = 0; i < 25; i++) times.countClosed(5000);
  assert.equal(times.total, 100);
  assert.equal(times.closeRate, 0.25);
  assert.equal(times.xm, 305);
});

test('a dead network teaches nothing', () => {
  const { times } = make();
  times.noteNetworkLive(1000);
  times.countClosed(2000);
  assert.equal(times.live, false);
  assert.equal(times.total, 0);
  times.addBuilt(300, built);
  assert.equal(times.total, 0);
  times.noteNetworkLive(3000);
  times.addBuilt(300, built);
  assert.equal(times.total, 1);
});

test('a clock that jumped teaches nothing', () => {
  const { times } = make();
  times.addBuilt(-5, built);
  times.addBuilt(121_001, built);
  assert.equal(times.total, 0);
  times.addBuilt(121_000, built);
  assert.equal(times.total, 1);
});

test('eighteen timeouts of twenty mean another network: everything is forgotten, then the time is doubled', () => {
  const { times, events } = make();
  for (let i = 0; i < 100; i++) times.addBuilt(300, built);
  assert.ok(times.timeoutMs < 60_000);
  for (let i = 0; i < 17; i++) times.countTimeout(true);
  assert.equal(times.total, 100);
  times.countTimeout(false);
  assert.equal(times.total, 100, 'the first hop did not answer: not the network beyond it');
  times.countTimeout(true);
  assert.equal(times.total, 0);
  assert.equal(times.timeoutMs, 60_000);
  assert.equal(events.at(-1)?.kind, 'reset');
  for (let i = 0; i < 18; i++) times.countTimeout(true);
  assert.equal(times.timeoutMs, 120_000);
  assert.equal(times.closeMs, 120_000);
});

test('without learning the configured time stands', () => {
  const { times } = make({ learn: false, configuredTimeoutMs: 7000 });
  for (let i = 0; i < 200; i++) times.addBuilt(100, built);
  for (let i = 0; i < 30; i++) times.countTimeout(true);
  assert.equal(times.timeoutMs, 7000);
  assert.equal(times.closeMs, 7000);
  assert.equal(times.total, 0);
});

test('test circuits are wanted only while learning and not too often', () => {
  const { times } = make();
  assert.equal(times.needsCircuitNow(0), true);
  times.noteCircuitLaunched(0);
  assert.equal(times.needsCircuitNow(10_000), false);
  assert.equal(times.needsCircuitNow(10_001), true);
  for (let i = 0; i < 100; i++) times.addBuilt(300, built);
  assert.equal(times.needsCircuitNow(99_999), false);
});

test('the histogram survives the state file', async () => {
  const time = new FakeTime();
  const deps = { store: new MemoryStore(), clock: time, timers: time };
  const { times } = make();
  times.noteNetworkLive(1);
  for (let i = 0; i < 120; i++) times.addBuilt(200 + i, built);
  times.countClosed(0);
  const state = await StateFile.load(deps, { version: 'Tor 0.4.9.11' });
  writeBuildTimes(state, times.histogram());
  await state.save();
  const again = await StateFile.load(deps, { version: 'Tor 0.4.9.11' });
  const restored = make({ stored: readBuildTimes(again) }).times;
  assert.equal(restored.total, 121);
  assert.deepEqual(restored.histogram(), times.histogram());
  assert.equal(restored.computed, true);
});
