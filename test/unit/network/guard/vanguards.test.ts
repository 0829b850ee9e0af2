import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Vanguards, type VanguardsOptions } from '../../../../src/network/guard/index.ts';
import { type NetDir, RouterSet } from '../../../../src/network/netdir/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { fingerprintOf, network, snapshot, validAfterMs } from '../../../support/relays.ts';

const hourMs = 3_600_000;

function scene(options: VanguardsOptions = {}, seed = 1) {
  const runtime = new FakeRuntime(validAfterMs, seed);
  const vanguards = new Vanguards(runtime, options);
  const events: string[] = [];
  vanguards.events.onAny((name, { fingerprint }) => events.push(`${name} ${fingerprint}`));
  return { runtime, vanguards, events };
}

const ids = (vanguards: Vanguards, netdir: NetDir): string[] =>
  vanguards.layer2(netdir).map((each) => each.fingerprint);

describe('vanguards-lite', () => {
  const relays = network(100);
  const netdir = snapshot(relays);

  it('chooses four different Stable relays and holds to them', () => {
    const { vanguards, events } = scene();
    const chosen = ids(vanguards, netdir);
    assert.equal(new Set(chosen).size, 4);
    assert.ok(vanguards.layer2(netdir).every((each) => each.flags.stable));
    vanguards.maintain(netdir);
    assert.deepEqual(ids(vanguards, netdir), chosen);
    assert.deepEqual(
      events,
      chosen.map((fingerprint) => `good ${fingerprint}`),
    );
  });

  it('takes as many as the consensus says', () => {
    const more = snapshot(relays, { params: new Map([['guard-hs-l2-number', 7]]) });
    assert.equal(ids(scene().vanguards, more).length, 7);
  });

  it('replaces each after one to twelve days', () => {
    const { vanguards, runtime } = scene();
    const first = ids(vanguards, netdir);
    runtime.skip(24 * hourMs - 1000);
    vanguards.maintain(netdir);
    assert.deepEqual(ids(vanguards, netdir), first);
    const goneAfterDays = new Map<string, number>();
    for (let hour = 24; hour <= 12 * 24 + 1; hour++) {
      runtime.skip(hourMs);
      vanguards.maintain(netdir);
      for (const each of first) {
        if (!ids(vanguards, netdir).includes(each) && !goneAfterDays.has(each)) goneAfterDays.set(each, hour / 24);
      }
    }
    assert.equal(goneAfterDays.size, 4);
    assert.ok(new Set(goneAfterDays.values()).size > 1, 'not all at once');
  });

  it('draws lifetimes evenly', () => {
    let sum = 0;
    const runs = 200;
    for (let seed = 0; seed < runs; seed++) {
      const { vanguards, runtime } = scene({}, seed);
      const [first = ''] = ids(vanguards, netdir);
      let days = 0;
      while (ids(vanguards, netdir).includes(first) && days < 13) {
        runtime.skip(24 * hourMs);
        days++;
        vanguards.maintain(netdir);
      }
      sum += days;
    }
    // Whole days are counted up, so that the mean of 6.5 shows as 7.
    assert.ok(Math.abs(sum / runs - 7) < 0.8, `${sum / runs}`);
  });

  it('drops a relay that leaves or loses Stable or Fast', () => {
    for (const flags of ['Fast Running V2Dir Valid', 'Stable Running V2Dir Valid', undefined]) {
      const { vanguards, events } = scene();
      const [first = ''] = ids(vanguards, netdir);
      const changed = network(100, (number) =>
        flags !== undefined && fingerprintOf(number) === first ? { flags } : {},
      );
      const next = snapshot(changed.filter((each) => flags !== undefined || each.fingerprint !== first));
      vanguards.maintain(next);
      assert.ok(!ids(vanguards, next).includes(first));
      assert.equal(ids(vanguards, next).length, 4);
      assert.ok(events.includes(`bad ${first}`));
    }
  });

  it('starts anew on request', () => {
    const { vanguards } = scene();
    const first = ids(vanguards, netdir);
    vanguards.purge(netdir);
    assert.notDeepEqual(ids(vanguards, netdir), first);
    assert.equal(ids(vanguards, netdir).length, 4);
  });

  it('leaves excluded relays and its own family out', () => {
    const excludeNodes = RouterSet.parse(
      relays
        .slice(0, 90)
        .map((each) => each.fingerprint)
        .join(','),
    );
    const { vanguards } = scene({ excludeNodes, ownFingerprint: fingerprintOf(95) });
    for (const each of vanguards.layer2(netdir)) assert.ok(!excludeNodes.has(each) && each.nickname !== 'relay95');
  });

  it('waits for enough of the directory', () => {
    const early = snapshot(network(100, (number) => ({ descriptor: number < 30 })));
    assert.deepEqual(ids(scene().vanguards, early), []);
  });

  it('is on unless the user or the consensus turns it off', () => {
    const off = snapshot(relays, { params: new Map([['vanguards-lite-enabled', 0]]) });
    assert.ok(scene().vanguards.isEnabled(netdir));
    assert.ok(!scene().vanguards.isEnabled(off));
    assert.ok(scene({ enabled: true }).vanguards.isEnabled(off));
    assert.ok(!scene({ enabled: false }).vanguards.isEnabled(netdir));
  });
});
