import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { base16Upper, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import { RsaPrivateKey } from '../../../../src/crypto/primitives/index.ts';
import type { AuthorityConfig, AuthorityKeys } from '../../../../src/roles/authority/index.ts';
import { ApprovedRouters } from '../../../../src/roles/authority/uploads/approved-routers.ts';
import { RelayJudge } from '../../../../src/roles/authority/uploads/judge.ts';
import { KeyPins } from '../../../../src/roles/authority/uploads/key-pins.ts';
import { RouterStore } from '../../../../src/roles/authority/uploads/router-store.ts';
import { withUniqueEd25519 } from '../../../../src/roles/authority/vote/entries.ts';
import { makeVote, type VoteInput } from '../../../../src/roles/authority/vote/make-vote.ts';
import { MicrodescCache, makeMicrodescs } from '../../../../src/roles/authority/vote/microdescs.ts';
import { formatVersionList } from '../../../../src/roles/authority/vote/version-list.ts';
import {
  encodeAuthorityCertificate,
  parseAuthorityCertificate,
  parseBandwidthFile,
  parseVote,
  type VoteEntry,
} from '../../../../src/wire/netdoc/index.ts';
import {
  authorityOptions,
  knownRelay,
  MeasuredBandwidths,
  RouterHistory,
  recordedDescriptors,
} from '../../../support/authority-relays.ts';
import { documentNames, documentText } from '../../../support/documents.ts';

const recorded = documentNames('network-0.4.9.11', 'nvote-').map((name) => parseVote(documentText(name)));
const nowMs = Math.max(...recordedDescriptors.map(({ publishedMs }) => publishedMs)) + 60_000;

let keys: AuthorityKeys;
before(async () => {
  const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(2048), RsaPrivateKey.generate(1024)]);
  const text = encodeAuthorityCertificate({ identityKey, signingKey, publishedMs: 0, expiresMs: 4e12 });
  keys = { signingKey, certificate: parseAuthorityCertificate(text) };
});

function inputOf(config: AuthorityConfig, more: Partial<VoteInput> = {}): VoteInput {
  const pins = new KeyPins(() => undefined);
  const judge = new RelayJudge({ config, pins, approved: () => new ApprovedRouters() });
  const store = new RouterStore({ config, judge, pins, isMe: () => false });
  for (const descriptor of recordedDescriptors) store.add(descriptor, nowMs);
  for (const relay of store.all()) relay.lastReachableMs = nowMs - 1000;
  return {
    config,
    keys,
    legacyKeys: undefined,
    where: { address: Uint8Array.of(127, 0, 0, 1), orPort: 5000, dirPort: 7000 },
    store,
    history: new RouterHistory(),
    measured: new MeasuredBandwidths(),
    bandwidthFile: undefined,
    microdescs: new MicrodescCache(),
    sharedRandom: undefined,
    isAuthority: () => false,
    isMe: () => false,
    consensusParam: () => undefined,
    validAfterMs: Math.ceil(nowMs / 20_000) * 20_000,
    startedMs: nowMs - 3600_000,
    nowMs,
    ...more,
  };
}

const plainConfig = () =>
  authorityOptions(['Nickname auth0', 'V3AuthVotingInterval 20 seconds', 'V3AuthVoteDelay 4', 'V3AuthDistDelay 4']);

describe('votes', () => {
  test('entries and microdescriptors are those that C tor made of the same descriptors', () => {
    const vote = parseVote(makeVote(inputOf(plainConfig())));
    assert.equal(vote.entries.length, recordedDescriptors.length);
    const theirs = new Map<string, VoteEntry>();
    for (const each of recorded)
      for (const entry of each.entries) theirs.set(base16Upper(entry.descriptorDigest), entry);
    let compared = 0;
    for (const entry of vote.entries) {
      const other = theirs.get(base16Upper(entry.descriptorDigest));
      if (other === undefined) continue;
      compared++;
      // Flags and statistics depend on what each authority has seen.
      assert.deepEqual({ ...entry, flags: [], stats: '' }, { ...other, flags: [], stats: '' });
    }
    assert.ok(compared >= 6, `${compared} compared`);
  });

  test('every line that the options bring', () => {
    const config = authorityOptions([
      'Nickname me',
      'ContactInfo somebody',
      'VersioningAuthoritativeDirectory 1',
      'RecommendedClientVersions 0.4.9.11, 0.4.8.1',
      'RecommendedServerVersions 0.4.9.11',
      'ConsensusParams b=2 a=-1',
      'V3BandwidthsFile somewhere',
    ]);
    const [measured] = recordedDescriptors;
    const bandwidthFile = parseBandwidthFile(
      `${Math.floor(nowMs / 1000)}\nversion=1.4.0\n=====\nbw=77 node_id=$${base16Upper(measured?.rsaId as Uint8Array)}\n`,
    );
    const text = makeVote(
      inputOf(config, {
        bandwidthFile,
        where: { ...inputOf(config).where, hostname: 'auth.example' },
        legacyKeys: keys,
      }),
    );
    const vote = parseVote(text);
    assert.equal(vote.clientVersions, '0.4.8.1,0.4.9.11');
    assert.deepEqual(
      [...vote.params],
      [
        ['AuthDirMaxServersPerAddr', 0],
        ['a', -1],
        ['b', 2],
      ],
    );
    assert.match(vote.bandwidthFileHeaders ?? '', /^timestamp=\d+ version=1\.4\.0$/);
    assert.match(vote.bandwidthFileDigest ?? '', /^sha256=[A-Za-z0-9+/]{43}$/);
    assert.equal(vote.voter.hostname, 'auth.example');
    assert.equal(vote.voter.contact, 'somebody');
    assert.ok(vote.legacyIdentity !== undefined);
    assert.equal(vote.entries.filter((entry) => entry.measured === 77).length, 1);
    assert.equal(vote.sharedRandomParticipate, false);
  });

  test('an authority that has just begun has no opinion on Running', () => {
    const config = authorityOptions(['TestingAuthDirTimeToLearnReachability 30 minutes']);
    const vote = parseVote(makeVote(inputOf(config, { startedMs: nowMs - 60_000 })));
    assert.ok(!vote.knownFlags.includes('Running'));
    assert.ok(vote.entries.every((entry) => !entry.flags.includes('Running')));
  });

  test('descriptors of yesterday are left out', () => {
    const input = inputOf(plainConfig());
    const vote = parseVote(makeVote({ ...input, nowMs: nowMs + 25 * 3600_000 }));
    assert.equal(vote.entries.length, 0);
  });
});

test('of relays with one Ed25519 identity the last to publish is listed', () => {
  const ed25519Id = new Uint8Array(32).fill(9);
  const relays = [1, 2, 3].map((number) => knownRelay(number, { ed25519Id, publishedMs: number === 2 ? 2000 : 1000 }));
  assert.deepEqual(
    withUniqueEd25519(relays).map(({ descriptor }) => descriptor.nickname),
    ['relay2'],
  );
  const equal = [1, 2].map((number) => knownRelay(number, { ed25519Id, digest: new Uint8Array(20).fill(3 - number) }));
  assert.deepEqual(
    withUniqueEd25519(equal).map(({ descriptor }) => descriptor.nickname),
    ['relay2'],
  );
});

test('methods that make another microdescriptor have a line of their own', () => {
  const [descriptor] = recordedDescriptors;
  assert.ok(descriptor !== undefined);
  assert.match(makeMicrodescs(descriptor)?.lines.join('|') ?? '', /^32,33,34,35 sha256=[^|]{43}$/);
  const family = makeMicrodescs({ ...descriptor, familyIds: [`ed25519:${'A'.repeat(43)}`] });
  assert.match(family?.lines.join('|') ?? '', /^32,33,34 sha256=[^|]{43}\|35 sha256=[^|]{43}$/);
  assert.equal(family?.texts.size, 2);
  assert.equal(makeMicrodescs({ ...descriptor, onionKey: undefined }), undefined);
});

test('lists of versions are put in order', () => {
  assert.equal(formatVersionList('0.4.9.11, 0.4.8.1,0.4.9.11 0.4.9.2-alpha'), '0.4.8.1,0.4.9.2-alpha,0.4.9.11');
  assert.equal(formatVersionList(''), '');
  assert.equal(fromLatin1(formatVersionList('x,0.1.2')).length, 7);
});
