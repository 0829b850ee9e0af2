import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GuardManager, Vanguards } from '../../../../src/network/guard/index.ts';
import { type NetDir, type Relay, RouterSet } from '../../../../src/network/netdir/index.ts';
import {
  exitServes,
  type Path,
  type PathOptions,
  type PathPurpose,
  type PathRequest,
  PathSelector,
  pathLength,
} from '../../../../src/network/path/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { fingerprintOf, network, relay, snapshot, validAfterMs } from '../../../support/relays.ts';

const rounds = 150;
const onionPurposes: readonly PathPurpose[] = [
  'hs-client-hsdir',
  'hs-client-intro',
  'hs-client-rend',
  'hs-service-hsdir',
  'hs-service-intro',
  'hs-service-rend',
];

function scene(options: PathOptions = {}, relays: readonly Relay[] = network(200)) {
  const runtime = new FakeRuntime(validAfterMs, 1);
  const guards = new GuardManager({ ...runtime, state: undefined }, { version: '0.4.9.11' });
  const vanguards = new Vanguards(runtime);
  const netdir: NetDir = snapshot(relays);
  guards.setNetDir(netdir);
  vanguards.maintain(netdir);
  const selector = new PathSelector({ random: runtime.random, guards, vanguards }, options);
  const choose = (request: PathRequest): Path => {
    const path = selector.choose(netdir, request);
    path.guard?.cancel();
    return path;
  };
  const many = (request: PathRequest): Path[] => Array.from({ length: rounds }, () => choose(request));
  return { netdir, vanguards, selector, choose, many };
}

const at = (netdir: NetDir, number: number): Relay => {
  const found = netdir.byFingerprint(fingerprintOf(number));
  assert.ok(found !== undefined);
  return found;
};
const setOf = (...numbers: number[]): RouterSet =>
  RouterSet.parse(numbers.map((each) => `$${fingerprintOf(each)}`).join(','));

function assertApart(netdir: NetDir, { hops }: Path): void {
  hops.forEach((a, i) => {
    for (const b of hops.slice(i + 1)) {
      assert.notEqual(a.fingerprint, b.fingerprint);
      assert.ok(!netdir.sameFamily(a, b), `${a.nickname} and ${b.nickname}`);
    }
  });
}

describe('a path to an exit', () => {
  it('has three hops of different families, begins with a guard and ends where the port is allowed', () => {
    const family = (number: number): string[] => [fingerprintOf(number ^ 1)];
    const { netdir, many } = scene(
      {},
      network(200, (number) => ({ family: family(number) })),
    );
    for (const path of many({ purpose: 'exit', ports: [{ port: 443 }] })) {
      assert.equal(path.hops.length, 3);
      assertApart(netdir, path);
      assert.ok(path.hops[0]?.flags.guard);
      assert.ok(exitServes(path.hops[2] as Relay, { port: 443 }));
      assert.equal(path.internal, false);
    }
  });

  it('never has two relays of one /16', () => {
    const { netdir, many } = scene(
      {},
      network(60, (number) => ({ address: `10.${number >> 2}.0.${number}` })),
    );
    for (const path of many({ purpose: 'exit', ports: [{ port: 80 }] })) assertApart(netdir, path);
  });

  it('takes Stable relays for ports that live long', () => {
    const flags = (number: number): string =>
      `Fast Running Valid V2Dir ${number % 2 === 0 ? 'Stable' : ''} Guard ${number % 3 === 0 ? 'Exit' : ''}`;
    const policy = 'accept 22,80';
    const { many } = scene(
      {},
      network(90, (number) => ({ flags: flags(number), ...(number % 3 === 0 ? { policy } : {}) })),
    );
    for (const { hops, needStable } of many({ purpose: 'exit', ports: [{ port: 22 }] })) {
      assert.ok(needStable);
      assert.ok(hops.slice(1).every((hop) => hop.flags.stable));
    }
    assert.ok(many({ purpose: 'exit', ports: [{ port: 80 }] }).some(({ hops }) => hops[2]?.flags.stable === false));
  });

  it('serves as many of the waiting streams as one exit can', () => {
    const policies = ['accept 1', 'accept 1,2', 'accept 2,3'];
    const { many } = scene(
      {},
      network(200, (number) => (number % 5 === 0 ? { policy: policies[number % 3] as string } : {})),
    );
    for (const { hops } of many({ purpose: 'exit', ports: [{ port: 2 }, { port: 3, count: 2 }, { port: 9 }] })) {
      assert.ok(exitServes(hops[2] as Relay, { port: 3 }));
    }
  });

  it('says so when no exit serves the port', () => {
    const { choose } = scene();
    assert.throws(() => choose({ purpose: 'exit', ports: [{ port: 25 }] }), { code: 'PATH_NO_EXIT' });
  });

  it('asks the policy of the right family', () => {
    const both = (number: number) =>
      number === 5 ? { policy6: 'accept 443', flags: 'Fast Running Stable Valid Exit', policy: 'reject 1-65535' } : {};
    const { netdir } = scene({}, network(30, both));
    assert.ok(exitServes(at(netdir, 5), { port: 443, ipv6: true }));
    assert.ok(!exitServes(at(netdir, 10), { port: 443, ipv6: true }));
  });
});

describe('what the user says of nodes', () => {
  it('ExitNodes, ExcludeNodes, ExcludeExitNodes and MiddleNodes hold', () => {
    const { many } = scene({
      exitNodes: setOf(5, 10, 20),
      excludeNodes: setOf(10),
      excludeExitNodes: setOf(20),
      middleNodes: setOf(7, 8, 11, 20),
    });
    const paths = many({ purpose: 'exit', ports: [{ port: 80 }] });
    assert.deepEqual([...new Set(paths.map(({ hops }) => hops[2]?.fingerprint))], [fingerprintOf(5)]);
    const middles = new Set(paths.map(({ hops }) => hops[1]?.fingerprint));
    for (const middle of middles) assert.ok([7, 8, 11, 20].map(fingerprintOf).includes(middle ?? ''));
    assert.ok(middles.size > 1);
  });

  it('excluded relays are nowhere but at the guard, which has rules of its own', () => {
    const excluded = Array.from({ length: 60 }, (_, i) => i * 2);
    const { many } = scene({ excludeNodes: setOf(...excluded) });
    const bad = new Set(excluded.map(fingerprintOf));
    for (const purpose of ['exit', 'internal', ...onionPurposes] as const) {
      if (purpose === 'hs-client-rend' || purpose === 'internal' || purpose === 'exit') {
        for (const { hops } of many({ purpose })) assert.ok(!bad.has(hops.at(-1)?.fingerprint ?? ''), purpose);
      }
    }
  });

  it('our own relay is on no path, and its family never in the middle', () => {
    const kin = (number: number): string[] =>
      number === 5 ? [fingerprintOf(11)] : number === 11 ? [fingerprintOf(5)] : [];
    const { many } = scene(
      { ownFingerprint: fingerprintOf(5) },
      network(60, (number) => ({ family: kin(number) })),
    );
    for (const { hops } of many({ purpose: 'exit' })) {
      assert.ok(hops.slice(1).every((hop) => hop.fingerprint !== fingerprintOf(5)));
      assert.notEqual(hops[1]?.fingerprint, fingerprintOf(11));
    }
  });
});

describe('a path of an onion service', () => {
  it('has one hop more before an end that somebody else may have chosen', () => {
    for (const purpose of onionPurposes) {
      assert.equal(pathLength(purpose, true, false), 4);
      assert.equal(pathLength(purpose, false, false), 3);
    }
    assert.equal(pathLength('hs-service-rend', true, true), 5);
    assert.equal(pathLength('hs-client-rend', false, true), 4);
    assert.equal(pathLength('exit', true, false), 4);
    assert.equal(pathLength('testing', true, false), 3);
    assert.equal(pathLength('directory', true, false), 1);
  });

  it('goes over the same few vanguards, and never asks a relay to extend to itself or to where it came from', () => {
    const { netdir, vanguards, many } = scene({}, network(40));
    const layer2 = new Set(vanguards.layer2(netdir).map((each) => each.fingerprint));
    for (const [purpose, target] of onionPurposes.flatMap(
      (each) =>
        [
          [each, at(netdir, 33)],
          [each, undefined],
        ] as const,
    )) {
      for (const { hops } of many({ purpose, ...(target === undefined ? {} : { target }) })) {
        assert.equal(hops.length, target === undefined ? 3 : 4);
        assert.ok(layer2.has(hops[1]?.fingerprint ?? ''));
        const ids = hops.map((hop) => hop.fingerprint);
        ids.forEach((id, i) => {
          assert.notEqual(id, ids[i + 1]);
          assert.notEqual(id, ids[i + 2]);
        });
      }
    }
  });

  it('takes any guard, whatever the end', () => {
    const { netdir, many } = scene();
    const plain = new Set(many({ purpose: 'hs-client-rend' }).map(({ hops }) => hops[0]?.fingerprint));
    const guard = [...plain][0] ?? '';
    const target =
      netdir.relays.find((each) => netdir.sameFamily(each, netdir.byFingerprint(guard) as Relay)) ?? at(netdir, 1);
    const chosen = new Set(many({ purpose: 'hs-client-hsdir', target }).map(({ hops }) => hops[0]?.fingerprint));
    assert.deepEqual([...chosen], [...plain]);
  });
});

describe('the second leg of a set', () => {
  it('shares neither guard nor middle with the first', () => {
    const { choose } = scene();
    for (let i = 0; i < rounds; i++) {
      const first = choose({ purpose: 'conflux', ports: [{ port: 443 }] });
      const second = choose({ purpose: 'conflux', target: first.hops[2] as Relay, otherLegs: [first] });
      assert.equal(second.hops.length, 3);
      for (const place of [0, 1]) assert.notEqual(first.hops[place]?.fingerprint, second.hops[place]?.fingerprint);
    }
  });
});

describe('ends of onion services', () => {
  it('introduction points are Stable and not those in use', () => {
    const { netdir, selector } = scene(
      {},
      network(40, (number) => (number % 2 === 0 ? {} : { flags: 'Fast Running Valid' })),
    );
    const inUse = [at(netdir, 2), at(netdir, 4)];
    for (let i = 0; i < rounds; i++) {
      const found = selector.chooseIntroPoint(netdir, inUse);
      assert.ok(found?.flags.stable === true && !inUse.includes(found));
    }
  });

  it('an excluded directory is asked only when no other is left, and never with StrictNodes', () => {
    const relays = network(30);
    const { netdir } = scene({}, relays);
    const responsible = [at(netdir, 1), at(netdir, 2)];
    const anyone = (): boolean => true;
    const of = (options: PathOptions) => scene(options, relays).selector.chooseHsDir(responsible, anyone)?.nickname;
    for (let i = 0; i < 20; i++) assert.equal(of({ excludeNodes: setOf(1) }), 'relay2');
    assert.ok(['relay1', 'relay2'].includes(of({ excludeNodes: setOf(1, 2) }) ?? ''));
    assert.equal(of({ excludeNodes: setOf(1, 2), strictNodes: true }), undefined);
  });
});

it('a network that is too small is told as such', () => {
  const tiny = [relay(1, { flags: 'Fast Running Stable Valid Guard V2Dir' })];
  const { choose } = scene({}, tiny);
  assert.throws(() => choose({ purpose: 'internal' }), { code: 'PATH_TOO_FEW_RELAYS' });
});
