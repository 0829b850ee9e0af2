import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import type { Relay } from '../../../../src/network/netdir/index.ts';
import { HsDirHistory } from '../../../../src/roles/onion/client/hsdir-history.ts';
import { IntroStates } from '../../../../src/roles/onion/client/intro-state.ts';
import { ReplayCache } from '../../../../src/roles/onion/service/replay-cache.ts';

const service = new Uint8Array(32).fill(1);
const point = new Uint8Array(32).fill(2);

function clockAt(): { now: () => number; monotonic: () => number; ms: number } {
  const clock = { ms: 1_000_000, now: () => clock.ms, monotonic: () => clock.ms };
  return clock;
}

test('introduction points: one error is enough, five failures to reach are, two minutes heal', () => {
  const clock = clockAt();
  const states = new IntroStates({ clock });
  assert.ok(states.usable(service, point));
  for (let i = 0; i < 4; i++) states.note(service, point, 'unreachable');
  assert.ok(states.usable(service, point));
  states.note(service, point, 'unreachable');
  assert.ok(!states.usable(service, point));
  clock.ms += 2 * 60_000 + 1;
  assert.ok(states.usable(service, point));
  states.note(service, point, 'timed-out');
  assert.ok(!states.usable(service, point));
  assert.ok(states.timedOut(service, point));
  states.forget(service);
  assert.ok(states.usable(service, point));
});

test('HSDirs: each is asked once per period, excluded ones only when nothing else is left and not strict', () => {
  const clock = clockAt();
  const history = new HsDirHistory({ clock, random: nodeRuntime.random }, { requeryMs: 15 * 60_000 });
  const relays = ['A', 'B', 'C'].map((fingerprint) => ({ fingerprint, hasDescriptor: true }) as Relay);
  const excluded = (relay: Relay): boolean => relay.fingerprint === 'C';
  const first = [1, 2].map(() => history.pick(relays, point, excluded, true)?.fingerprint).sort();
  assert.deepEqual(first, ['A', 'B']);
  assert.equal(history.pick(relays, point, excluded, true), undefined);
  assert.equal(history.pick(relays, point, excluded, false)?.fingerprint, 'C');
  assert.equal(history.pick(relays, point, excluded, false), undefined);
  assert.ok(history.pick(relays, service, excluded, true));
  clock.ms += 15 * 60_000 + 1;
  assert.ok(history.pick(relays, point, excluded, true));
});

test('replays are refused, old ones forgotten, and a flood does not fill memory', () => {
  const cache = new ReplayCache({ lifetimeMs: 1000, capacity: 100 });
  assert.ok(cache.add('a', 0));
  assert.ok(!cache.add('a', 999));
  assert.ok(cache.add('a', 2000));
  for (let i = 0; i < 10_000; i++) cache.add(`k${i}`, 2000);
  assert.ok(cache.size <= 100);
});
