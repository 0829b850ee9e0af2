import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBase16 } from '../../../../src/base/bytes/index.ts';
import {
  disasterSrv,
  HashRing,
  hsDirIndex,
  hsIndex,
  isBetweenPeriodAndSrv,
  periodNumberAt,
  periodRules,
  periodStartSec,
  sharedRandomRunStartSec,
} from '../../../../src/network/netdir/index.ts';
import { relay, snapshot } from '../../../support/relays.ts';
import { loadVectors } from '../../../support/vectors.ts';

interface PeriodVector {
  readonly unix: number;
  readonly length_minutes: number;
  readonly rotation_offset_minutes: number;
  readonly period: number;
  readonly next_period_starts?: number;
}

interface IndexVector {
  readonly kind: 'hs_index' | 'hsdir_index';
  readonly blinded_public: string;
  readonly identity: string;
  readonly srv: string;
  readonly replica: number;
  readonly period: number;
  readonly length_minutes: number;
  readonly out: string;
}

interface ResponsibleVector {
  readonly hsdirs: readonly string[];
  readonly srv: string;
  readonly blinded_public: string;
  readonly period: number;
  readonly length_minutes: number;
  readonly replicas: number;
  readonly spread: number;
  readonly responsible: readonly string[];
}

const vectorGroup = <T>(group: string): T[] => loadVectors('onion-service', group).map((vector) => vector.raw as T);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hourly = periodRules({ votingIntervalSec: 3600, hsdirIntervalMinutes: 1440, testingNetwork: false });
const at = (text: string): number => Date.parse(text) / 1000;

describe('time periods', () => {
  it('have the numbers of the vectors', () => {
    for (const vector of vectorGroup<PeriodVector>('time_periods')) {
      const votingIntervalSec = (vector.rotation_offset_minutes * 60) / 12;
      const testingNetwork = vector.length_minutes !== 1440;
      const rules = periodRules({ votingIntervalSec, hsdirIntervalMinutes: 1440, testingNetwork });
      assert.equal(rules.lengthMinutes, vector.length_minutes);
      assert.equal(periodNumberAt(vector.unix, rules), vector.period);
      if (vector.next_period_starts !== undefined) {
        assert.equal(periodStartSec(vector.period + 1, rules), vector.next_period_starts);
      }
    }
  });

  it('begin at noon, twelve hours after the shared random value', () => {
    assert.equal(sharedRandomRunStartSec(at('2026-11-21T23:00:00Z'), hourly), at('2026-11-21T00:00:00Z'));
    for (const [time, between] of [
      ['2026-11-21T00:00:00Z', false],
      ['2026-11-21T11:00:00Z', false],
      ['2026-11-21T12:00:00Z', true],
      ['2026-11-21T23:00:00Z', true],
      ['2026-11-22T00:00:00Z', false],
    ] as const) {
      assert.equal(isBetweenPeriodAndSrv(at(time), hourly), between, time);
    }
  });
});

describe('hash ring', () => {
  it('has the indexes of the vectors', () => {
    for (const v of vectorGroup<IndexVector>('hash_ring')) {
      const index =
        v.kind === 'hs_index'
          ? hsIndex(fromBase16(v.blinded_public), v.replica, v.period, v.length_minutes)
          : hsDirIndex(fromBase16(v.identity), fromBase16(v.srv), v.period, v.length_minutes);
      assert.equal(hex(index), v.out);
    }
  });

  it('has the disaster values of the vectors', () => {
    for (const v of vectorGroup<IndexVector>('disaster_srv')) {
      assert.equal(hex(disasterSrv(v.period, v.length_minutes)), v.out);
    }
  });

  it('finds the directories of the vectors', () => {
    for (const v of vectorGroup<ResponsibleVector>('responsible_hsdirs')) {
      const relays = v.hsdirs.map((identity, i) => Object.assign(relay(i), { ed25519Id: fromBase16(identity) }));
      const ring = new HashRing(relays, { periodNumber: v.period, srv: fromBase16(v.srv) }, v.length_minutes);
      const found = ring.responsible(fromBase16(v.blinded_public), v.replicas, v.spread);
      assert.deepEqual(
        found.map((each) => hex(each.ed25519Id ?? new Uint8Array(0))),
        v.responsible,
      );
    }
  });

  it('gives every directory once when there are fewer than wanted', () => {
    const relays = [1, 2, 3].map((n) => relay(n));
    const ring = new HashRing(relays, { periodNumber: 1, srv: new Uint8Array(32) }, 1440);
    assert.deepEqual(new Set(ring.responsible(new Uint8Array(32), 2, 4)), new Set(relays));
    assert.deepEqual(
      new HashRing([], { periodNumber: 1, srv: new Uint8Array(32) }, 1440).responsible(new Uint8Array(32), 2, 4),
      [],
    );
  });
});

describe('rings of a snapshot', () => {
  const srv = (fill: number) => ({ reveals: 9, value: new Uint8Array(32).fill(fill) });
  const rings = (time: string) => {
    const validAfterMs = Date.parse(time);
    const parts = { validAfterMs, freshUntilMs: validAfterMs + 3_600_000 };
    return snapshot([], { ...parts, sharedRandomPrevious: srv(1), sharedRandomCurrent: srv(2) }).hsDirRings();
  };

  it('take the current value between noon and midnight', () => {
    const period = periodNumberAt(at('2026-11-21T15:00:00Z'), hourly);
    assert.deepEqual(rings('2026-11-21T15:00:00Z'), {
      fetch: { periodNumber: period, srv: srv(2).value },
      storeFirst: { periodNumber: period - 1, srv: srv(1).value },
      storeSecond: { periodNumber: period, srv: srv(2).value },
    });
  });

  it('take the previous value between midnight and noon', () => {
    const period = periodNumberAt(at('2026-11-21T15:00:00Z'), hourly);
    assert.deepEqual(rings('2026-11-22T03:00:00Z'), {
      fetch: { periodNumber: period, srv: srv(1).value },
      storeFirst: { periodNumber: period, srv: srv(1).value },
      storeSecond: { periodNumber: period + 1, srv: srv(2).value },
    });
  });

  it('fetch where services store, at every hour of two days', () => {
    const key = (ring: { periodNumber: number; srv: Uint8Array }): string => `${ring.periodNumber} ${hex(ring.srv)}`;
    for (let hour = 0; hour < 48; hour++) {
      const validAfterMs = Date.UTC(2026, 10, 21) + hour * 3_600_000;
      const now = rings(new Date(validAfterMs).toISOString());
      assert.ok([now.storeFirst, now.storeSecond].map(key).includes(key(now.fetch)), `hour ${hour}`);
    }
  });

  it('stand on a disaster value when the consensus has none', () => {
    const now = snapshot([]).hsDirRings();
    assert.deepEqual(now.fetch.srv, disasterSrv(now.fetch.periodNumber, 1440));
    assert.deepEqual(now.storeFirst.srv, disasterSrv(now.storeFirst.periodNumber, 1440));
  });

  it('hold HSDir relays of protocol 2 with a known Ed25519 identity alone', () => {
    const flags = 'Fast HSDir Running Stable V2Dir Valid';
    const directories = [1, 2].map((n) => relay(n, { flags }));
    const others = [
      relay(3, { flags: 'Fast Running Stable Valid' }),
      relay(4, { flags, protocols: 'HSDir=1 Relay=2' }),
      relay(5, { flags, descriptor: false }),
    ];
    const netdir = snapshot([...directories, ...others]);
    const found = netdir.responsibleHsDirs({
      blindedKey: new Uint8Array(32),
      ring: netdir.hsDirRings().fetch,
      use: 'store',
    });
    assert.deepEqual(new Set(found), new Set(directories));
  });
});
