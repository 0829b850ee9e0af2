import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromLatin1 } from '../../../../src/base/bytes/index.ts';
import type { Timers } from '../../../../src/base/runtime/index.ts';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import { DiffHistory } from '../../../../src/roles/dircache/index.ts';
import { encodeLabeledFile, parseLabeledFile } from '../../../../src/roles/dircache/labeled-file.ts';
import { applyConsensusDiff } from '../../../../src/wire/netdoc/index.ts';
import { FakeTime } from '../../network/fakes.ts';
import { consensusOf, nowMs } from './support.ts';

const times = ['072320', '072340', '072800', '072820', '073600'];
const consensuses = times.map((time) => consensusOf('microdesc', time));
const [first, second, third, fourth, last] = consensuses;

/** No waiting: work goes on in other threads, whose end no fake clock knows. */
const timers: Timers = {
  after: (_delayMs, callback) => {
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate(immediate) };
  },
  soon: (callback) => void setImmediate(callback),
};

function setUp(input: { store?: MemoryStore; maxAgeMs?: number; maxEntries?: number } = {}) {
  const store = input.store ?? new MemoryStore();
  const made: string[] = [];
  const history = new DiffHistory(
    { clock: new FakeTime(nowMs), timers, store, onDiff: (diff) => made.push(diff) },
    {
      maxAgeMs: () => input.maxAgeMs ?? 86_400_000,
      ...(input.maxEntries === undefined ? {} : { maxEntries: input.maxEntries }),
    },
  );
  return { store, history, made };
}

describe('past consensuses', () => {
  it('give diffs to the newest, from each of them', async () => {
    const { history, made } = setUp();
    for (const consensus of consensuses) {
      history.add(consensus);
      await history.settled();
    }
    assert.ok(last !== undefined);
    for (const consensus of consensuses.slice(0, -1)) {
      const diff = history.find('microdesc', consensus.sha3);
      assert.ok(diff !== undefined);
      assert.equal(applyConsensusDiff(consensus.text, diff), last.text);
      assert.equal(history.find('ns', consensus.sha3), undefined);
    }
    assert.equal(history.find('microdesc', last.sha3), undefined);
    assert.equal(made.length, 1 + 2 + 3 + 4);
    await history.stop();
  });

  it('keep flavours apart', async () => {
    const { history } = setUp();
    const [a, b] = [consensusOf('ns', '072320'), consensusOf('ns', '072340')];
    assert.ok(first !== undefined && second !== undefined);
    for (const consensus of [first, a, second, b]) history.add(consensus);
    await history.settled();
    assert.equal(applyConsensusDiff(a.text, history.find('ns', a.sha3) ?? ''), b.text);
    assert.equal(applyConsensusDiff(first.text, history.find('microdesc', first.sha3) ?? ''), second.text);
    await history.stop();
  });

  it('outlive a restart, and what is damaged goes', async () => {
    const { history, store } = setUp();
    assert.ok(first && second && third && fourth);
    for (const consensus of [first, second]) history.add(consensus);
    await history.settled();
    await history.stop();
    const [file = ''] = store.files.keys();
    assert.equal(file, 'diff-cache/1000');
    const labels = parseLabeledFile(store.files.get(file) ?? new Uint8Array(0))?.labels;
    assert.equal(labels?.get('document-type'), 'consensus');
    assert.equal(labels?.get('consensus-valid-after'), '2026-11-21T07:23:20');
    store.files.set('diff-cache/7', fromLatin1('soup'));
    store.files.set('diff-cache/8', encodeLabeledFile({ labels: labels ?? new Map(), content: fromLatin1('soup') }));
    const again = setUp({ store });
    await again.history.load();
    assert.equal(store.files.has('diff-cache/7'), false);
    again.history.add(third);
    await again.history.settled();
    assert.notEqual(again.history.find('microdesc', second.sha3), undefined);
    assert.equal(store.files.has('diff-cache/8'), false, 'its content cannot be read');
    await again.history.stop();
  });

  it('are limited by age and number', async () => {
    const { history, store } = setUp({ maxEntries: 2 });
    for (const consensus of consensuses) {
      history.add(consensus);
      await history.settled();
    }
    assert.equal(store.files.size, 2);
    assert.ok(third !== undefined && fourth !== undefined);
    assert.notEqual(history.find('microdesc', fourth.sha3), undefined);
    assert.equal(history.find('microdesc', third.sha3), undefined);
    await history.stop();
    const young = setUp({ maxAgeMs: 60_000, store });
    await young.history.load();
    assert.equal(store.files.size, 2, 'ten seconds, and in the future');
    const none = setUp({ maxAgeMs: -86_400_000, store });
    await none.history.load();
    assert.equal(store.files.size, 0);
  });

  it('stop at once', async () => {
    const { history } = setUp();
    for (const consensus of consensuses) history.add(consensus);
    await history.stop();
    await history.settled();
  });
});
