import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bandwidthWeightNames, type Position, type Relay } from '../../../../src/network/netdir/index.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';
import { fingerprintOf, idOf, network, relay, snapshot, usualWeights, validAfterMs } from '../../../support/relays.ts';

const all = 'Fast Running Stable Valid';

describe('Snapshot look-ups', () => {
  const [a, b] = [relay(1, { nickname: 'Alpha' }), relay(2, { nickname: 'beta', descriptor: false })];
  const netdir = snapshot([a, b]);

  it('finds relays by every kind of name', () => {
    for (const name of [
      'alpha',
      'ALPHA',
      fingerprintOf(1),
      fingerprintOf(1).toLowerCase(),
      `$${fingerprintOf(1)}`,
      `$${fingerprintOf(1)}~x`,
    ]) {
      assert.equal(netdir.byNameOrId(name), a, name);
    }
    for (const name of ['gamma', `$${fingerprintOf(1)}=Alpha`, '', '$', 'Unnamed', fingerprintOf(3)]) {
      assert.equal(netdir.byNameOrId(name), undefined, name);
    }
    assert.equal(netdir.byRsaId(idOf(2)), b);
    assert.equal(netdir.byFingerprint(fingerprintOf(2)), b);
    assert.equal(netdir.byEd25519Id(a.ed25519Id ?? new Uint8Array(0)), a);
    assert.equal(netdir.byEd25519Id(new Uint8Array(32)), undefined);
  });

  it('knows its age', () => {
    const dayMs = 86_400_000;
    assert.ok(netdir.isLive(validAfterMs));
    assert.ok(!netdir.isLive(validAfterMs - 1));
    assert.ok(!netdir.isLive(netdir.validUntilMs + 1));
    assert.ok(netdir.isReasonablyLive(validAfterMs - dayMs));
    assert.ok(netdir.isReasonablyLive(netdir.validUntilMs + dayMs));
    assert.ok(!netdir.isReasonablyLive(netdir.validUntilMs + dayMs + 1));
  });
});

describe('position weights', () => {
  const kinds: readonly (readonly [string, Record<Position, string>])[] = [
    ['Guard', { guard: 'Wgg', middle: 'Wmg', exit: 'Weg', dir: 'Wbg', none: '' }],
    ['', { guard: 'Wgm', middle: 'Wmm', exit: 'Wem', dir: 'Wbm', none: '' }],
    ['Exit', { guard: '0', middle: 'Wme', exit: 'Wee', dir: 'Wbe', none: '' }],
    ['Guard Exit', { guard: 'Wgd', middle: 'Wmd', exit: 'Wed', dir: 'Wbd', none: '' }],
    ['Exit BadExit', { guard: 'Wgm', middle: 'Wmm', exit: 'Wem', dir: 'Wbm', none: '' }],
  ];

  it('multiply bandwidth with the weight of position and flags', () => {
    // Every weight its own number, so that none can stand for another.
    const weights = new Map(bandwidthWeightNames.map((name, i) => [name as string, 100 * (i + 1)]));
    const factor = (name: string): number =>
      name === '' ? 1 : name === '0' ? 0 : (weights.get(name) ?? Number.NaN) / 10000;
    for (const [flags, names] of kinds) {
      const each = relay(1, { flags: `${all} ${flags}`, weight: 20 });
      const netdir = snapshot([each], { bandwidthWeights: weights });
      for (const position of ['guard', 'middle', 'exit', 'dir', 'none'] as const) {
        assert.ok(
          Math.abs(netdir.weightOf(each, position) - 20_000 * factor(names[position])) < 1e-6,
          `${flags} ${position}`,
        );
      }
    }
  });

  it('multiply directory caches once more, but not for directory use', () => {
    const weights = new Map(bandwidthWeightNames.map((name) => [name as string, 5000]));
    const cache = relay(1, { flags: `${all} V2Dir`, weight: 20 });
    const netdir = snapshot([cache], { bandwidthWeights: weights });
    assert.equal(netdir.weightOf(cache, 'middle'), 5000);
    assert.equal(netdir.weightOf(cache, 'dir'), 10_000);
    assert.equal(netdir.weightOf(cache, 'none'), 20_000);
  });

  it('fall back to bandwidth when one weight is missing', () => {
    const weights = new Map(usualWeights);
    weights.delete('Wmg');
    const guard = relay(1, { flags: `${all} Guard`, weight: 20 });
    const netdir = snapshot([guard], { bandwidthWeights: weights });
    assert.equal(netdir.weightOf(guard, 'middle'), 20_000);
    assert.equal(netdir.weightOf(guard, 'guard'), 20_000 * 0.5797);
  });

  it('hold weights to the scale, which is a parameter', () => {
    const weights = new Map(bandwidthWeightNames.map((name) => [name as string, 700]));
    const middle = relay(1, { flags: all, weight: 20 });
    const netdir = snapshot([middle], { bandwidthWeights: weights, params: new Map([['bwweightscale', 500]]) });
    assert.equal(netdir.weightOf(middle, 'middle'), 20_000);
  });

  it('guess where the consensus says nothing and hold huge numbers back', () => {
    const [silent, huge] = [relay(1, { flags: all, weight: undefined }), relay(2, { flags: all, weight: 0xffffffff })];
    const netdir = snapshot([silent, huge]);
    assert.equal(netdir.weightOf(silent, 'none'), 30_000);
    assert.equal(netdir.weightOf(huge, 'none'), 2147483647);
  });

  it('count a guard of known guard fraction partly as what it is besides', () => {
    const guard = relay(1, { flags: `${all} Guard`, weight: 20, guardFraction: 25 });
    const netdir = snapshot([guard], { params: new Map([['UseGuardFraction', 1]]) });
    assert.equal(snapshot([guard]).weightOf(guard, 'middle'), 20_000 * 0.4203);
    assert.ok(Math.abs(netdir.weightOf(guard, 'middle') - (5000 * 0.4203 + 15_000)) < 1e-6);
    assert.ok(Math.abs(netdir.weightOf(guard, 'guard') - 20_000 * 0.5797) < 1e-6);
  });
});

/** Pearson's statistic; `expected` are shares. */
function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  const total = counts.reduce((sum, n) => sum + n, 0);
  return counts.reduce((sum, n, i) => {
    const want = total * (expected[i] ?? 0);
    return want === 0 ? sum + (n === 0 ? 0 : Number.POSITIVE_INFINITY) : sum + (n - want) ** 2 / want;
  }, 0);
}

describe('weighted picks', () => {
  const relays = network(40);
  const netdir = snapshot(relays);
  const draws = 40_000;

  /** Counts draws and compares with the weights: 39 degrees of freedom, p = 0.0001 at about 80. */
  function check(position: Position, accept: (relay: Relay) => boolean, draw: () => Relay | undefined): void {
    const counts = new Map<Relay, number>();
    for (let i = 0; i < draws; i++) {
      const drawn = draw();
      assert.ok(drawn !== undefined && accept(drawn));
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    const accepted = relays.filter(accept);
    const weights = accepted.map((each) => netdir.weightOf(each, position));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const statistic = chiSquare(
      accepted.map((each) => counts.get(each) ?? 0),
      weights.map((weight) => weight / total),
    );
    assert.ok(statistic < 80, `${position}: ${statistic}`);
  }

  it('follow the weights in every position', () => {
    const random = seededRandom(7);
    for (const position of ['guard', 'middle', 'exit', 'dir', 'none'] as const) {
      check(
        position,
        () => true,
        () => netdir.pick(position, random, () => true),
      );
    }
  });

  it('follow them among the accepted, be they many or few', () => {
    const random = seededRandom(8);
    const few = (each: Relay): boolean =>
      each.flags.guard && each.fingerprint.startsWith('0000000') && !each.flags.exit;
    check('guard', few, () => netdir.pick('guard', random, few));
    const rare = new Set(relays.filter((each) => (each.weight ?? 0) < 700));
    assert.ok(rare.size >= 2);
    const isRare = (each: Relay): boolean => rare.has(each);
    check('none', isRare, () => netdir.pick('none', random, isRare));
  });

  it('follow them among given candidates', () => {
    const random = seededRandom(9);
    const candidates = relays.filter((each) => each.flags.exit);
    check(
      'exit',
      (each) => each.flags.exit,
      () => netdir.pickFrom(candidates, 'exit', random),
    );
  });

  it('are uniform when nothing weighs anything', () => {
    const random = seededRandom(10);
    // Exits weigh nothing as guards; none of these has anything but the Exit flag.
    const exits = [1, 2, 3, 4].map((n) => relay(n, { flags: `${all} Exit`, weight: n * 1000 }));
    const only = snapshot(exits);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 8000; i++) {
      const at = exits.indexOf(only.pick('guard', random, () => true) as Relay);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    assert.ok(chiSquare(counts, [0.25, 0.25, 0.25, 0.25]) < 20);
  });

  it('never take a relay of no weight while another has some', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 20 }), fc.nat(), (weights, seed) => {
        const few = weights.map((weight, n) => relay(n, { flags: all, weight }));
        const picked = snapshot(few).pick('none', seededRandom(seed), () => true);
        assert.ok(picked !== undefined);
        if (weights.some((weight) => weight > 0)) assert.ok((picked.weight ?? 0) > 0);
      }),
    );
  });

  it('say undefined when none is accepted', () => {
    assert.equal(
      netdir.pick('exit', seededRandom(1), () => false),
      undefined,
    );
    assert.equal(netdir.pickFrom([], 'exit', seededRandom(1)), undefined);
    assert.equal(
      snapshot([]).pick('exit', seededRandom(1), () => true),
      undefined,
    );
  });
});
