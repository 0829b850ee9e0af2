import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { base64Unpadded } from '../../../../src/base/bytes/index.ts';
import { expandSeed } from '../../../../src/crypto/primitives/index.ts';
import { formatTaggedFile, MemoryStore } from '../../../../src/network/storage/index.ts';
import { BandwidthHistory } from '../../../../src/roles/relay/descriptor/bandwidth-history.ts';
import { BandwidthSeries } from '../../../../src/roles/relay/descriptor/bandwidth-series.ts';
import { declaredFamily, loadFamilyKeys } from '../../../../src/roles/relay/descriptor/family.ts';
import { supportedProtocols } from '../../../../src/roles/relay/descriptor/protocols.ts';
import { bandwidthChanged, staleReason } from '../../../../src/roles/relay/descriptor/regenerate.ts';
import { missingProtocols, parseProtover } from '../../../../src/wire/protover/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { MemoryState } from '../../../support/memory-state.ts';

const day = 86_400;
const start = 1_700_000_000;

describe('bandwidth series', () => {
  it('finds the best ten seconds', () => {
    const series = new BandwidthSeries(start);
    for (let i = 0; i < 30; i++) series.add(start + i, i < 10 ? 1000 : 100);
    assert.equal(series.best(start + 60, 0), 10_000);
    assert.equal(series.best(start + 60, day), 0, 'a day has not been watched yet');
  });

  it('keeps five days, rounded down', () => {
    const series = new BandwidthSeries(start);
    for (let n = 0; n < 7; n++) series.add(start + n * day + 5, (n + 1) * 1024 + 7);
    assert.deepEqual(series.finished(), { endSec: start + 6 * day, totals: [2, 3, 4, 5, 6].map((kb) => kb * 1024) });
  });

  it('survives a restart', () => {
    const series = new BandwidthSeries(start);
    series.add(start + 5, 102_400);
    series.add(start + day + 5, 204_800);
    series.add(start + day + 100, 0);
    const again = BandwidthSeries.restore(series.store(), start + day + 200);
    assert.deepEqual(again.finished().totals, [102_400]);
    assert.equal(again.best(start + day + 300, 0), 204_800);
  });

  it('starts anew when what is stored is too old or from the future', () => {
    const stored = { endsSec: start, intervalSec: day, values: [4096], maxima: [1024] };
    assert.deepEqual(BandwidthSeries.restore(stored, start + 9 * day).finished().totals, []);
    assert.deepEqual(BandwidthSeries.restore(stored, start - 9 * day).finished().totals, []);
  });

  it('steps over long silences without counting every second', () => {
    const series = new BandwidthSeries(0);
    series.add(4_000_000_000, 1024);
    assert.equal(series.finished().totals.length, 5);
  });
});

describe('bandwidth history', () => {
  it('tells the slower direction and writes its lines as C tor does', () => {
    const runtime = new FakeRuntime(start * 1000);
    const state = new MemoryState();
    const history = new BandwidthHistory({ ...runtime, clock: runtime.clock, state }, { minimumSec: 0, relayRate: 0 });
    history.noteRead(1_000_000, false);
    history.noteWritten(500_000, true);
    runtime.skip(20_000);
    assert.equal(history.assess(), 50_000);
    runtime.skip(day * 1000);
    assert.equal(history.assess(), 50_000);
    assert.deepEqual(history.lines(), [
      'write-history 2023-11-15 22:13:20 (86400 s) 499712',
      'read-history 2023-11-15 22:13:20 (86400 s) 999424',
      'ipv6-write-history 2023-11-15 22:13:20 (86400 s) 499712',
    ]);
    history.save();
    assert.equal(state.get('BWHistoryWriteValues'), '499712,0');
    assert.equal(state.get('BWHistoryWriteEnds'), '2023-11-16 22:13:20');
    const again = new BandwidthHistory({ clock: runtime.clock, state }, { minimumSec: 0, relayRate: 0 });
    assert.equal(again.lines()[0], 'write-history 2023-11-15 22:13:20 (86400 s) 499712');
  });
});

describe('when to publish again', () => {
  const rsaId = new Uint8Array(20);
  it('says so after 18 hours, and sooner when the consensus does not have us', () => {
    const hour = 3600_000;
    assert.equal(staleReason({ builtMs: 0, nowMs: 17 * hour, rsaId }, undefined), undefined);
    assert.match(staleReason({ builtMs: 0, nowMs: 19 * hour, rsaId }, undefined) ?? '', /time for/);
  });

  it('follows the bandwidth of a young relay only', () => {
    const base = { uptimeMs: 1000, sinceChangeMs: Number.POSITIVE_INFINITY, testing: false, hibernating: false };
    assert.ok(bandwidthChanged({ ...base, published: 0, measured: 10 }));
    assert.ok(bandwidthChanged({ ...base, published: 10, measured: 21 }));
    assert.equal(bandwidthChanged({ ...base, published: 10, measured: 20 }), false);
    assert.equal(bandwidthChanged({ ...base, published: 10, measured: 30, sinceChangeMs: 1000 }), false);
    assert.equal(bandwidthChanged({ ...base, published: 0, measured: 10, uptimeMs: 90_000_000 }), false);
  });
});

describe('families', () => {
  it('declares fingerprints and ourselves, sorted; nobody when we are alone', () => {
    const own = { nickname: 'me', fingerprint: 'A'.repeat(40) };
    assert.deepEqual(declaredFamily(['me'], own, undefined), []);
    assert.deepEqual(declaredFamily(['Zed', `$${'b'.repeat(40)}~x`, '0'.repeat(40)], own, undefined), [
      `$${'0'.repeat(40)}`,
      `$${'A'.repeat(40)}`,
      `$${'B'.repeat(40)}`,
      'zed',
    ]);
  });

  it('reads the keys that FamilyId names', async () => {
    const store = new MemoryStore();
    const key = expandSeed(new Uint8Array(32).fill(7));
    await store.write('keys/a.secret_family_key', formatTaggedFile('ed25519v1-secret', 'fmly-id', key.expanded));
    const id = base64Unpadded(key.publicKey);
    assert.deepEqual(
      (await loadFamilyKeys(store, [id])).map((one) => one.publicKey),
      [key.publicKey],
    );
    assert.equal((await loadFamilyKeys(store, ['*'])).length, 1);
    assert.equal((await loadFamilyKeys(store, [])).length, 0);
    const other = base64Unpadded(expandSeed(new Uint8Array(32).fill(8)).publicKey);
    await assert.rejects(loadFamilyKeys(store, [other]), { code: 'BAD_KEY_FILE' });
  });
});

it('has every protocol that the network demands of relays', () => {
  const required =
    'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4';
  const missing = missingProtocols(parseProtover(required), parseProtover(supportedProtocols({ cgo: true })));
  assert.equal(missing.size, 0);
});
