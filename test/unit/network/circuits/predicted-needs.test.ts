import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PredictedNeeds } from '../../../../src/network/circuits/predicted-needs.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';

const timeoutMs = 1000;
const startMs = 1_000_000;
const scene = (): PredictedNeeds => new PredictedNeeds(seededRandom(1), { defaultTimeoutMs: () => timeoutMs }, startMs);

test('port 443 is wanted from the start, and what was asked for lately', () => {
  const needs = scene();
  assert.deepEqual(needs.ports(startMs), [443]);
  needs.notePort(22, startMs + 10);
  needs.notePort(0, startMs + 10);
  assert.deepEqual(needs.ports(startMs + 20), [443, 22]);
});

test('everything is forgotten between one and two timeouts later', () => {
  const needs = scene();
  assert.ok(needs.ports(startMs + timeoutMs - 1).length > 0);
  assert.deepEqual(needs.ports(startMs + 2 * timeoutMs), []);
  assert.equal(needs.remainingMs(startMs + 2 * timeoutMs), 0);
});

test('internal circuits are pretended to be wanted at first, then only when they were', () => {
  const needs = scene();
  assert.deepEqual(needs.internal(startMs), { uptime: true, capacity: true });
  assert.equal(needs.internal(startMs + 2 * timeoutMs), undefined);
  needs.noteInternal({ uptime: false, capacity: true }, startMs + 3 * timeoutMs);
  assert.deepEqual(needs.internal(startMs + 3 * timeoutMs), { uptime: false, capacity: true });
});

test('a clock that went back keeps circuits for the whole time', () => {
  const needs = scene();
  assert.ok(needs.remainingMs(startMs - 5000) >= timeoutMs);
});
