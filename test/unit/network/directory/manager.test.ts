import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { base16Upper, base64Unpadded, utf8 } from '../../../../src/base/bytes/index.ts';
import { batchesOf } from '../../../../src/network/directory/batch-downloads.ts';
import { type DirectoryManagerOptions, TorDirectoryManager } from '../../../../src/network/directory/index.ts';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import {
  parseAuthorityCertificates,
  parseMicrodescConsensus,
  parseMicrodescriptors,
} from '../../../../src/wire/netdoc/index.ts';
import { parseProtover } from '../../../../src/wire/protover/index.ts';
import { documentText } from '../../../support/documents.ts';
import { FakeDirectories, type FakeRequest, type FakeServe } from '../../../support/fake-directories.ts';
import { advanceUntil, FakeTime, seededRandom } from '../fakes.ts';

const folder = 'network-0.4.9.11';
const consensusAt = (time: string): string => documentText(`${folder}/cons-md-2026-11-21T${time}`);
const first = consensusAt('072820');
const later = consensusAt('073600');
const firstMs = Date.UTC(2026, 10, 21, 7, 28, 20);
const laterMs = Date.UTC(2026, 10, 21, 7, 36, 0);
const certificates = parseAuthorityCertificates(documentText(`${folder}/keys-all`)).documents;
const microdescs = new Map(
  parseMicrodescriptors(documentText(`${folder}/cached-microdescs.new`), { annotations: true }).documents.map(
    (each) => [base64Unpadded(each.digest), each.text],
  ),
);
const listed = parseMicrodescConsensus(first)
  .dangerouslyUnverified()
  .relays.map((relay) => base64Unpadded(relay.descriptorDigest));

/** A directory that has everything. */
const honest =
  (consensus = first): FakeServe =>
  ({ path }: FakeRequest) => {
    if (path.startsWith('/tor/status-vote/current/consensus-microdesc/')) return { body: consensus };
    if (path.startsWith('/tor/keys/')) {
      const wanted = certificates.filter(({ identity }) => path.includes(base16Upper(identity)));
      return { body: wanted.map(({ text }) => text).join('') };
    }
    const keys = /^\/tor\/micro\/d\/(.*)\.z$/.exec(path)?.[1]?.split('-');
    return keys === undefined ? undefined : { body: keys.map((key) => microdescs.get(key) ?? '').join('') };
  };

const authorities = certificates.map(({ identity }, i) => ({
  nickname: `auth${i}`,
  address: '127.0.0.1',
  dirPort: 7000 + i,
  orPort: 5000 + i,
  fingerprint: `${i}`.repeat(40),
  v3Ident: base16Upper(identity),
  bridge: false,
  weight: 1,
}));

function setUp(input: {
  readonly serve?: FakeServe;
  readonly store?: MemoryStore;
  readonly time?: FakeTime;
  readonly options?: Partial<DirectoryManagerOptions>;
}) {
  const time = input.time ?? new FakeTime(firstMs + 2000);
  const store = input.store ?? new MemoryStore();
  const circuits = new FakeDirectories(input.serve ?? honest());
  const manager = new TorDirectoryManager(
    { clock: time, timers: time, random: seededRandom(7), store, circuits },
    { authorities, fallbacks: [], netdir: { testingNetwork: true }, ...input.options },
  );
  const errors: unknown[] = [];
  manager.events.onListenerError = (error) => errors.push(error);
  const isReady = (): boolean => circuits.netdir !== undefined;
  return { time, store, circuits, manager, isReady, errors };
}

async function bootstrapped(input: Parameters<typeof setUp>[0] = {}) {
  const all = setUp(input);
  await all.manager.start();
  assert.equal(await advanceUntil(all.time, all.isReady, 60_000), true, 'it bootstraps');
  return all;
}

const kinds = (requests: readonly FakeRequest[]): string[] => requests.map(({ path }) => path.split('/')[2] ?? '');

describe('the directory manager', () => {
  it('asks for consensus, certificates and microdescriptors, and has a network', async () => {
    const { manager, circuits, store } = await bootstrapped();
    assert.deepEqual(kinds(circuits.requests), ['status-vote', 'keys', 'micro']);
    const prefixes = authorities.map(({ v3Ident }) => v3Ident.slice(0, 6)).sort();
    assert.equal(circuits.paths[0], `/tor/status-vote/current/consensus-microdesc/${prefixes.join('+')}.z`);
    assert.equal(circuits.paths[1], `/tor/keys/fp/${authorities.map(({ v3Ident }) => v3Ident).join('+')}`);
    assert.equal(circuits.requests[1]?.from, circuits.requests[0]?.from, 'certificates where the consensus came from');
    const netdir = await manager.whenReady();
    assert.equal(netdir.relays.length, listed.length);
    assert.ok(netdir.relays.every((relay) => relay.hasDescriptor));
    assert.equal(utf8(store.files.get('cached-microdesc-consensus') ?? new Uint8Array(0)), first);
    assert.equal(store.files.has('unverified-microdesc-consensus'), false);
    assert.match(
      utf8(store.files.get('cached-microdescs.new') ?? new Uint8Array(0)),
      /^@last-listed 2026-11-21 07:28:/,
    );
    await manager.stop();
  });

  it('tells its phases in order', async () => {
    const { manager, time } = setUp({});
    const tags: string[] = [];
    manager.events.on('progress', ({ tag }) => tags.push(tag));
    await manager.start();
    manager.noteProgress('handshake_done');
    await time.advance(10_000);
    assert.deepEqual(tags, ['starting', 'handshake_done', 'loading_status', 'loading_keys']);
    await manager.stop();
  });

  it('downloads nothing it has after a restart, until the consensus is to be replaced', async () => {
    const { store, time, manager } = await bootstrapped();
    await manager.stop();
    const again = setUp({ store, time });
    await again.manager.start();
    assert.equal(again.isReady(), true, 'at once');
    await time.advance(5000);
    assert.deepEqual(again.circuits.requests, []);
    await again.manager.stop();
  });

  it('replaces the consensus in its time and asks for what changed', async () => {
    const { time, circuits, manager } = await bootstrapped();
    const before = circuits.requests.length;
    circuits.serve = honest(later);
    time.jump(laterMs + 5000 - time.now());
    await time.advance(5000);
    const netdir = manager.netdir;
    assert.equal(netdir?.validAfterMs, laterMs);
    const request = circuits.requests[before];
    assert.equal(request?.headers.get('if-modified-since'), 'Sat, 21 Nov 2026 07:28:30 GMT');
    const { sha3 } = parseMicrodescConsensus(first).digests;
    assert.equal(request?.headers.get('x-or-diff-from-consensus'), base16Upper(sha3));
    await manager.stop();
  });

  it('does not ask for a new consensus while the old one is fresh', async () => {
    const { time, circuits, manager } = await bootstrapped();
    const before = circuits.requests.length;
    await time.advance(firstMs + 20_000 - time.now());
    assert.equal(circuits.requests.length, before);
    await manager.stop();
  });

  it('asks others when one does not answer', async () => {
    const serve: FakeServe = (request) => (request.from.startsWith('0') ? 'refuse' : honest()(request));
    const { circuits, manager } = await bootstrapped({ serve });
    assert.ok(circuits.requests.every(({ from }) => !from.startsWith('0')));
    await manager.stop();
  });

  it('is patient when nobody answers, and bootstraps when somebody does', async () => {
    const { time, circuits, manager, isReady } = setUp({ serve: () => ({ status: 404 }) });
    await manager.start();
    await time.advance(600_000);
    const asked = circuits.requests.length;
    assert.ok(asked > 5 && asked < 100, `${asked} requests in ten minutes`);
    circuits.serve = honest();
    manager.poke();
    time.jump(firstMs + 20_000 - time.now());
    assert.equal(await advanceUntil(time, isReady, 20_000), true);
    await manager.stop();
  });

  it('leaves a busy directory alone', async () => {
    const serve: FakeServe = (request) => (request.from.startsWith('1') ? { status: 503 } : honest()(request));
    const { circuits, manager, time } = await bootstrapped({ serve });
    await time.advance(120_000);
    assert.ok(circuits.requests.filter(({ from }) => from.startsWith('1')).length <= 1);
    await manager.stop();
  });

  it('asks for the whole consensus when a diff does not fit', async () => {
    const { time, circuits, manager } = await bootstrapped();
    const before = circuits.requests.length;
    circuits.serve = (request) =>
      request.headers.has('x-or-diff-from-consensus')
        ? { body: `network-status-diff-version 1\nhash ${'0'.repeat(64)} ${'0'.repeat(64)}\n` }
        : honest(later)(request);
    time.jump(laterMs + 5000 - time.now());
    assert.equal(await advanceUntil(time, () => manager.netdir?.validAfterMs === laterMs, 60_000), true);
    const asked = circuits.requests.slice(before).filter(({ path }) => path.includes('/consensus-'));
    assert.deepEqual(
      asked.map(({ headers }) => headers.has('x-or-diff-from-consensus')),
      [true, false],
    );
    await manager.stop();
  });

  it('names the directory by its ORPort', async () => {
    const { circuits, manager } = await bootstrapped();
    const { from, headers } = circuits.requests[0] ?? {};
    assert.equal(headers?.get('host'), `127.0.0.1:${5000 + Number(from?.[0])}`);
    await manager.stop();
  });

  for (const [what, body] of [
    ['soup', 'soup'.repeat(100)],
    ['nothing', ''],
    ['another flavour', documentText(`${folder}/cons-ns-2026-11-21T072820`)],
    ['half a consensus', first.slice(0, 3000)],
    ['a diff to nothing', `network-status-diff-version 1\nhash ${'0'.repeat(64)} ${'0'.repeat(64)}\n`],
  ] as const) {
    it(`is not led astray by a directory that serves ${what}`, async () => {
      const serve: FakeServe = (request) =>
        request.from.startsWith('0') && request.path.includes('/consensus-') ? { body } : honest()(request);
      const { manager, errors } = await bootstrapped({ serve });
      assert.equal(manager.netdir?.validAfterMs, firstMs);
      assert.deepEqual(errors, []);
      await manager.stop();
    });
  }

  it('takes no microdescriptor that it did not ask for', async () => {
    const [lost = ''] = listed;
    const serve: FakeServe = (request) => {
      const answer = honest()(request);
      if (!request.path.startsWith('/tor/micro/') || answer === undefined || typeof answer === 'string') return answer;
      const stranger = 'onion-key\nntor-onion-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n';
      return { body: `${stranger}${answer.body?.replace(microdescs.get(lost) ?? '', '')}` };
    };
    const { manager, store } = await bootstrapped({ serve });
    assert.ok(!utf8(store.files.get('cached-microdescs.new') ?? new Uint8Array(0)).includes('AAAAAAAAAAAAAAAA'));
    await manager.stop();
  });

  it('leaves descriptors alone while nobody wants a circuit', async () => {
    const { manager, time, circuits } = setUp({ options: { isIdle: () => true } });
    await manager.start();
    await time.advance(5000);
    assert.deepEqual(kinds(circuits.requests), ['status-vote', 'keys']);
    await manager.stop();
  });

  it('refuses a consensus that too few authorities signed', async () => {
    const cut = first.slice(0, first.indexOf('directory-signature', first.indexOf('directory-signature') + 1));
    const { time, manager, isReady, store } = setUp({ serve: honest(cut) });
    await manager.start();
    await time.advance(20_000);
    assert.equal(isReady(), false);
    assert.equal(store.files.has('cached-microdesc-consensus'), false);
    await manager.stop();
  });

  it('keeps a consensus that waits for certificates over a restart', async () => {
    const noKeys: FakeServe = (request) =>
      request.path.startsWith('/tor/keys/') ? { status: 404 } : honest()(request);
    const one = setUp({ serve: noKeys });
    await one.manager.start();
    await one.time.advance(3000);
    assert.equal(one.store.files.has('unverified-microdesc-consensus'), true);
    await one.manager.stop();
    const two = await bootstrapped({ store: one.store, time: one.time });
    assert.deepEqual(kinds(two.circuits.requests), ['keys', 'micro']);
    assert.equal(one.store.files.has('unverified-microdesc-consensus'), false);
    assert.equal(one.store.files.has('cached-microdesc-consensus'), true);
    await two.manager.stop();
  });

  it('asks again for what one directory did not have, and only for that', async () => {
    const [lost] = listed;
    const serve: FakeServe = (request) => {
      const answer = honest()(request);
      const isFirst = request.path.startsWith('/tor/micro/') && request.path.includes('-');
      if (!isFirst || answer === undefined || typeof answer === 'string') return answer;
      return { body: answer.body?.replace(microdescs.get(lost ?? '') ?? '', '') ?? '' };
    };
    const { time, circuits, manager } = await bootstrapped({ serve });
    await time.advance(900_000 - 1);
    assert.ok(circuits.paths.includes(`/tor/micro/d/${lost}.z`), circuits.paths.join('\n'));
    await manager.stop();
  });

  for (const [name, from, to] of [
    ['cached-microdescs.new', 0.5, ['micro']],
    ['cached-microdesc-consensus', 0.5, ['status-vote']],
    ['cached-certs', 0.5, ['keys']],
  ] as const) {
    it(`mends a ${name} that was cut short by a crash`, async () => {
      const { store, time, manager } = await bootstrapped();
      await manager.stop();
      const whole = store.files.get(name) ?? new Uint8Array(0);
      store.files.set(name, whole.slice(0, Math.floor(whole.length * from)));
      const again = await bootstrapped({ store, time });
      assert.ok(again.manager.netdir?.relays.every((relay) => relay.hasDescriptor));
      assert.ok(
        kinds(again.circuits.requests).every((kind) => (to as readonly string[]).includes(kind)),
        again.circuits.paths.join('\n'),
      );
      await again.manager.stop();
      const third = await bootstrapped({ store, time });
      assert.deepEqual(third.circuits.requests, [], 'mended on disk as well');
      await third.manager.stop();
    });
  }

  it('tells of a clock that is off', async () => {
    const serve: FakeServe = (request) => {
      const answer = honest()(request);
      if (answer === undefined || typeof answer === 'string') return answer;
      return { ...answer, headers: ['Date: Sat, 21 Nov 2026 08:30:00 GMT'] };
    };
    const { manager, time, circuits } = setUp({ serve });
    const skews: { skewMs: number; trusted: boolean; source: string }[] = [];
    manager.events.on('clockSkew', (skew) => skews.push(skew));
    await manager.start();
    await time.advance(3000);
    assert.equal(skews[0]?.trusted, true);
    assert.equal(skews[0]?.source, `DIRSERV:$${circuits.requests[0]?.from}`);
    assert.ok(Math.abs((skews[0]?.skewMs ?? 0) + 3_698_000) < 3000, `${skews[0]?.skewMs}`);
    await manager.stop();
  });

  it('believes a consensus from the future only so far', async () => {
    const time = new FakeTime(firstMs - 3600_000);
    const { manager, isReady } = setUp({ time });
    const sources: string[] = [];
    manager.events.on('clockSkew', ({ source }) => sources.push(source));
    await manager.start();
    assert.equal(await advanceUntil(time, isReady, 10_000), true, 'an hour is within reason');
    assert.ok(sources.includes('CONSENSUS'));
    await manager.stop();
    const far = setUp({ time: new FakeTime(firstMs - 2 * 86_400_000) });
    await far.manager.start();
    await far.time.advance(10_000);
    assert.equal(far.isReady(), false, 'two days are not');
    await far.manager.stop();
  });

  it('gives the network up a day after the consensus ran out', async () => {
    const { time, circuits, manager } = await bootstrapped();
    circuits.serve = () => ({ status: 404 });
    const told: boolean[] = [];
    manager.events.on('enough', ({ enough }) => told.push(enough));
    time.jump(86_400_000 - 60_000);
    await time.advance(1000);
    assert.notEqual(manager.netdir, undefined);
    time.jump(10 * 60_000);
    await time.advance(1000);
    assert.equal(manager.netdir, undefined);
    assert.equal(circuits.netdir, undefined);
    assert.deepEqual(told, [false]);
    const waiting = manager.whenReady();
    await manager.stop();
    await assert.rejects(waiting, { code: 'ABORTED' });
  });

  it('asks nothing while it may not', async () => {
    let may = false;
    const { time, circuits, manager, isReady } = setUp({ options: { mayFetch: () => may } });
    await manager.start();
    await time.advance(60_000);
    assert.deepEqual(circuits.requests, []);
    may = true;
    assert.equal(await advanceUntil(time, isReady, 10_000), true);
    await manager.stop();
  });

  it('says what protocols it lacks', async () => {
    const { manager, time } = setUp({ options: { protocols: parseProtover('Link=5') } });
    const told: { missing: string; required: boolean }[] = [];
    manager.events.on('protocols', (event) => told.push(event));
    await manager.start();
    await time.advance(3000);
    assert.equal(told.length, 1);
    assert.match(told[0]?.missing ?? '', /Relay=/);
    await manager.stop();
  });

  it('stops: nothing goes on, waiting callers are told', async () => {
    const { manager, time, circuits } = setUp({ serve: ({ path }) => (path === '' ? undefined : 'silence') });
    await manager.start();
    await time.advance(2000);
    assert.ok(circuits.open > 0);
    const waiting = manager.whenReady();
    await manager.stop();
    await assert.rejects(waiting, { code: 'ABORTED' });
    assert.equal(circuits.open, 0);
    const asked = circuits.requests.length;
    await time.advance(600_000);
    assert.equal(circuits.requests.length, asked);
    await assert.rejects(manager.whenReady(), { code: 'ABORTED' });
  });

  it('gives up waiting at a signal', async () => {
    const { manager } = setUp({ serve: () => 'refuse' });
    const abort = new AbortController();
    const waiting = manager.whenReady(abort.signal);
    abort.abort();
    await assert.rejects(waiting);
    await manager.stop();
  });
});

describe('batches of microdescriptors', () => {
  const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
  for (const [count, max, sizes] of [
    [0, 500, []],
    [9, 500, [9]],
    [40, 500, [32, 8]],
    [100, 500, [34, 34, 32]],
    [7000, 500, Array.from({ length: 14 }, () => 500)],
    [300, 90, [90, 90, 90, 30]],
  ] as const) {
    it(`${count} in requests of at most ${max}`, () => {
      assert.deepEqual(
        batchesOf(keys(count), max).map((batch) => batch.length),
        sizes,
      );
    });
  }
});
