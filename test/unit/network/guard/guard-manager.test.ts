import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GuardManager, type GuardOptions, type GuardTicket } from '../../../../src/network/guard/index.ts';
import { type NetDir, type Relay, RouterSet } from '../../../../src/network/netdir/index.ts';
import { MemoryStore, StateFile } from '../../../../src/network/storage/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { fingerprintOf, network, relay, snapshot, validAfterMs } from '../../../support/relays.ts';

const hourSec = 3600;
const daySec = 24 * hourSec;

/** A manager over a network of 100 guards, with the events it sent. */
class Scene {
  readonly runtime: FakeRuntime;
  readonly events: string[] = [];
  readonly guards: GuardManager;
  readonly store = new MemoryStore();
  readonly state: StateFile | undefined;
  netdir: NetDir;

  constructor(
    options: GuardOptions = {},
    parts: { relays?: readonly Relay[]; seed?: number; state?: StateFile; runtime?: FakeRuntime } = {},
  ) {
    this.runtime = parts.runtime ?? new FakeRuntime(validAfterMs, parts.seed ?? 1);
    this.state = parts.state;
    this.guards = new GuardManager({ ...this.runtime, state: parts.state }, { ...options, version: '0.4.9.11' });
    this.guards.events.onAny((name, event) => {
      if (typeof event === 'object' && 'fingerprint' in event) this.events.push(`${name} ${event.fingerprint}`);
      if (name === 'selectionChanged') this.events.push(name);
    });
    this.netdir = snapshot(parts.relays ?? network(300, () => ({ family: [] })));
    this.guards.setNetDir(this.netdir);
  }

  /** Time passes, with a consensus for every hour of it at the end. */
  later(seconds: number, relays: readonly Relay[] = this.netdir.relays): void {
    this.runtime.skip(seconds * 1000);
    const now = this.runtime.clock.now();
    this.netdir = snapshot(relays, {
      validAfterMs: now,
      freshUntilMs: now + 3_600_000,
      validUntilMs: now + 10_800_000,
    });
    this.guards.setNetDir(this.netdir);
  }

  pick(): GuardTicket {
    return this.guards.pick('traffic');
  }

  sampled(): string[] {
    return this.guards.stateLines().map((line) => /rsa_id=(\w+)/.exec(line)?.[1] ?? '');
  }

  line(fingerprint: string): string {
    return this.guards.stateLines().find((line) => line.includes(fingerprint)) ?? '';
  }

  /** Every circuit through one of these fails. */
  failPrimaries(): string[] {
    const failed: string[] = [];
    for (const primary of this.guards.primaryGuards) {
      const ticket = this.pick();
      assert.equal(ticket.relay.fingerprint, primary);
      ticket.failed();
      failed.push(primary);
    }
    return failed;
  }
}

async function stateOf(runtime: FakeRuntime, store: MemoryStore): Promise<StateFile> {
  return StateFile.load({ store, ...runtime }, { version: 'Tor 0.4.9.11' });
}

describe('sampling', () => {
  it('takes twenty guards with the flags a guard needs', () => {
    const scene = new Scene();
    assert.equal(scene.sampled().length, 20);
    for (const fingerprint of scene.sampled()) {
      const flags = scene.netdir.byFingerprint(fingerprint)?.flags;
      assert.ok(flags?.guard && flags.stable && flags.fast && flags.valid && flags.v2Dir);
    }
    assert.deepEqual(scene.guards.primaryGuards, scene.sampled().slice(0, 3));
    assert.equal(scene.events.filter((event) => event.startsWith('new ')).length, 20);
  });

  it('writes dates up to a tenth of the lifetime back', () => {
    const scene = new Scene();
    const days = scene.guards.stateLines().map((line) => {
      const date = /sampled_on=(\S+)/.exec(line)?.[1] ?? '';
      return (validAfterMs - Date.parse(`${date}Z`)) / 1000 / daySec;
    });
    assert.ok(Math.min(...days) >= 0 && Math.max(...days) <= 12, `${days}`);
    assert.ok(new Set(days).size > 15);
  });

  it('is the same for the same seed and another for another', () => {
    assert.deepEqual(new Scene().sampled(), new Scene().sampled());
    assert.notDeepEqual(new Scene({}, { seed: 2 }).sampled(), new Scene().sampled());
  });

  it('favours bandwidth', () => {
    const relays = network(300, (number) => ({ weight: number === 3 ? 10_000_000 : 1, family: [] }));
    const first = [1, 2, 3, 4, 5].map((seed) => new Scene({}, { relays, seed }).sampled()[0]);
    assert.deepEqual(new Set(first), new Set([fingerprintOf(3)]));
  });

  it('never grows beyond a fifth of all guards, nor sixty', () => {
    for (const [count, largest] of [
      [300, 20],
      [900, 60],
      [3000, 60],
    ] as const) {
      const scene = new Scene({}, { relays: network(count, () => ({ family: [] })) });
      for (let i = 0; i < 400; i++) {
        try {
          scene.pick().failed();
        } catch {
          // All are down; they are tried again.
        }
      }
      assert.ok(scene.sampled().length <= largest, `${count}: ${scene.sampled().length}`);
      assert.equal(scene.sampled().length, largest);
    }
  });

  it('leaves out what the configuration excludes, and ourselves', () => {
    const excluded = RouterSet.parse(Array.from({ length: 50 }, (_, i) => fingerprintOf(6 * i)).join(','));
    const scene = new Scene({ excludeNodes: excluded, ownFingerprint: fingerprintOf(3) });
    for (const fingerprint of scene.guards.primaryGuards) {
      assert.ok(!excluded.has(scene.netdir.byFingerprint(fingerprint) as Relay));
    }
    assert.ok(!scene.sampled().includes(fingerprintOf(3)));
  });

  it('does nothing without a consensus of these days', () => {
    const runtime = new FakeRuntime(validAfterMs + 3 * 86_400_000);
    const scene = new Scene({}, { runtime });
    assert.deepEqual(scene.sampled(), []);
    assert.throws(() => scene.pick(), { code: 'PATH_NO_GUARD' });
  });
});

describe('picking a guard', () => {
  it('holds to the first primary guard', () => {
    const scene = new Scene();
    for (let i = 0; i < 10; i++) {
      const ticket = scene.pick();
      assert.equal(ticket.relay.fingerprint, scene.guards.primaryGuards[0]);
      assert.equal(ticket.state, 'usable-on-completion');
      assert.equal(ticket.succeeded(), 'now');
      assert.equal(ticket.state, 'complete');
    }
    assert.equal(scene.events.filter((event) => event.startsWith('up ')).length, 1);
    assert.match(scene.line(scene.guards.primaryGuards[0] ?? ''), /confirmed_on=\S+ confirmed_idx=0/);
  });

  it('spreads directory requests over three', () => {
    const scene = new Scene();
    const seen = new Set(Array.from({ length: 60 }, () => scene.guards.pick('directory').relay.fingerprint));
    assert.deepEqual(seen, new Set(scene.guards.primaryGuards));
  });

  it('takes as many as the user or the consensus says', () => {
    const own = new Scene({ numEntryGuards: 2, numPrimaryGuards: 5 });
    const seen = new Set(Array.from({ length: 60 }, () => own.pick().relay.fingerprint));
    assert.deepEqual(seen, new Set(own.guards.primaryGuards.slice(0, 2)));
    assert.equal(own.guards.primaryGuards.length, 5);
  });

  it('keeps away from the exit and its family, but not from the first guards in general', () => {
    const scene = new Scene();
    const [first, second] = scene.guards.primaryGuards.map((fp) => scene.netdir.byFingerprint(fp) as Relay) as [
      Relay,
      Relay,
    ];
    assert.equal(scene.guards.pick('traffic', { kind: 'exit', exit: first }).relay, second);
    const sibling = relay(9999, { address: `${first.addresses[0]?.address.slice(0, 2).join('.')}.9.9` });
    assert.equal(scene.guards.pick('traffic', { kind: 'exit', exit: sibling }).relay, second);
    const far = relay(9998, { address: '200.1.1.1' });
    assert.equal(scene.guards.pick('traffic', { kind: 'exit', exit: far }).relay, first);
    const legs = { kind: 'exclude', exit: far, relays: [first, second] } as const;
    assert.equal(scene.guards.pick('traffic', legs).relay.fingerprint, scene.guards.primaryGuards[2]);
  });

  it('passes over outdated caches while enough guards are left', () => {
    const scene = new Scene();
    const [first = ''] = scene.guards.primaryGuards;
    scene.guards.noteOutdated(Buffer.from(first, 'hex'));
    const seen = new Set(
      Array.from(
        { length: 60 },
        () => scene.guards.pick('directory', { kind: 'outdated-dirserver' }).relay.fingerprint,
      ),
    );
    assert.ok(!seen.has(first));
    assert.equal(scene.guards.pick('traffic').relay.fingerprint, first);
    scene.later(hourSec);
    const again = new Set(
      Array.from(
        { length: 60 },
        () => scene.guards.pick('directory', { kind: 'outdated-dirserver' }).relay.fingerprint,
      ),
    );
    assert.ok(again.has(first), 'a new consensus gives a new chance');
  });

  it('wants the descriptor for traffic, not for directory requests', () => {
    const without = network(300, () => ({ descriptor: false }));
    const scene = new Scene({}, { relays: without });
    assert.throws(() => scene.pick(), { code: 'PATH_NO_GUARD' });
    assert.ok(scene.guards.pick('directory').relay);
    assert.match(scene.guards.missingDescriptors() ?? '', /missing descriptors for 2\/2 of our primary entry guards/);
    assert.equal(new Scene().guards.missingDescriptors(), undefined);
  });
});

describe('when guards fail', () => {
  it('goes down the list and waits before using what is not primary', () => {
    const scene = new Scene();
    const down = scene.failPrimaries();
    assert.ok(scene.guards.allPrimariesDown);
    const ticket = scene.pick();
    assert.ok(!down.includes(ticket.relay.fingerprint));
    assert.equal(ticket.state, 'usable-if-no-better-guard');
    const second = scene.pick();
    assert.notEqual(second.relay, ticket.relay, 'a pending guard is not tried twice');
    assert.deepEqual(
      scene.events.filter((event) => event.startsWith('down ')),
      down.map((fp) => `down ${fp}`),
    );
  });

  it('uses a circuit at once when its guard became primary by being confirmed', () => {
    const scene = new Scene();
    scene.failPrimaries();
    scene.guards.noteInternetConnectivity();
    assert.equal(scene.pick().succeeded(), 'now');
  });

  it('lets circuits wait while a better guard may still answer, then upgrades the best', () => {
    const scene = new Scene();
    // The primary guards are confirmed, so that a newly confirmed one does not become primary.
    for (const primary of scene.guards.primaryGuards) {
      let ticket = scene.guards.pick('directory');
      while (ticket.relay.fingerprint !== primary) ticket = scene.guards.pick('directory');
      assert.equal(ticket.succeeded(), 'now');
      ticket.cancel();
    }
    scene.failPrimaries();
    const better = scene.pick();
    const worse = scene.pick();
    assert.equal(worse.succeeded(), 'later');
    assert.equal(worse.state, 'waiting-for-better-guard');
    assert.deepEqual(scene.guards.upgradeWaiting(), [worse], 'confirmed goes before a pending unconfirmed guard');
    assert.equal(worse.state, 'complete');
    assert.equal(better.succeeded(), 'later');
    assert.deepEqual(scene.guards.upgradeWaiting(), [], 'a complete circuit of higher priority is there');
  });

  it('does not upgrade while a primary guard may answer', () => {
    const scene = new Scene();
    const [first] = scene.guards.primaryGuards;
    scene.failPrimaries();
    scene.guards.noteInternetConnectivity();
    const ticket = scene.pick();
    scene.runtime.skip(600_000);
    scene.guards.setNetDir(scene.netdir);
    assert.equal(ticket.state, 'usable-if-no-better-guard');
    assert.equal(scene.pick().relay.fingerprint, first, 'ten minutes later the first primary guard is tried again');
    assert.ok(!scene.guards.allPrimariesDown);
    assert.deepEqual(scene.guards.upgradeWaiting(), []);
  });

  it('tries a primary guard again after ten minutes, and the more rarely the longer it is down', () => {
    const scene = new Scene();
    const [first] = scene.guards.primaryGuards;
    const triedAt: number[] = [];
    for (let minute = 0; minute < 9 * 24 * 60; minute += 5) {
      const ticket = scene.pick();
      if (ticket.relay.fingerprint === first) {
        triedAt.push(minute);
        ticket.failed();
      } else ticket.cancel();
      if (minute % 720 === 0) scene.later(300);
      else scene.runtime.skip(300_000);
    }
    const gapAt = (hours: number): number => {
      const next = triedAt.findIndex((minute) => minute > hours * 60);
      return (triedAt[next] ?? 0) - (triedAt[next - 1] ?? 0);
    };
    assert.deepEqual([1, 5, 12, 90, 5 * 24, 6.5 * 24, 8 * 24].map(gapAt), [10, 10, 90, 90, 240, 240, 540]);
  });

  it('tries other guards again after an hour', () => {
    const scene = new Scene();
    scene.failPrimaries();
    const failed = scene.pick();
    failed.failed();
    const next = scene.pick();
    assert.notEqual(next.relay, failed.relay);
    next.cancel();
    // The primary guards fail again and again meanwhile.
    for (let minute = 0; minute < 60; minute += 10) {
      scene.later(600);
      scene.failPrimaries();
    }
    assert.equal(scene.pick().relay, failed.relay);
  });

  it('gives every guard another chance when all are down', () => {
    const scene = new Scene();
    let failures = 0;
    assert.throws(
      () => {
        for (;;) {
          scene.pick().failed();
          failures++;
        }
      },
      { code: 'PATH_NO_GUARD' },
    );
    assert.equal(failures, 20);
    assert.equal(scene.pick().relay.fingerprint, scene.guards.primaryGuards[0]);
  });

  it('forgets the failures of primaries when the network comes back', () => {
    const scene = new Scene({ numPrimaryGuards: 1 });
    const [first] = scene.guards.primaryGuards;
    assert.equal(scene.pick().succeeded(), 'now');
    scene.runtime.skip(700_000);
    scene.pick().failed();
    const other = scene.pick();
    assert.notEqual(other.relay.fingerprint, first);
    assert.equal(other.succeeded(), 'later');
    assert.equal(scene.pick().relay.fingerprint, first);
  });

  it('says never once the guard was dropped', () => {
    const scene = new Scene();
    const ticket = scene.pick();
    scene.guards.dropAll();
    assert.equal(ticket.succeeded(), 'never');
    assert.ok(scene.events.some((event) => event.startsWith('dropped ')));
    assert.equal(scene.sampled().length, 20);
  });

  it('makes a cancelled guard free again', () => {
    const scene = new Scene();
    scene.failPrimaries();
    const ticket = scene.pick();
    const guard = ticket.relay;
    ticket.cancel();
    ticket.cancel();
    assert.equal(scene.pick().relay, guard);
    assert.equal(ticket.succeeded(), 'never');
  });

  it('lets waiting circuits expire after ten minutes', () => {
    const scene = new Scene({ numPrimaryGuards: 1 });
    assert.equal(scene.pick().succeeded(), 'now');
    scene.pick().failed();
    const waiting = scene.pick();
    assert.equal(waiting.succeeded(), 'later');
    assert.ok(!scene.guards.shouldExpire(waiting));
    scene.runtime.skip(600_000);
    assert.ok(!scene.guards.shouldExpire(waiting));
    scene.runtime.skip(1000);
    assert.ok(scene.guards.shouldExpire(waiting));
  });
});

describe('as time goes by', () => {
  const without = (relays: readonly Relay[], fingerprint: string): Relay[] =>
    relays.filter((each) => each.fingerprint !== fingerprint);

  it('marks a guard that left the consensus, and removes it after twenty days', () => {
    const scene = new Scene();
    const [first = ''] = scene.guards.primaryGuards;
    scene.pick().succeeded();
    const all = scene.netdir.relays;
    scene.later(hourSec, without(all, first));
    assert.match(scene.line(first), /unlisted_since=\S+ listed=0/);
    assert.ok(!scene.guards.primaryGuards.includes(first));
    scene.later(hourSec, all);
    assert.match(scene.line(first), /listed=1/);
    assert.doesNotMatch(scene.line(first), /unlisted_since/);
    assert.equal(scene.guards.primaryGuards[0], first, 'a confirmed guard comes back to its place');
    scene.later(hourSec, without(all, first));
    scene.later(15 * daySec, without(all, first));
    assert.notEqual(scene.line(first), '');
    scene.later(6 * daySec, without(all, first));
    assert.equal(scene.line(first), '');
    assert.ok(scene.events.includes(`dropped ${first}`));
  });

  it('removes unconfirmed guards after 120 days and confirmed ones after 60', () => {
    const scene = new Scene();
    const [first = '', second = ''] = scene.guards.primaryGuards;
    scene.pick().succeeded();
    scene.later(47 * daySec);
    assert.notEqual(scene.line(first), '');
    scene.later(14 * daySec);
    assert.equal(scene.line(first), '');
    assert.notEqual(scene.line(second), '');
    scene.later(60 * daySec);
    assert.equal(scene.line(second), '');
  });

  it('holds to the lifetime that the user sets', () => {
    const scene = new Scene({ guardLifetimeSec: 10 * daySec });
    const [first = ''] = scene.guards.primaryGuards;
    scene.later(8 * daySec);
    assert.deepEqual(
      scene.events.filter((event) => event.startsWith('dropped')),
      [],
    );
    scene.later(3 * daySec);
    assert.ok(scene.events.includes(`dropped ${first}`));
  });

  it('knows what became of its guards', () => {
    const scene = new Scene();
    const [first, second] = scene.guards.primaryGuards;
    scene.pick().succeeded();
    const status = (fingerprint: string | undefined) =>
      scene.guards.describe().find((guard) => guard.fingerprint === fingerprint);
    assert.equal(status(first)?.status, 'up');
    assert.equal(status(second)?.status, 'never-connected');
    scene.pick().failed();
    assert.deepEqual([status(first)?.status, status(first)?.sinceSec], ['down', validAfterMs / 1000]);
    scene.later(hourSec, without(scene.netdir.relays, first ?? ''));
    assert.equal(status(first)?.status, 'unusable');
  });
});

describe('restricted and bridge selections', () => {
  it('samples from EntryNodes alone when they are few', () => {
    const chosen = [3, 6, 9].map(fingerprintOf);
    const scene = new Scene({ entryNodes: RouterSet.parse(chosen.join(',')) });
    assert.equal(scene.guards.selectionName, 'restricted');
    assert.deepEqual(new Set(scene.sampled()), new Set(chosen));
    assert.match(scene.guards.stateLines()[0] ?? '', /^in=restricted /);
  });

  it('changes over with the options, keeps both samples, and says so', () => {
    const scene = new Scene();
    const usual = scene.sampled();
    scene.guards.setOptions({ entryNodes: RouterSet.parse(fingerprintOf(3)) });
    assert.ok(scene.events.includes('selectionChanged'));
    assert.equal(scene.pick().relay.fingerprint, fingerprintOf(3));
    scene.guards.setOptions({});
    assert.equal(scene.guards.selectionName, 'default');
    assert.deepEqual(scene.sampled().slice(0, 20), usual);
  });

  it('uses bridges, waits for their descriptors, and learns their identity', () => {
    const address = Uint8Array.of(192, 0, 2, 7);
    const bridge = relay(77, { address: '192.0.2.7', port: 443 });
    const scene = new Scene({
      useBridges: true,
      bridges: [{ address, port: 443, rsaId: undefined, relay: undefined }],
    });
    assert.equal(scene.guards.selectionName, 'bridges');
    assert.deepEqual(scene.guards.stateLines(), [], 'without identity nothing is written');
    assert.throws(() => scene.pick(), { code: 'PATH_NO_GUARD' });
    assert.equal(scene.guards.usableBridges({ countMaybe: true }), 0);
    scene.guards.noteBridgeIdentity(address, 443, bridge.rsaId);
    scene.guards.setOptions({
      useBridges: true,
      bridges: [{ address, port: 443, rsaId: bridge.rsaId, relay: bridge }],
    });
    assert.equal(scene.guards.usableBridges({ countMaybe: true }), 1);
    assert.equal(scene.guards.usableBridges(), 0);
    const ticket = scene.pick();
    assert.equal(ticket.relay, bridge);
    assert.equal(ticket.succeeded(), 'now');
    assert.equal(scene.guards.usableBridges(), 1);
    assert.match(scene.guards.stateLines()[0] ?? '', /^in=bridges rsa_id=0000004D0+AA bridge_addr=192\.0\.2\.7:443 /);
  });

  it('drops a bridge that is no longer configured from the choice', () => {
    const [one, two] = [7, 8].map((n) => ({
      address: Uint8Array.of(192, 0, 2, n),
      port: 443,
      rsaId: relay(n).rsaId,
      relay: relay(n),
    }));
    assert.ok(one && two);
    const scene = new Scene({ useBridges: true, bridges: [one, two] });
    scene.guards.setOptions({ useBridges: true, bridges: [two] });
    for (let i = 0; i < 5; i++) assert.equal(scene.pick().relay, two.relay);
  });
});

describe('guards over a restart', () => {
  it('keep their order, confirmation and dates', async () => {
    const runtime = new FakeRuntime(validAfterMs);
    const store = new MemoryStore();
    const before = new Scene({}, { runtime, state: await stateOf(runtime, store) });
    before.pick().succeeded();
    const lines = before.guards.stateLines();
    await runtime.advance(30_000);
    assert.match((await store.readText('state')) ?? '', /^Guard in=default/m);
    const after = new Scene({}, { runtime: new FakeRuntime(validAfterMs, 99), state: await stateOf(runtime, store) });
    assert.deepEqual(after.guards.stateLines(), lines);
    assert.deepEqual(after.guards.primaryGuards, before.guards.primaryGuards);
    assert.deepEqual(
      after.events.filter((event) => event.startsWith('new ')),
      [],
    );
  });

  it('are tried again although they were down', async () => {
    const runtime = new FakeRuntime(validAfterMs);
    const store = new MemoryStore();
    const before = new Scene({}, { runtime, state: await stateOf(runtime, store) });
    before.pick().succeeded();
    const [first] = before.guards.primaryGuards;
    before.pick().failed();
    await before.state?.save();
    const after = new Scene({}, { runtime, state: await stateOf(runtime, store) });
    assert.equal(after.pick().relay.fingerprint, first);
  });
});
