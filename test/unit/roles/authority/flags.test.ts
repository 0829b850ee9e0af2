import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assignFlags, type FlagInput, knownFlags } from '../../../../src/roles/authority/flags/assign.ts';
import { isGeneralExit } from '../../../../src/roles/authority/flags/general-exit.ts';
import { RelayNames } from '../../../../src/roles/authority/flags/relay-names.ts';
import { updateRunning } from '../../../../src/roles/authority/flags/running.ts';
import { findSybils } from '../../../../src/roles/authority/flags/sybils.ts';
import {
  type Bandwidths,
  computeThresholds,
  formatThresholds,
  type Thresholds,
} from '../../../../src/roles/authority/flags/thresholds.ts';
import type { AuthorityConfig } from '../../../../src/roles/authority/index.ts';
import type { KnownRelay } from '../../../../src/roles/authority/uploads/router-store.ts';
import type { PolicyRule, ServerDescriptor } from '../../../../src/wire/netdoc/index.ts';
import {
  authorityOptions,
  knownRelay,
  noRules,
  RouterHistory,
  recordedDescriptors,
} from '../../../support/authority-relays.ts';

const nowMs = (recordedDescriptors[0] as ServerDescriptor).publishedMs + 60_000;
const nowSec = Math.floor(nowMs / 1000);
const day = 86_400;

const advertised: Bandwidths = {
  ignoringAdvertised: false,
  measuredKb: () => undefined,
  credibleKb: ({ descriptor }) => Math.floor(descriptor.bandwidthObserved / 1000),
};

/** Relays with bandwidths of 100, 200, ... kB/s; known for as many days, always up. */
function relaysOf(count: number): { relays: KnownRelay[]; history: RouterHistory } {
  const history = new RouterHistory();
  const relays = Array.from({ length: count }, (_, i) => {
    const relay = knownRelay(i + 1, { bandwidthObserved: (i + 1) * 100_000, uptimeSec: (i + 1) * day });
    history.reachable(relay.descriptor.rsaId, undefined, nowSec - (i + 1) * day, 0);
    return relay;
  });
  return { relays, history };
}

function thresholdsOf(
  config: AuthorityConfig,
  count = 16,
  more: Partial<Parameters<typeof computeThresholds>[0]> = {},
) {
  const { relays, history } = relaysOf(count);
  const thresholds = computeThresholds({
    relays,
    history,
    bandwidth: advertised,
    config: config.flags,
    isSybil: () => false,
    isExit: ({ descriptor }) => (descriptor.rsaId[0] as number) > 12,
    fastMin: undefined,
    fastMax: undefined,
    nowMs,
    ...more,
  });
  return { relays, history, thresholds };
}

const publicNet = authorityOptions([], false);

describe('thresholds', () => {
  test('medians, eighths and quarters', () => {
    const { thresholds } = thresholdsOf(publicNet);
    assert.deepEqual(thresholds, {
      stableUptimeSec: 8 * day + 60,
      stableMtbfSec: 8 * day,
      enoughMtbf: true,
      // The third slowest has 300 kB/s; more than 100 KB/s is always fast.
      fastKb: 102,
      guardUptimeFraction: 0.98,
      guardTimeKnownSec: 3 * day,
      guardKbWithExits: 1300,
      guardKbWithoutExits: 1000,
      ignoringAdvertised: false,
    } satisfies Thresholds);
    assert.equal(
      formatThresholds(thresholds),
      'stable-uptime=691260 stable-mtbf=691200 fast-speed=102000 guard-wfu=98.000% guard-tk=259200 ' +
        'guard-bw-inc-exits=1300000 guard-bw-exc-exits=1000000 enough-mtbf=1 ignoring-advertised-bws=0',
    );
  });

  test('no relays, no thresholds', () => {
    assert.equal(
      formatThresholds(thresholdsOf(publicNet, 0).thresholds),
      'stable-uptime=0 stable-mtbf=0 fast-speed=0 guard-wfu=0.000% guard-tk=0 guard-bw-inc-exits=0 ' +
        'guard-bw-exc-exits=0 enough-mtbf=1 ignoring-advertised-bws=0',
    );
  });

  test('limits on Fast by consensus and options', () => {
    const fast = (config: AuthorityConfig, more: { fastMin?: number; fastMax?: number }): number =>
      thresholdsOf(config, 16, { fastMin: undefined, fastMax: undefined, ...more }).thresholds.fastKb;
    const free = authorityOptions(['AuthDirFastGuarantee 0'], false);
    assert.equal(fast(free, {}), 300);
    assert.equal(fast(free, { fastMin: 500_000 }), 500);
    assert.equal(fast(free, { fastMax: 50_000 }), 50);
    assert.equal(fast(authorityOptions(['TestingMinFastFlagThreshold 700000', 'AuthDirFastGuarantee 0']), {}), 700);
  });

  test('sleeping, invalid, old and slow relays do not count', () => {
    const { relays, history } = relaysOf(8);
    const count = (change: (relay: KnownRelay) => KnownRelay): number =>
      computeThresholds({
        relays: relays.map(change),
        history,
        bandwidth: advertised,
        config: publicNet.flags,
        isSybil: () => false,
        isExit: () => false,
        fastMin: undefined,
        fastMax: undefined,
        nowMs,
      }).guardKbWithExits;
    assert.equal(
      count((relay) => relay),
      700,
    );
    assert.equal(
      count((relay) => ({ ...relay, running: false })),
      0,
    );
    assert.equal(
      count((relay) => ({ ...relay, rules: { ...noRules, invalid: true } })),
      0,
    );
    assert.equal(
      count((relay) => ({ ...relay, descriptor: { ...relay.descriptor, hibernating: true } })),
      0,
    );
    assert.equal(
      count((relay) => ({ ...relay, descriptor: { ...relay.descriptor, publishedMs: nowMs - 25 * 3600_000 } })),
      0,
    );
    assert.equal(
      count((relay) => ({ ...relay, descriptor: { ...relay.descriptor, bandwidthObserved: 3999 } })),
      0,
    );
  });
});

describe('flags', () => {
  function flagsOf(relay: KnownRelay, config: AuthorityConfig = publicNet, more: Partial<FlagInput> = {}): string[] {
    const { thresholds, history } = thresholdsOf(publicNet);
    return assignFlags(relay, {
      thresholds,
      history,
      bandwidth: advertised,
      config,
      isExit: () => false,
      isAuthority: () => false,
      isSybil: () => false,
      ownUptimeSec: 30 * day,
      voteRunning: true,
      nowMs,
      ...more,
    });
  }
  const relay = (number: number, change: Partial<ServerDescriptor> = {}): KnownRelay =>
    knownRelay(number, { bandwidthObserved: number * 100_000, uptimeSec: number * day, ...change });

  test('a fast and old relay has them all, a young one few', () => {
    assert.deepEqual(flagsOf(relay(16)), ['Fast', 'Guard', 'HSDir', 'Running', 'Stable', 'V2Dir', 'Valid']);
    assert.deepEqual(flagsOf(relay(9)), ['Fast', 'HSDir', 'Running', 'Stable', 'V2Dir', 'Valid']);
    // Five days of MTBF are stable, whatever the others do.
    assert.deepEqual(flagsOf(relay(4)), ['Fast', 'Running', 'V2Dir', 'Valid']);
    assert.deepEqual(flagsOf(relay(5)), ['Fast', 'HSDir', 'Running', 'Stable', 'V2Dir', 'Valid']);
  });

  test('exits, authorities, old descriptors, Running that is not voted on', () => {
    assert.ok(flagsOf(relay(9), publicNet, { isExit: () => true }).includes('Exit'));
    assert.ok(flagsOf(relay(9), publicNet, { isAuthority: () => true }).includes('Authority'));
    assert.ok(flagsOf(relay(9, { publishedMs: nowMs - 19 * 3600_000 })).includes('StaleDesc'));
    assert.ok(!flagsOf(relay(9), publicNet, { voteRunning: false }).includes('Running'));
    assert.ok(!flagsOf(relay(9, { tunnelledDirServer: false })).includes('V2Dir'));
    assert.ok(!flagsOf(relay(9, { isHsDir: false })).includes('HSDir'));
  });

  test('what the operator takes away', () => {
    const all = { isExit: () => true };
    const ruled = (rules: Partial<typeof noRules>): KnownRelay => ({ ...relay(16), rules: { ...noRules, ...rules } });
    const lists = authorityOptions(['AuthDirListBadExits 1', 'AuthDirListMiddleOnly 1'], false);
    assert.deepEqual(flagsOf(ruled({ middleOnly: true }), lists, all), [
      'BadExit',
      'Fast',
      'MiddleOnly',
      'Running',
      'Stable',
      'Valid',
    ]);
    assert.ok(!flagsOf(ruled({ middleOnly: true }), publicNet, all).includes('MiddleOnly'));
    assert.ok(flagsOf(ruled({ badExit: true }), lists, all).includes('BadExit'));
    assert.ok(!flagsOf(ruled({ badExit: true }), publicNet, all).includes('BadExit'));
    const stripped = flagsOf(ruled({ stripGuard: true, stripHsDir: true, stripV2Dir: true }));
    assert.deepEqual(stripped, ['Fast', 'Running', 'Stable', 'Valid']);
    assert.ok(!flagsOf(ruled({ invalid: true })).includes('Valid'));
  });

  test('a Sybil keeps nothing but its name', () => {
    assert.deepEqual(flagsOf(relay(16), publicNet, { isSybil: () => true }), ['Sybil']);
  });

  test('overrides of test networks and of AuthDirVoteGuard', () => {
    const given = authorityOptions([
      'TestingDirAuthVoteExit *',
      'TestingDirAuthVoteGuard relay1',
      'TestingDirAuthVoteHSDir *',
    ]);
    const flags = flagsOf(relay(1), given);
    assert.ok(['Exit', 'Guard', 'HSDir'].every((flag) => flags.includes(flag)));
    assert.ok(!flagsOf(relay(2), given).includes('Guard'));
    const strict = authorityOptions(['TestingDirAuthVoteGuard 10.0.0.0/8', 'TestingDirAuthVoteGuardIsStrict 1']);
    assert.ok(!flagsOf(relay(16), strict).includes('Guard'));
    const fingerprint = '01'.repeat(20);
    assert.ok(flagsOf(relay(1), authorityOptions([`AuthDirVoteGuard ${fingerprint}`], false)).includes('Guard'));
  });

  test('known flags follow the options', () => {
    const names = knownFlags({ listBadExits: true, listMiddleOnly: true }, true);
    assert.equal(
      names.join(' '),
      'Authority BadExit Exit Fast Guard HSDir MiddleOnly Running Stable StaleDesc Sybil V2Dir Valid',
    );
    assert.ok(!knownFlags(publicNet, false).includes('Running'));
  });
});

describe('running', () => {
  const rules = { config: { testReachability: true, hasIpv6: false }, isMe: () => false, canTell: true };
  test('reached within 45 minutes; else the history hears of it', () => {
    const history = new RouterHistory();
    const relay = knownRelay(1, {}, { lastReachableMs: nowMs - 44 * 60_000 });
    updateRunning(relay, history, rules, nowMs);
    assert.equal(relay.running, true);
    assert.equal(history.entries.size, 0);
    updateRunning(relay, history, rules, nowMs + 120_000);
    assert.equal(relay.running, false);
    const missedSec = Math.floor((relay.lastReachableMs + 1_280_000) / 1000);
    assert.equal(history.entry(relay.descriptor.rsaId).startOfDowntimeSec, missedSec);
  });
  test('IPv6 too, where we have it; ourselves always; nobody tested, everybody up', () => {
    const history = new RouterHistory();
    const both = knownRelay(1, { ipv6: { address: new Uint8Array(16).fill(1), port: 1 } }, { lastReachableMs: nowMs });
    const run = (relay: KnownRelay, more: object): boolean => {
      updateRunning(relay, history, { ...rules, ...more }, nowMs);
      return relay.running;
    };
    assert.equal(run(both, {}), true);
    assert.equal(run(both, { config: { testReachability: true, hasIpv6: true } }), false);
    const silent = knownRelay(2, {}, { lastReachableMs: 0 });
    assert.equal(run(silent, {}), false);
    assert.equal(run(silent, { isMe: () => true }), true);
    assert.equal(run(silent, { config: { testReachability: false, hasIpv6: false } }), true);
    assert.equal(run(knownRelay(3, { hibernating: true }, { lastReachableMs: nowMs }), {}), false);
  });
});

test('of relays on one address the most useful stay', () => {
  const address = Uint8Array.of(1, 2, 3, 4);
  const relays = [1, 2, 3, 4, 5].map((number) => knownRelay(number, { address, bandwidthObserved: number * 1000 }));
  const [first] = relays as [KnownRelay];
  const last = relays.at(-1) as KnownRelay;
  last.running = false;
  const find = (maxPerAddress: number): number[] =>
    [
      ...findSybils(relays, {
        maxPerAddress,
        isAuthority: (id) => id[0] === first.descriptor.rsaId[0],
        bandwidthKb: ({ descriptor }) => descriptor.bandwidthObserved / 1000,
      }),
    ].map(({ descriptor }) => descriptor.rsaId[0] as number);
  assert.deepEqual(find(0), []);
  assert.deepEqual(find(2), [3, 2, 5]);
  assert.deepEqual(find(5), []);
});

test('general exits let web traffic out to at least a /8', () => {
  const rule = (accept: boolean, address: PolicyRule['address'], lowPort = 1, highPort = 65535): PolicyRule => ({
    accept,
    address,
    lowPort,
    highPort,
  });
  const net = (text: string, bits: number): PolicyRule['address'] => ({
    kind: 'net',
    address: Uint8Array.from(text.split('.').map(Number)),
    bits,
  });
  const all = { kind: 'any' } as const;
  assert.ok(isGeneralExit([rule(true, all)], false));
  assert.ok(!isGeneralExit([rule(false, all)], false));
  assert.ok(!isGeneralExit([], false));
  assert.ok(!isGeneralExit([rule(true, all, 80, 80)], false));
  assert.ok(isGeneralExit([rule(true, all, 80, 80), rule(true, all, 443, 443), rule(false, all)], false));
  assert.ok(isGeneralExit([rule(true, net('20.0.0.0', 8))], false));
  assert.ok(!isGeneralExit([rule(true, net('20.0.0.0', 9))], false));
  assert.ok(!isGeneralExit([rule(true, net('10.0.0.0', 8))], false));
  assert.ok(isGeneralExit([rule(true, net('10.0.0.0', 8))], true));
  assert.ok(!isGeneralExit([rule(false, net('20.1.0.0', 16)), rule(true, net('20.0.0.0', 8))], false));
  assert.ok(isGeneralExit([rule(false, { kind: 'private' }), rule(true, all)], false));
  assert.ok(!isGeneralExit([rule(true, { kind: 'any6' }), rule(false, all)], false));
});

test('relays by name, fingerprint and address', () => {
  const { descriptor } = knownRelay(1);
  for (const [text, has] of [
    ['RELAY1', true],
    ['relay2', false],
    [`$${'01'.repeat(20)}`, true],
    ['20.0.0.0/8', true],
    ['21.0.0.0/8', false],
    ['*', true],
    ['{de}', false],
    ['', false],
    ['relay1,!!', false],
  ] as const) {
    assert.equal(new RelayNames(text).has(descriptor), has, text);
  }
});
