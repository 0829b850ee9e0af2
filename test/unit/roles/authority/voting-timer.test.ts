import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRound } from '../../../../src/roles/authority/schedule/intervals.ts';
import { VotingSession } from '../../../../src/roles/authority/voting/session.ts';
import { VotingTimer } from '../../../../src/roles/authority/voting/voting-timer.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';

const startMs = Date.UTC(2026, 10, 21, 12, 0, 1);

function make(makeVote: (validAfterMs: number) => Promise<string | undefined>) {
  const runtime = new FakeRuntime(startMs);
  const logged: string[] = [];
  const config = {
    votingIntervalSec: 20,
    initialIntervalSec: 1800,
    initialVoteDelaySec: 2,
    initialDistDelaySec: 2,
    startOffsetSec: 0,
    sharedRandomness: false,
  };
  const nothing = (): void => undefined;
  const session = new VotingSession(
    {
      actions: {
        makeVote,
        postVote: nothing,
        postSignatures: nothing,
        fetchVotes: nothing,
        fetchSignatures: nothing,
        votesTaken: nothing,
        consensusComputed: nothing,
        publish: nothing,
        voteTaken: nothing,
        voteSeen: nothing,
      },
      log: (_severity, _domain, message) => logged.push(message),
      findCertificate: () => undefined,
      authorities: () => [new Uint8Array(20)],
      signers: () => [],
      sharedRandom: () => undefined,
    },
    config,
    { nowMs: startMs },
  );
  const timer = new VotingTimer({
    clock: runtime.clock,
    timers: runtime.timers,
    log: (_s, _d, message) => logged.push(message),
    session,
  });
  return { runtime, session, config, logged, timer };
}

test('votes when it is time, and by the new times once they were set anew', async () => {
  const asked: number[] = [];
  const { runtime, config, timer } = make(async (validAfterMs) => {
    asked.push(validAfterMs);
    return undefined;
  });
  timer.start();
  await runtime.advance(60_000);
  assert.deepEqual(asked, []);
  Object.assign(config, { initialIntervalSec: 5, startOffsetSec: 3 });
  timer.reschedule();
  const round = nextRound(runtime.clock.now(), { intervalSec: 5, voteDelaySec: 2, distDelaySec: 2, offsetSec: 3 });
  await runtime.advance(5000);
  assert.equal(asked[0], round.intervalStartsMs);
  timer.stop();
  const { length } = asked;
  await runtime.advance(60_000);
  assert.equal(asked.length, length);
});

test('goes on with the next round when one fails', async () => {
  let rounds = 0;
  const { runtime, config, logged, timer } = make(async () => {
    rounds++;
    throw new Error('no disk');
  });
  Object.assign(config, { initialIntervalSec: 5 });
  timer.start();
  timer.reschedule();
  await runtime.advance(30_000);
  assert.ok(rounds > 2, `${rounds} rounds`);
  assert.ok(logged.some((line) => line.startsWith('Voting failed')));
});
