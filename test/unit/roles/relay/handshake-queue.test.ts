import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { createFastClient, ntorClient } from '../../../../src/crypto/handshake/index.ts';
import { type X25519KeyPair, x25519KeyPair } from '../../../../src/crypto/primitives/index.ts';
import { type CreateAnswer, defaultCircuitParams } from '../../../../src/protocol/circuit/index.ts';
import {
  type CreateRequest,
  type HandshakeQueue,
  LocalHandshakeQueue,
  ThreadHandshakeQueue,
  type ThreadQueueOptions,
} from '../../../../src/roles/relay/handshake-queue.ts';
import type { HandshakeThreadEvents } from '../../../../src/roles/relay/handshakes/handshake-thread.ts';
import { type Jobs, noResults } from '../../../../src/roles/relay/handshakes/messages.ts';
import { CellCommand, decodeCreated2, encodeCreate2, HandshakeType } from '../../../../src/wire/cell/index.ts';

const { random } = nodeRuntime;
const rsaId = random.bytes(20);
const ed25519Id = random.bytes(32);
let onionKeys: readonly X25519KeyPair[] = [x25519KeyPair(random)];

const options: ThreadQueueOptions = {
  keys: () => ({ rsaId, ed25519Id, onionKeys }),
  congestion: () => defaultCircuitParams.congestion,
  cgo: false,
};

/** Time and turns by hand. */
function makeDeps() {
  const turns: (() => void)[] = [];
  let nowMs = 0;
  return {
    deps: {
      random,
      clock: { now: () => nowMs, monotonic: () => nowMs },
      later: (callback: () => void): void => void turns.push(callback),
    },
    pass: (ms: number): void => {
      nowMs += ms;
    },
    turn: (): boolean => {
      const callback = turns.shift();
      callback?.();
      return callback !== undefined;
    },
  };
}

const realDeps = { ...nodeRuntime, later: (callback: () => void): void => void setImmediate(callback) };

interface Asked {
  readonly request: CreateRequest;
  check(answer: CreateAnswer): void;
}

function ntorRequest(wanted: () => boolean = () => true): Asked {
  const onionKey = onionKeys[0]?.publicKey ?? rsaId;
  const client = ntorClient(random, { rsaId, onionKey });
  const cell = new Uint8Array(509);
  cell.set(encodeCreate2({ handshakeType: HandshakeType.NTOR, data: client.onionskin }));
  return {
    request: { command: CellCommand.CREATE2, body: cell, wanted },
    check(answer) {
      const keys = client.finish(decodeCreated2(answer.body)).keys(92);
      assert.deepEqual(Buffer.from(answer.keys), Buffer.from(keys));
    },
  };
}

const badRequest = (): CreateRequest => ({
  command: CellCommand.CREATE2,
  body: new Uint8Array(509),
  wanted: () => true,
});

const submit = (queue: HandshakeQueue, request: CreateRequest): Promise<CreateAnswer> =>
  new Promise((resolve, reject) => {
    queue.submit(request, (answer) => resolve({ ...answer, body: answer.body.slice() }), reject);
  });

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: unknown) => TorError.from(error).code,
  );

test('here: answers, in turn, and refuses what is no handshake', async () => {
  const { deps, turn } = makeDeps();
  const queue = new LocalHandshakeQueue(deps, options);
  const asked = Array.from({ length: 20 }, () => ntorRequest());
  const answers = asked.map(({ request }) => submit(queue, request));
  const refused = codeOf(submit(queue, badRequest()));
  assert.equal(queue.depth, 21);
  turn();
  assert.equal(queue.depth, 13);
  while (turn());
  for (const [i, answer] of (await Promise.all(answers)).entries()) asked[i]?.check(answer);
  assert.notEqual(await refused, 'answered');
});

test('here: too many, too late and no longer wanted', async () => {
  const { deps, pass, turn } = makeDeps();
  const queue = new LocalHandshakeQueue(deps, { ...options, maxDepth: 3, maxDelayMs: () => 100 });
  const oldest = codeOf(submit(queue, ntorRequest().request));
  const late = codeOf(submit(queue, ntorRequest().request));
  const gone = codeOf(submit(queue, ntorRequest(() => false).request));
  pass(101);
  const young = codeOf(submit(queue, ntorRequest().request));
  assert.equal(queue.depth, 3);
  while (turn());
  assert.deepEqual(await Promise.all([oldest, late, gone, young]), ['QUEUE_FULL', 'QUEUE_FULL', 'ABORTED', 'answered']);
  const left = codeOf(submit(queue, ntorRequest().request));
  queue.close();
  assert.equal(await left, 'ABORTED');
});

test('threads: a flood is answered by them, with the keys of the moment', async () => {
  const queue = new ThreadHandshakeQueue(realDeps, { ...options, threads: 2, startDepth: 4 });
  const first = Array.from({ length: 8 }, () => ntorRequest());
  const answered = await Promise.all(first.map(({ request }) => submit(queue, request)));
  for (const [i, answer] of answered.entries()) first[i]?.check(answer);
  // They take a moment to start; meanwhile this thread answers.
  for (let tries = 0; queue.threads < 2; tries++) {
    assert.ok(tries < 100_000, 'no thread ever started');
    const { request, check } = ntorRequest();
    check(await submit(queue, request));
  }
  for (let round = 0; round < 2; round++) {
    const asked = Array.from({ length: 100 }, () => ntorRequest());
    const answers = asked.map(({ request }) => submit(queue, request));
    const refused = codeOf(submit(queue, badRequest()));
    for (const [i, answer] of (await Promise.all(answers)).entries()) asked[i]?.check(answer);
    assert.notEqual(await refused, 'answered');
    onionKeys = [x25519KeyPair(random), ...onionKeys];
  }
  const fast = createFastClient(random);
  const answer = await submit(queue, { command: CellCommand.CREATE_FAST, body: fast.onionskin, wanted: () => true });
  assert.equal(answer.fast, true);
  queue.close();
  assert.equal(queue.threads, 0);
});

test('threads: those that die leave their work to this one', async () => {
  const started: { readonly events: HandshakeThreadEvents; readonly posts: Jobs[] }[] = [];
  const { deps, turn } = makeDeps();
  const queue = new ThreadHandshakeQueue(
    {
      ...deps,
      startThread: (events) => {
        const posts: Jobs[] = [];
        started.push({ events, posts });
        return { post: (jobs) => void posts.push(jobs), hold: () => undefined, stop: () => undefined };
      },
    },
    { ...options, threads: 2, startDepth: 1 },
  );
  const local = codeOf(submit(queue, ntorRequest().request));
  while (turn());
  assert.equal(await local, 'answered');
  assert.equal(started.length, 2);
  for (const { events } of started) events.results(noResults);
  const answers = Array.from({ length: 100 }, () => codeOf(submit(queue, ntorRequest().request)));
  while (turn());
  // Each has what it can hold, and was told the keys; the rest waits.
  assert.deepEqual(
    started.map(({ posts }) => posts.map((jobs) => [jobs.count, jobs.settings !== undefined])),
    [[[32, true]], [[32, true]]],
  );
  assert.equal(queue.depth, 36);
  started[0]?.events.lost();
  assert.equal(queue.threads, 1);
  started[1]?.events.lost();
  while (turn());
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['answered']));
  queue.close();
});

test('threads: closing tells all who wait', async () => {
  const queue = new ThreadHandshakeQueue(
    {
      ...makeDeps().deps,
      startThread: (events) => {
        queueMicrotask(() => events.results(noResults));
        return { post: () => undefined, hold: () => undefined, stop: () => undefined };
      },
    },
    { ...options, threads: 1, startDepth: 1 },
  );
  const waiting = [codeOf(submit(queue, ntorRequest().request))];
  await Promise.resolve();
  waiting.push(codeOf(submit(queue, ntorRequest().request)));
  queue.close();
  assert.deepEqual(await Promise.all(waiting), ['ABORTED', 'ABORTED']);
});
