import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { signedConsensus } from '../../../../src/roles/authority/voting/consensus-desk.ts';
import { splitVotes } from '../../../../src/roles/authority/voting/vote-box.ts';
import { parseConsensus } from '../../../../src/wire/netdoc/index.ts';
import { relayEntries, type SimAuthority, VotingSim } from '../../../support/voting-sim.ts';

/** Every consensus verifies with the certificates of the authorities; returns how many signatures are good. */
function signatures(sim: VotingSim, text: string): number {
  const authorities = sim.identities.map((v3Identity) => ({ v3Identity }));
  const certificates = sim.authorities.map(({ keys }) => keys.certificate);
  const report = parseConsensus(text).checkSignatures(certificates, authorities, { nowMs: sim.nowMs });
  assert.equal(report.bad, 0);
  return report.good;
}

const lastOf = (authority: SimAuthority, flavor = 'ns'): string =>
  authority.published.findLast((each) => each.flavor === flavor)?.text ?? '';

test('ten rounds of five authorities: one consensus, every signature on it', async () => {
  const sim = await VotingSim.make(5);
  await sim.round(10);
  for (const flavor of ['ns', 'microdesc']) {
    const rounds = sim.authorities.map(({ published }) => published.filter((each) => each.flavor === flavor));
    assert.deepEqual(
      rounds.map(({ length }) => length),
      [10, 10, 10, 10, 10],
    );
    for (let i = 0; i < 10; i++) {
      const texts = rounds.map((each) => each[i]?.text as string);
      assert.equal(new Set(texts).size, 1, `round ${i}`);
      assert.equal(signatures(sim, texts[0] as string), 5);
    }
  }
  assert.deepEqual(
    sim.authorities.flatMap(({ warnings }) => warnings),
    [],
  );
});

test('a shared random value comes about and goes into the consensus', async () => {
  const sim = await VotingSim.make(3);
  await sim.round(26);
  const consensus = parseConsensus(lastOf(sim.authorities[0] as SimAuthority)).dangerouslyUnverified();
  assert.equal(consensus.sharedRandomCurrent?.reveals, 3);
  for (const { sharedRandom } of sim.authorities) {
    const own = sharedRandom.votePart.sharedRandomCurrent?.value;
    assert.equal(base64(own as Uint8Array), base64(consensus.sharedRandomCurrent.value));
  }
  assert.deepEqual(
    sim.authorities.flatMap(({ warnings }) => warnings),
    [],
  );
});

test('two of five are away: a consensus; three are away: none, and the reason is logged', async () => {
  const sim = await VotingSim.make(5);
  const [a, b, c, d, e] = sim.authorities as [SimAuthority, SimAuthority, SimAuthority, SimAuthority, SimAuthority];
  d.alive = false;
  e.alive = false;
  await sim.round();
  assert.equal(signatures(sim, lastOf(a)), 3);
  assert.ok(a.logged.some((line) => line.includes("We're missing votes from 2 authorities")));
  c.alive = false;
  await sim.round();
  assert.equal(a.published.length, 2);
  assert.ok(a.logged.some((line) => line.includes("don't have enough votes to generate a consensus: 2 of 3")));
  assert.ok(b.logged.some((line) => line.includes('Not enough info to publish pending ns consensus')));
  // All come back: the next round is whole again, and who was away has missed nothing that matters.
  for (const each of [c, d, e]) {
    each.alive = true;
    each.session.restart(sim.nowMs);
  }
  await sim.round(2);
  assert.equal(signatures(sim, lastOf(e)), 5);
});

test('who missed the first consensus joins by the one that the others made', async () => {
  const sim = await VotingSim.make(3, { initialIntervalSec: 10 });
  const [a, , c] = sim.authorities as [SimAuthority, SimAuthority, SimAuthority];
  c.alive = false;
  await sim.round(2);
  c.alive = true;
  c.restart();
  assert.notEqual(c.session.round.intervalMs, a.session.round.intervalMs);
  await sim.round();
  assert.equal(c.published.length, 0);
  const newest = signedConsensus(lastOf(a));
  assert.equal(c.session.adopt(newest, sim.nowMs), true);
  assert.equal(c.session.adopt(newest, sim.nowMs), false);
  assert.deepEqual(c.session.round, a.session.round);
  c.restart();
  await sim.round();
  assert.equal(signatures(sim, lastOf(c)), 3);
  assert.equal(lastOf(c), lastOf(a));
});

test('a vote that was lost on the way is fetched', async () => {
  const sim = await VotingSim.make(3);
  const [a, b, c] = sim.authorities as [SimAuthority, SimAuthority, SimAuthority];
  a.send = (message, to) => (message.kind === 'vote' && to === b ? undefined : message);
  await sim.round();
  assert.ok(b.logged.some((line) => line.includes("Retrieved auth0's vote from auth")));
  assert.equal(lastOf(b), lastOf(c));
  assert.equal(signatures(sim, lastOf(b)), 3);
});

test('signatures that were lost on the way are fetched', async () => {
  const sim = await VotingSim.make(3);
  const [a, , c] = sim.authorities as [SimAuthority, SimAuthority, SimAuthority];
  a.send = (message) => (message.kind === 'signatures' ? undefined : message);
  await sim.round();
  assert.equal(signatures(sim, lastOf(c)), 3);
});

test('one sees different relays: majority decides', async () => {
  const sim = await VotingSim.make(5);
  const [a, b] = sim.authorities as [SimAuthority, SimAuthority];
  a.entries = relayEntries.slice(2);
  b.entries = [];
  await sim.round();
  const { relays } = parseConsensus(lastOf(a)).dangerouslyUnverified();
  assert.equal(relays.length, relayEntries.length);
  for (const each of sim.authorities) assert.equal(signatures(sim, lastOf(each)), 5);
  const third = sim.authorities[2] as SimAuthority;
  third.entries = [];
  await sim.round();
  const later = parseConsensus(lastOf(a)).dangerouslyUnverified();
  assert.equal(later.relays.length, relayEntries.length - 2);
});

test('a broken vote is refused; the others go on', async () => {
  const sim = await VotingSim.make(4);
  const [a, b] = sim.authorities as [SimAuthority, SimAuthority];
  a.send = (message) =>
    message.kind === 'vote' ? { ...message, text: message.text.replace('Running', 'Runnung') } : message;
  a.alive = true;
  await sim.round();
  assert.ok(b.warnings.some((line) => line.includes("Couldn't parse vote")));
  // It is fetched whole from its author afterwards.
  assert.equal(signatures(sim, lastOf(b)), 4);
});

test('a vote by a stranger is refused', async () => {
  const sim = await VotingSim.make(4);
  const stranger = sim.authorities.pop() as SimAuthority;
  sim.identities = sim.identities.slice(0, 3);
  const [a] = sim.authorities as [SimAuthority];
  const answer = a.session.addVote(stranger.makeVote(a.session.round.intervalStartsMs), {
    from: 'x',
    postedMs: sim.nowMs,
  });
  assert.deepEqual([answer.status, answer.message], [400, 'Vote not from a recognized v3 authority']);
  assert.ok(a.warnings.some((line) => line.includes('This key ID is not recognized')));
});

test('votes for another time, late, older or newer ones', async () => {
  const sim = await VotingSim.make(3);
  const [a, b] = sim.authorities as [SimAuthority, SimAuthority];
  const { round } = a.session;
  const validAfterMs = round.intervalStartsMs;
  const post = (text: string, postedMs = round.votingStartsMs) => a.session.addVote(text, { from: 'auth1', postedMs });
  assert.equal(post(b.makeVote(validAfterMs + 20_000)).message, 'Bad valid-after time');
  const vote = b.makeVote(validAfterMs);
  assert.equal(post(vote, round.fetchVotesMs + 999).message, 'ok');
  assert.deepEqual(post(vote), { status: 200, message: 'Duplicate discarded', added: [] });
  const newer = b.makeVote(validAfterMs, { publishedMs: sim.nowMs + 1000 });
  assert.equal(post(newer).message, 'OK');
  assert.deepEqual(post(vote), { status: 400, message: 'Already have a newer pending vote', added: [] });
  assert.equal(a.session.votes.pending.length, 1);
  const late = post(sim.authorities[2]?.makeVote(validAfterMs) ?? '', round.fetchVotesMs + 1000);
  assert.equal(late.message, 'Posted vote received too late, would be dangerous to count it');
  assert.ok(a.warnings.some((line) => line.includes('our cutoff for received votes is')));
  assert.equal(post('').message, 'Unable to parse vote');
});

test('an authority that tells one half this and the other half that cannot split the others', async () => {
  const sim = await VotingSim.make(5);
  const [a, b, , d] = sim.authorities as SimAuthority[] as [SimAuthority, SimAuthority, SimAuthority, SimAuthority];
  a.send = (message, to) => {
    if (message.kind !== 'vote' || to.number < 3) return message;
    return { ...message, text: a.makeVote(a.session.round.intervalStartsMs, { entries: [] }) };
  };
  await sim.round();
  // Two hold the other vote: their consensus is another one, the three that agree publish theirs.
  assert.equal(signatures(sim, lastOf(b)), 3);
  assert.ok(
    d.logged.some((line) => line.includes('Not enough info to publish') || line.includes('Unable to add signatures')),
  );
  a.send = (message) => message;
  await sim.round();
  assert.equal(signatures(sim, lastOf(d)), 5);
});

test('a clock that is wrong by a whole interval is noticed, the others agree', async () => {
  const sim = await VotingSim.make(4);
  const [a, b] = sim.authorities as [SimAuthority, SimAuthority];
  a.skewMs = -45_000;
  a.session.restart(sim.nowMs + a.skewMs);
  await sim.round(2);
  assert.ok(b.warnings.some((line) => line.includes('Rejecting vote from') && line.includes('we were expecting')));
  assert.equal(signatures(sim, lastOf(b)), 3);
});

test('signatures for another consensus are refused, too early ones wait', async () => {
  const sim = await VotingSim.make(3);
  const [a] = sim.authorities as [SimAuthority];
  assert.equal(a.session.addSignatures('nonsense', 'x').message, 'Signature queued');
  await sim.round();
  assert.ok(
    a.warnings.some((line) => line.includes("Could not add queued signature to new consensus: Couldn't parse")),
  );
  assert.equal(signatures(sim, lastOf(a)), 3);
});

test('votes that stand one after the other are told apart', () => {
  const vote = 'network-status-version 3\nvote-status vote\n';
  assert.deepEqual(splitVotes(vote + vote), [vote, vote]);
  assert.deepEqual(splitVotes(''), ['']);
});

test('our consensus is no vote', async () => {
  const sim = await VotingSim.make(3);
  await sim.round();
  const [a] = sim.authorities as [SimAuthority];
  assert.equal(a.session.addVote(lastOf(a), { from: 'x' }).message, 'Unable to parse vote');
  assert.throws(
    () => parseConsensus(''),
    (error) => TorError.is(error),
  );
});
