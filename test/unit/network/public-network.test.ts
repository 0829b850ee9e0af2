// The public network as far as recorded data reaches: a consensus of 2019, cut to 556 relays and signed by the public
// authorities, and made-up microdescriptors, which only say what the consensus cannot.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { base16Upper, bytesEqual, fromBase16 } from '../../../src/base/bytes/index.ts';
import { parseDirAuthority, parseServerList, shippedServerLists } from '../../../src/network/directory/index.ts';
import { GuardManager, Vanguards } from '../../../src/network/guard/index.ts';
import { type NetDir, NetDirBuilder, type Relay } from '../../../src/network/netdir/index.ts';
import { PathSelector } from '../../../src/network/path/index.ts';
import {
  type AuthorityCertificate,
  type Microdescriptor,
  parseMicrodescConsensus,
  type RouterStatus,
  type TrustedAuthority,
} from '../../../src/wire/netdoc/index.ts';
import { documentText } from '../../support/documents.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';

/** CollecTor puts a line `@type ...` before each document. */
const recorded = documentText('microdescs-2019-05/consensus-microdesc/01/2019-05-01-01-00-00-consensus-microdesc');
const unverified = parseMicrodescConsensus(recorded.slice(recorded.indexOf('network-status-version')));
const content = unverified.dangerouslyUnverified();
const nowMs = content.validAfterMs + 60_000;

const shipped: readonly TrustedAuthority[] = parseServerList(
  readFileSync(shippedServerLists().authorities, 'utf8'),
  parseDirAuthority,
).flatMap(({ v3Ident, nickname }) => (v3Ident === undefined ? [] : [{ v3Identity: fromBase16(v3Ident), nickname }]));

describe('a consensus of the public network', () => {
  it('is signed by the shipped authorities that were there then', () => {
    const trusted = content.voters.filter((voter) =>
      shipped.some(({ v3Identity }) => bytesEqual(v3Identity, voter.identity)),
    );
    assert.deepEqual(trusted.map(({ nickname }) => nickname).sort(), [
      'bastet',
      'dannenberg',
      'dizum',
      'gabelmoo',
      'longclaw',
      'maatuska',
    ]);
  });

  it('is not believed without certificates, nor when others sign', () => {
    const none: readonly AuthorityCertificate[] = [];
    const report = unverified.checkSignatures(none, shipped, { nowMs });
    assert.equal(report.good, 0);
    assert.equal(report.needed, 5);
    assert.equal(report.outcome, 'waiting');
    assert.equal(report.missingCertificates.length, 6);
    assert.throws(() => unverified.verify(none, shipped, { nowMs }), { code: 'CONSENSUS_CERTS_MISSING' });
    const strangers = shipped.filter(({ v3Identity }) =>
      content.voters.every(({ identity }) => !bytesEqual(v3Identity, identity)),
    );
    assert.throws(() => unverified.verify(none, strangers, { nowMs }), { code: 'CONSENSUS_NOT_TRUSTED' });
  });
});

/** What the consensus does not say: keys, policy, family. Exits let out the web. */
function microdescriptorOf(status: RouterStatus): Microdescriptor {
  const key = new Uint8Array(32);
  key.set(status.rsaId);
  return {
    digest: status.descriptorDigest ?? new Uint8Array(32),
    text: '',
    ntorKey: key,
    ed25519Id: key,
    ipv6: undefined,
    family: [],
    familyIds: [],
    policy: {
      accepts: status.flags.includes('Exit'),
      ranges: Uint16Array.of(80, 80, 443, 443),
    },
    policy6: undefined,
    lastListedMs: undefined,
  };
}

function network(): { netdir: NetDir; selector: PathSelector } {
  const byDigest = new Map(
    content.relays.map((status) => [
      base16Upper(status.descriptorDigest ?? new Uint8Array()),
      microdescriptorOf(status),
    ]),
  );
  const builder = new NetDirBuilder({ ...content, verified: true });
  const netdir = builder.build({ microdesc: (digest) => byDigest.get(base16Upper(digest)) });
  const runtime = new FakeRuntime(nowMs, 1);
  const guards = new GuardManager({ ...runtime, state: undefined }, { version: '0.4.9.11' });
  guards.setNetDir(netdir);
  return { netdir, selector: new PathSelector({ random: runtime.random, guards, vanguards: new Vanguards(runtime) }) };
}

describe('paths through it', () => {
  const { netdir, selector } = network();
  const draws = 3000;
  const paths = Array.from({ length: draws }, () => {
    const path = selector.choose(netdir, { purpose: 'exit', ports: [{ port: 443 }] });
    path.guard?.cancel();
    return path.hops;
  });

  it('keep relays of one family or /16 apart', () => {
    for (const hops of paths) {
      const [guard, middle, exit] = hops as [Relay, Relay, Relay];
      assert.ok(guard.flags.guard && exit.flags.exit && !exit.flags.badExit);
      assert.ok(
        ![netdir.sameFamily(guard, middle), netdir.sameFamily(guard, exit), netdir.sameFamily(middle, exit)].includes(
          true,
        ),
      );
    }
  });

  it('have exits as often as their weighted bandwidth says', () => {
    const share = new Map<string, number>();
    let total = 0;
    for (const { flags, bandwidth = 0, rsaId } of content.relays) {
      const has = (flag: string): boolean => flags.includes(flag);
      if (!['Exit', 'Fast', 'Running', 'Valid'].every(has) || has('BadExit')) continue;
      const weighted = bandwidth * (content.bandwidthWeights.get(has('Guard') ? 'Wed' : 'Wee') ?? Number.NaN);
      share.set(base16Upper(rsaId), weighted);
      total += weighted;
    }
    const drawn = new Map<string, number>();
    for (const hops of paths) {
      const id = hops[2]?.fingerprint ?? '';
      drawn.set(id, (drawn.get(id) ?? 0) + 1);
    }
    assert.ok(total > 0);
    for (const id of drawn.keys()) assert.ok(share.has(id), `${id} is no exit`);
    // With a guard fixed, few exits are ruled out by family: five standard deviations leave room for that.
    for (const [id, weighted] of share) {
      const expected = (draws * weighted) / total;
      const slack = 5 * Math.sqrt(expected) + 0.05 * expected + 5;
      assert.ok(Math.abs((drawn.get(id) ?? 0) - expected) < slack, `${id}: ${drawn.get(id) ?? 0} for ${expected}`);
    }
  });

  it('have middles that are never exits when exits are scarce', () => {
    for (const hops of paths) assert.ok(!hops[1]?.flags.exit);
  });
});
