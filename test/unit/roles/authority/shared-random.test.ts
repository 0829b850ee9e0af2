import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, fromBase16 } from '../../../../src/base/bytes/index.ts';
import type { Random } from '../../../../src/base/runtime/index.ts';
import { sha3_256 } from '../../../../src/crypto/primitives/index.ts';
import {
  type Commit,
  computeSharedRandom,
  makeCommit,
  readCommit,
  revealMatches,
} from '../../../../src/roles/authority/sharedrandom/commit.ts';
import { formatSharedRandomState, parseSharedRandomState } from '../../../../src/roles/authority/sharedrandom/file.ts';
import { SharedRandomState } from '../../../../src/roles/authority/sharedrandom/state.ts';
import { parseVote } from '../../../../src/wire/netdoc/index.ts';
import { documentText } from '../../../support/documents.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';
import { loadVectors } from '../../../support/vectors.ts';

test('commits and reveals are those of C tor', () => {
  for (const vector of loadVectors('shared-random', 'commit_reveal')) {
    const commit = makeCommit(new Uint8Array(20), vector.number('timestamp'), vector.bytes('raw_random'));
    assert.equal(commit.encoded, vector.text('commit'));
    assert.equal(commit.reveal?.encoded, vector.text('reveal'));
    assert.ok(revealMatches(commit));
    const line = { version: 1, algorithm: 'sha3-256', identity: new Uint8Array(20), commit: commit.encoded };
    assert.deepEqual(readCommit({ ...line, reveal: commit.reveal?.encoded }), commit);
    assert.ok(!revealMatches({ ...commit, hashedReveal: sha3_256(commit.hashedReveal) }));
    assert.equal(readCommit({ ...line, commit: commit.encoded.slice(4), reveal: undefined }), undefined);
    assert.equal(readCommit({ ...line, version: 2, reveal: undefined }), undefined);
  }
});

test('values are those of C tor', () => {
  for (const vector of loadVectors('shared-random', 'value')) {
    const listed = vector.raw['commits'] as { authority: string; hashed_reveal: string; reveal: string | null }[];
    const commits = listed.map(
      (each): Commit => ({
        identity: fromBase16(each.authority),
        commitSec: 0,
        hashedReveal: fromBase16(each.hashed_reveal),
        encoded: '',
        reveal: each.reveal === null ? undefined : { revealSec: 0, encoded: each.reveal },
      }),
    );
    const previous = vector.raw['previous'] === null ? undefined : vector.bytes('previous');
    const value = computeSharedRandom(commits, previous);
    assert.equal(value.reveals, vector.number('reveals'));
    assert.equal(base64(value.value), vector.text('value_base64'));
  }
});

const interval = 20;
const runStart = 24 * interval * 1000 * 3_000_000;
const round = (number: number) => ({
  votingIntervalSec: interval,
  nextValidAfterMs: runStart + number * interval * 1000,
  currentValidAfterMs: runStart + (number - 1) * interval * 1000,
});

class Authority {
  readonly identity: Uint8Array;
  readonly warnings: string[] = [];
  changes = 0;
  readonly state: SharedRandomState;

  constructor(number: number, random: Random, count: number) {
    this.identity = new Uint8Array(20).fill(number);
    this.state = new SharedRandomState(
      { random, warn: (message) => this.warnings.push(message), changed: () => this.changes++ },
      { identity: this.identity, isAuthority: (identity) => (identity[0] as number) < count },
      { nowMs: round(0).currentValidAfterMs, round: round(0) },
    );
  }
}

test('a whole run: three authorities commit, reveal and come to one value', () => {
  const authorities = [0, 1, 2].map((number) => new Authority(number, seededRandom(number), 3));
  for (let number = 0; number <= 24; number++) {
    for (const each of authorities) each.state.prepare(round(number));
    const votes = authorities.map(({ identity, state }) => ({ identity, part: state.votePart }));
    if (number === 24) break;
    assert.equal(authorities[0]?.state.phase, number < 12 ? 'commit' : 'reveal');
    for (const { state } of authorities) {
      for (const vote of votes) state.handleVote(vote.identity, vote.part.sharedRandomCommits);
    }
  }
  const values = authorities.map(({ state }) => base64(state.votePart.sharedRandomCurrent?.value as Uint8Array));
  assert.equal(new Set(values).size, 1);
  assert.equal(authorities[0]?.state.votePart.sharedRandomCurrent?.reveals, 3);
  assert.ok(authorities.every(({ state }) => state.fresh));
  assert.deepEqual(
    authorities.flatMap(({ warnings }) => warnings),
    [],
  );
  authorities[0]?.state.adopt({ previous: undefined, current: undefined });
  assert.equal(authorities[0]?.state.votePart.sharedRandomCurrent, undefined);
  assert.equal(authorities[0]?.state.fresh, false);
});

test('liars are not believed', () => {
  const [ours, theirs] = [0, 1].map((number) => new Authority(number, seededRandom(number), 2)) as [
    Authority,
    Authority,
  ];
  for (const each of [ours, theirs]) each.state.prepare(round(1));
  const [honest] = theirs.state.votePart.sharedRandomCommits;
  assert.ok(honest !== undefined);
  const other = makeCommit(theirs.identity, 5, new Uint8Array(32));
  const count = () => ours.state.saved.commits.length;
  // Another's commit, a reveal too early, an authority that is none.
  ours.state.handleVote(ours.identity, [honest]);
  ours.state.handleVote(theirs.identity, [{ ...honest, reveal: other.reveal?.encoded }]);
  ours.state.handleVote(new Uint8Array(20).fill(9), [{ ...honest, identity: new Uint8Array(20).fill(9) }]);
  assert.equal(count(), 1);
  ours.state.handleVote(theirs.identity, [honest]);
  assert.equal(count(), 2);
  // A commit changed later does not replace the first.
  ours.state.handleVote(theirs.identity, [{ ...honest, commit: other.encoded }]);
  ours.state.prepare(round(12));
  ours.state.handleVote(theirs.identity, [{ ...honest, reveal: other.reveal?.encoded }]);
  ours.state.handleVote(theirs.identity, [{ ...honest, commit: other.encoded, reveal: other.reveal?.encoded }]);
  assert.equal(ours.state.saved.commits.find((each) => each.identity[0] === 1)?.reveal, undefined);
  assert.equal(ours.warnings.length, 4);
  theirs.state.prepare(round(12));
  ours.state.handleVote(theirs.identity, theirs.state.votePart.sharedRandomCommits);
  assert.ok(ours.state.saved.commits.every((each) => each.reveal !== undefined));
});

test('the state survives a restart', () => {
  const authority = new Authority(0, seededRandom(7), 1);
  authority.state.prepare(round(1));
  authority.state.prepare(round(13));
  authority.state.adopt({ previous: undefined, current: { reveals: 4, value: new Uint8Array(32).fill(3) } });
  const text = formatSharedRandomState(authority.state.saved, '0.4.9.11', '2026-11-21 12:00:00');
  const saved = parseSharedRandomState(text, round(13).currentValidAfterMs);
  assert.deepEqual(saved, authority.state.saved);
  assert.equal(parseSharedRandomState(text, runStart + 3 * 24 * interval * 1000), undefined);
  for (const broken of [text.replace('Version 1', 'Version 2'), text.replace(/ValidAfter .*/, ''), 'Commit x\n', '']) {
    assert.equal(parseSharedRandomState(broken, round(13).currentValidAfterMs), undefined);
  }
});

test('a commit of a recorded vote is understood', () => {
  const vote = parseVote(documentText('network-0.4.9.11/vote-auth0-2026-11-21T072320'));
  assert.ok(vote.sharedRandomCommits.every((line) => readCommit(line) !== undefined));
});
