import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Logger, type LogRecord } from '../../../../src/base/log/index.ts';
import {
  formatIsoTime,
  MemoryStore,
  parseIsoTime,
  readBuildTimes,
  readDormancy,
  StateFile,
  writeBuildTimes,
  writeDormancy,
} from '../../../../src/network/storage/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';

const written = Date.UTC(2026, 10, 21, 10, 12, 26);
const sample = await readFile(new URL('../../../documents/state/ctor-0.4.9.11', import.meta.url), 'utf8');

async function load(text: string | undefined, nowMs = written) {
  const store = new MemoryStore();
  const runtime = new FakeRuntime(nowMs);
  const records: LogRecord[] = [];
  const logger = new Logger(() => nowMs);
  logger.addSink((record) => records.push(record), 'debug');
  if (text !== undefined) await store.write('state', text);
  const file = await StateFile.load({ store, ...runtime, logger }, { version: 'Tor 0.4.9.11' });
  return { store, runtime, file, records };
}

const body = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('StateFile', () => {
  it('writes a state file of C tor back byte for byte', async () => {
    const { file, store } = await load(sample);
    await file.save();
    const again = await store.readText('state');
    assert.deepEqual(body(again ?? ''), body(sample));
    const header = /^# Tor state file last generated on [0-9: -]+ local time\n# Other times below are in UTC\n/;
    assert.match(again ?? '', header);
    assert.equal(again?.split('\n')[2], sample.split('\n')[2]);
    assert.equal(again?.split('\n')[3], '');
  });

  it('knows the typed parts of it', async () => {
    const { file } = await load(sample);
    assert.equal(file.getAll('Guard').length, 3);
    assert.equal(file.get('guard'), file.getAll('Guard')[0]);
    assert.equal(file.lastWrittenSec, written / 1000);
    assert.deepEqual(readBuildTimes(file), {
      bins: [
        { ms: 475, count: 2 },
        { ms: 525, count: 1 },
      ],
      abandoned: 0,
    });
    assert.deepEqual(readDormancy(file), { dormant: false, minutesSinceUserActivity: 0 });
    assert.equal(file.get('FancyNewKey'), 'some thing');
  });

  it('starts empty without a file', async () => {
    const { file } = await load(undefined);
    assert.deepEqual(file.getAll('Guard'), []);
    assert.deepEqual(readDormancy(file), { dormant: undefined, minutesSinceUserActivity: 0 });
  });

  it('keeps what it can of a damaged file and a copy of the whole', async () => {
    const damaged = `TotalBuildTimes many\nGuard in=default rsa_id=00\n\u0000\u0001\u0002garbage\nLastWritten yesterday\nNew thing\n`;
    const { file, store, records } = await load(damaged);
    assert.deepEqual(file.getAll('Guard'), ['in=default rsa_id=00']);
    assert.equal(file.get('TotalBuildTimes'), undefined);
    assert.equal(file.get('New'), 'thing');
    assert.equal(await store.readText('state.0'), damaged);
    assert.equal(await store.readText('state'), damaged);
    assert.equal(records.filter((record) => record.severity === 'err').length, 0);
  });

  it('loads any bytes at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const store = new MemoryStore();
        await store.write('state', bytes);
        const file = await StateFile.load({ store, ...new FakeRuntime(written) }, { version: 'x' });
        await file.save();
      }),
    );
  });

  it('drops lines of long gone versions', async () => {
    const { file, store } = await load('EntryGuard old\nHidServRevCounter 5\n');
    await file.save();
    assert.doesNotMatch((await store.readText('state')) ?? '', /EntryGuard|HidServ/);
  });

  it('warns when the clock went back', async () => {
    const { records } = await load(sample, written - 60_000);
    assert.match(records[0]?.message ?? '', /60 seconds behind/);
  });

  it('saves once for many requests, at the earliest, after asking its subsystems', async () => {
    const { file, store, runtime } = await load(undefined);
    let flushes = 0;
    file.beforeSave(() => {
      file.set('Guard', `flush ${++flushes}`);
    });
    file.saveSoon(30_000);
    file.saveSoon(600_000);
    file.saveSoon(10_000);
    await runtime.advance(9_999);
    assert.equal(await store.read('state'), undefined);
    await runtime.advance(1);
    assert.match((await store.readText('state')) ?? '', /^Guard flush 1$/m);
    await runtime.advance(1_000_000);
    assert.equal(flushes, 1);
  });

  it('tries again in an hour when the disk refuses', async () => {
    const { file, store, runtime } = await load(undefined);
    const write = store.write.bind(store);
    store.write = async () => {
      throw new Error('disk full');
    };
    await assert.rejects(file.save());
    store.write = write;
    await runtime.advance(3_599_999);
    assert.equal(await store.read('state'), undefined);
    await runtime.advance(1);
    assert.match((await store.readText('state')) ?? '', /LastWritten/);
  });
});

describe('build times and dormancy in the state', () => {
  it('come back as they were written', async () => {
    const { file, store } = await load(undefined);
    const times = {
      bins: [
        { ms: 45, count: 3 },
        { ms: 105, count: 1 },
      ],
      abandoned: 2,
    };
    writeBuildTimes(file, times);
    writeDormancy(file, true, 0);
    await file.save();
    const again = await load((await store.readText('state')) ?? '');
    assert.deepEqual(readBuildTimes(again.file), times);
    assert.equal(again.file.get('TotalBuildTimes'), '6');
    assert.deepEqual(readDormancy(again.file), { dormant: true, minutesSinceUserActivity: 0 });
  });

  it('are forgotten when the sum does not fit', async () => {
    const { file } = await load('CircuitBuildTimeBin 100 5\nTotalBuildTimes 6\n');
    assert.deepEqual(readBuildTimes(file), { bins: [], abandoned: 0 });
  });
});

describe('ISO times', () => {
  it('are inverse to each other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.constantFrom<' ' | 'T'>(' ', 'T'),
        (seconds, separator) => {
          assert.equal(parseIsoTime(formatIsoTime(seconds, separator)), seconds);
        },
      ),
    );
  });

  it('refuse what is no time', () => {
    for (const text of ['', '2026-11-21', '2026-13-01 00:00:00', '2026-11-21 24:00:00', '1969-01-01 00:00:00', 'now']) {
      assert.equal(parseIsoTime(text), undefined, text);
    }
  });
});
