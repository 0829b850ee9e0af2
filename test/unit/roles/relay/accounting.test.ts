import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Accounting, type AccountingState } from '../../../../src/roles/relay/limits/accounting.ts';
import { intervalAt, parseAccountingStart } from '../../../../src/roles/relay/limits/accounting-interval.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { MemoryState } from '../../../support/memory-state.ts';

const megabyte = 2 ** 20;
const local = (text: string): number => new Date(text).getTime();

describe('accounting intervals', () => {
  it('begin as AccountingStart says, in local time', () => {
    const at = (text: string | undefined, now: string) => {
      const { startMs, endMs } = intervalAt(parseAccountingStart(text), local(now));
      return [new Date(startMs), new Date(endMs)].map((date) => date.toString().slice(4, 21));
    };
    assert.deepEqual(at(undefined, '2026-11-21T12:00'), ['Nov 01 2026 00:00', 'Dec 01 2026 00:00']);
    assert.deepEqual(at('month 28 3:30', '2026-11-21T12:00'), ['Oct 28 2026 03:30', 'Nov 28 2026 03:30']);
    assert.deepEqual(at('week 1 0:00', '2026-11-22T12:00'), ['Nov 16 2026 00:00', 'Nov 23 2026 00:00']);
    assert.deepEqual(at('week 7 13:00', '2026-11-22T12:00'), ['Nov 15 2026 13:00', 'Nov 22 2026 13:00']);
    assert.deepEqual(at('day 6:15', '2026-11-21T06:00'), ['Nov 20 2026 06:15', 'Nov 21 2026 06:15']);
  });
});

function relay(state = new MemoryState(), maxBytes = 2000 * megabyte) {
  const runtime = new FakeRuntime(local('2026-11-21T12:00'));
  const traffic = { read: 0, written: 0 };
  const states: AccountingState[] = [];
  const accounting = new Accounting(
    { clock: runtime.clock, timers: runtime.timers, state, traffic: () => ({ ...traffic }) },
    {
      config: { maxBytes, rule: 'max', start: 'day 0:00' },
      rate: 2 ** 30,
      rsaId: new Uint8Array(20).fill(3),
      changed: (next) => states.push(next),
    },
  );
  return { runtime, traffic, states, accounting };
}

describe('a relay with a quota', () => {
  it('takes nothing new near its end, sleeps when it is used up, and wakes with the next interval', () => {
    const { runtime, traffic, states, accounting } = relay();
    accounting.tick();
    traffic.read = 1899 * megabyte;
    traffic.written = 100 * megabyte;
    accounting.tick();
    assert.deepEqual(states, []);
    traffic.read = 1901 * megabyte;
    accounting.tick();
    assert.equal(accounting.state, 'soft');
    traffic.read = 2000 * megabyte;
    accounting.tick();
    assert.equal(accounting.state, 'hard');
    // It used its quota up in twelve hours, so it may sleep for the first half of the next day.
    runtime.skip(23.9 * 3600_000);
    accounting.tick();
    assert.deepEqual(states, ['soft', 'hard', 'awake']);
    assert.deepEqual(accounting.used, { read: 0, written: 0 });
  });

  it('remembers over a restart what it used', () => {
    const state = new MemoryState();
    const first = relay(state);
    first.traffic.written = 1995 * megabyte;
    first.accounting.tick();
    first.accounting.stop();
    assert.equal(state.get('AccountingBytesWrittenInInterval'), String(1995 * megabyte));
    const again = relay(state);
    again.accounting.tick();
    assert.equal(again.accounting.state, 'soft');
  });

  it('chooses a time to wake when it knows how fast it uses its quota up', () => {
    const { runtime, traffic, accounting } = relay(new MemoryState(), 20_000 * megabyte);
    for (let second = 0; second < 3000; second++) {
      traffic.read += megabyte;
      runtime.skip(1000);
      accounting.tick();
    }
    runtime.skip(12 * 3600_000);
    accounting.tick();
    const { startMs, endMs, wakeMs } = accounting.interval;
    assert.ok(wakeMs >= startMs && wakeMs < endMs - (20_000 / 60) * 60_000);
    assert.equal(accounting.state, wakeMs > runtime.clock.now() ? 'hard' : 'awake');
  });
});
