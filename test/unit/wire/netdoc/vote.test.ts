import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16Upper, bytesEqual } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { RsaPrivateKey } from '../../../../src/crypto/primitives/index.ts';
import {
  encodeAuthorityCertificate,
  encodeVote,
  parseAuthorityCertificate,
  parseVote,
  type VoteFields,
} from '../../../../src/wire/netdoc/index.ts';
import { documentNames, documentText } from '../../../support/documents.ts';

const recorded = [...documentNames('network-0.4.9.11', 'vote-'), ...documentNames('network-0.4.9.11', 'nvote-')];

test('votes of C tor are read and written back line by line', async () => {
  const signingKey = await RsaPrivateKey.generate(2048);
  for (const name of recorded) {
    const text = documentText(name);
    const vote = parseVote(text);
    const again = encodeVote(vote, signingKey);
    const end = text.indexOf('\ndirectory-signature');
    assert.equal(again.slice(0, end), text.slice(0, end), name);
  }
});

test('what a vote says', () => {
  const vote = parseVote(documentText('network-0.4.9.11/vote-auth0-2026-11-21T072320'));
  assert.deepEqual(vote.methods, [32, 33, 34, 35]);
  assert.equal(vote.voter.nickname, 'auth0');
  assert.equal(vote.validAfterMs, Date.UTC(2026, 10, 21, 7, 23, 20));
  assert.equal(vote.sharedRandomCommits.length, 3);
  assert.equal(vote.entries.length, 9);
  const [first] = vote.entries;
  assert.equal(first?.nickname, 'relay5');
  assert.equal(first?.bandwidth, 124);
  assert.equal(first?.measured, undefined);
  assert.equal(first?.policy, 'accept 1-65535');
  assert.equal(first?.stats, 'wfu=1.000000 tk=140 mtbf=140');
  assert.deepEqual(first?.microdescs, ['32,33,34,35 sha256=JZ27BDOGgoYYnX89TME8ppA4D7AW5jLctt30A1cqFA4']);
  // The digest that the consensus of the next round names.
  const next = parseVote(documentText('network-0.4.9.11/nvote-auth0-2026-11-21T072340'));
  assert.equal(base16Upper(next.digest), '182C6DE550196323B1D902E3BCB1FAA1369B8681');
});

async function fields(): Promise<{ vote: VoteFields; signingKey: RsaPrivateKey }> {
  const vote = parseVote(documentText(recorded[0] as string));
  const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(3072), RsaPrivateKey.generate(2048)]);
  const certificate = parseAuthorityCertificate(
    encodeAuthorityCertificate({ identityKey, signingKey, publishedMs: 0, expiresMs: 1e12 }),
  );
  return { vote: { ...vote, certificate, voter: { ...vote.voter, identity: certificate.identity } }, signingKey };
}

test('a vote of ours is read back whole', async () => {
  const { vote, signingKey } = await fields();
  const [entry, ...rest] = vote.entries;
  assert.ok(entry !== undefined);
  const full: VoteFields = {
    ...vote,
    clientVersions: '0.4.9.11,0.5.0.1',
    serverVersions: '0.4.9.11',
    params: new Map([
      ['bwweightscale', 10000],
      ['x', -5],
    ]),
    bandwidthFileHeaders: 'timestamp=1 version=1.4.0',
    bandwidthFileDigest: `sha256=${'A'.repeat(43)}`,
    packages: ['a 1 https://a sha256=x'],
    legacyIdentity: new Uint8Array(20).fill(7),
    sharedRandomPrevious: { reveals: 3, value: new Uint8Array(32).fill(1) },
    sharedRandomCurrent: { reveals: 9, value: new Uint8Array(32).fill(2) },
    entries: [
      {
        ...entry,
        ipv6: { address: new Uint8Array(16).fill(0x20), port: 9001 },
        measured: 77,
        guardFraction: 50,
        ed25519Id: 'none',
        version: undefined,
      },
      ...rest,
    ],
  };
  const { text: _text, digest: _digest, signingKeyDigest, ...read } = parseVote(encodeVote(full, signingKey));
  assert.ok(bytesEqual(signingKeyDigest, signingKey.publicKey.fingerprint));
  const expected = { ...full } as Partial<typeof full> & { text?: string; digest?: Uint8Array };
  delete expected.text;
  delete expected.digest;
  assert.deepEqual({ ...read, signingKeyDigest: undefined }, { ...expected, signingKeyDigest: undefined });
});

test("an authority's own measured bandwidth is told, not voted", async () => {
  const { vote, signingKey } = await fields();
  const entries = vote.entries.map((entry) => ({ ...entry, measured: 9 }));
  const text = encodeVote({ ...vote, entries }, signingKey);
  const authorities = entries.filter((entry) => entry.flags.includes('Authority')).length;
  assert.equal(text.match(/ MeasuredButAuthority=9/g)?.length, authorities);
  assert.equal(parseVote(text).entries.filter((entry) => entry.measured === 9).length, entries.length - authorities);
});

test('hostile votes are refused', async (t) => {
  const { vote, signingKey } = await fields();
  const good = encodeVote(vote, signingKey);
  const resigned = (change: (fields: VoteFields) => VoteFields): string => encodeVote(change(vote), signingKey);
  const [a, b] = vote.entries;
  assert.ok(a !== undefined && b !== undefined);
  const cases: Record<string, string> = {
    'changed after signing': good.replace('relay5', 'relay6'),
    'cut short': good.slice(0, good.length / 2),
    'no entries sorted': resigned((each) => ({ ...each, entries: [b, a] })),
    'the same relay twice': resigned((each) => ({ ...each, entries: [a, a] })),
    'the same Ed25519 key twice': resigned((each) => ({ ...each, entries: [a, { ...b, ed25519Id: a.ed25519Id }] })),
    'a flag that is not known': resigned((each) => ({ ...each, entries: [{ ...a, flags: ['Odd'] }] })),
    'flags out of order': resigned((each) => ({ ...each, knownFlags: [...each.knownFlags].reverse() })),
    'too many flags': resigned((each) => ({
      ...each,
      knownFlags: Array.from({ length: 65 }, (_, i) => `F${String(i).padStart(2, '0')}`),
      entries: [],
    })),
    'params out of order': resigned((each) => ({
      ...each,
      params: new Map([
        ['b', 1],
        ['a', 1],
      ]),
    })),
    'bad protocol list': resigned((each) => ({ ...each, requiredClientProtocols: 'Link=99' })),
    'bad protocol list of a relay': resigned((each) => ({ ...each, entries: [{ ...a, protover: 'Link=9-3' }] })),
    'bad policy': resigned((each) => ({ ...each, entries: [{ ...a, policy: 'perhaps 80' }] })),
    "another's identity": resigned((each) => ({
      ...each,
      voter: { ...each.voter, identity: new Uint8Array(20) },
    })),
    'interval too short': resigned((each) => ({ ...each, freshUntilMs: each.validAfterMs + 1000 })),
    'a consensus': documentText('network-0.4.9.11/cons-ns-2026-11-21T072320'),
    empty: '',
  };
  assert.equal(parseVote(good).entries.length, vote.entries.length);
  for (const [name, text] of Object.entries(cases)) {
    await t.test(name, () => {
      assert.throws(
        () => parseVote(text),
        (error) => TorError.is(error) && error.code.startsWith('NETDOC_'),
      );
    });
  }
});

test('a vote that the public network made in 2012 breaks today rules only by its missing lines', () => {
  assert.throws(() => parseVote(documentText('metrics_vote.txt')), { code: 'NETDOC_SYNTAX' });
});
