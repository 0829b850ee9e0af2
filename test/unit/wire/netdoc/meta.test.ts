import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { any, anyWords, atLeast, KeywordTable, maybe, noWords, once } from '../../../../src/wire/netdoc/meta/rules.ts';
import { splitWords, tokenize } from '../../../../src/wire/netdoc/meta/tokenizer.ts';
import {
  base64Lines,
  decodeBase64,
  decodeBase64Of,
  formatIsoTime,
  formatObject,
  parseIsoTime,
} from '../../../../src/wire/netdoc/meta/values.ts';

const code = (wanted: string) => (error: unknown) => (error as { code?: string }).code === wanted;
const table = new KeywordTable({
  start: once(atLeast(1), { at: 'start' }),
  free: maybe('text'),
  line: maybe('line'),
  words: any(anyWords),
  key: maybe(noWords, { object: 'needed' }),
});
const closedTable = new KeywordTable({ words: any(anyWords), end: once(noWords, { at: 'end' }) });
const tokens = (text: string) => tokenize(text, table).tokens.map(({ keyword, args }) => [keyword, ...args]);

test('lines, comments, indentation and opt as C tor reads them', () => {
  assert.deepEqual(tokens('start a  b\t c # no\n\n  words x#y\nopt words z\n# words q\nunknown thing  here\n'), [
    ['start', 'a', 'b', 'c'],
    ['words', 'x'],
    ['words', 'z'],
    ['unknown', 'unknown thing  here'],
  ]);
  assert.deepEqual(tokens('start a\nline a  b #c\nfree \xe9\r'), [
    ['start', 'a'],
    ['line', 'a  b #c'],
    ['free', '\xe9\r'],
  ]);
});

test('objects', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const text = `start a\nkey\n${formatObject('THING', bytes)}unknown\n${formatObject('OTHER', bytes)}`;
  const section = tokenize(text, table);
  assert.deepEqual(section.first('key')?.object, { type: 'THING', bytes });
  assert.equal(section.tokens[2]?.object?.type, 'OTHER');
  for (const broken of [
    text.replace('-----END THING', '-----END THINGS'),
    text.replace('AAEC', 'A*EC'),
    text.replace('-----BEGIN THING-----', '-----BEGIN THING----'),
    text.replace('key\n', 'words\n'),
    'start a\nkey\n',
    'start a\nkey\n-----BEGIN THING-----\nAAAA\n',
  ]) {
    assert.throws(() => tokenize(broken, table), code('NETDOC_SYNTAX'), broken);
  }
});

test('counts and places', () => {
  for (const broken of [
    '',
    'words\nstart a\n',
    'start\n',
    'start a\nstart b\n',
    'start a\nline x\nline y\n',
    'start a\nwords \x01\n',
    'start a\nwords \xe9\n',
    'start a\nfree \0\n',
    'start a\nother \0\n',
    '@annotation\nstart a\n',
    `start a\nwords ${'x '.repeat(513)}\n`,
    `start a\nline ${'x'.repeat(128 * 1024)}\n`,
  ]) {
    assert.throws(() => tokenize(broken, table), code('NETDOC_SYNTAX'), broken.slice(0, 40));
  }
  assert.equal(tokenize('words\nend\n', closedTable).tokens.length, 2);
  for (const broken of ['end\nwords\n', 'end\nother\n', 'words\n', 'end b\n']) {
    assert.throws(() => tokenize(broken, closedTable), code('NETDOC_SYNTAX'), broken);
  }
  assert.equal(tokenize('@one\n@two b\nstart a\n', table, { annotations: true }).tokens.length, 3);
  assert.throws(() => tokenize('start a\n@one\n', table, { annotations: true }), code('NETDOC_SYNTAX'));
});

test('an error says where', () => {
  assert.throws(
    () => tokenize('start a\nwords b\nwords \x01\n', table),
    (error: unknown) => (error as { facts: { line: number } }).facts.line === 3,
  );
});

test('the quick readers agree with the plain ones', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.deepEqual(new Uint8Array(decodeBase64(base64Lines(bytes)) ?? []), bytes);
      const text = Buffer.from(bytes).toString('base64');
      assert.deepEqual(decodeBase64Of(text, bytes.length), bytes);
      assert.deepEqual(decodeBase64Of(text.replace(/=+$/, ''), bytes.length), bytes);
      assert.equal(decodeBase64Of(text, bytes.length + 3), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '\t', '#', 'b') }), (line) => {
      const before = line.includes('#') ? line.slice(0, line.indexOf('#')) : line;
      assert.deepEqual(
        splitWords(line),
        before.split(/[ \t]+/).filter((word) => word !== ''),
      );
    }),
  );
  fc.assert(
    fc.property(fc.nat(253_402_300_799), (seconds) => {
      assert.equal(parseIsoTime(formatIsoTime(seconds * 1000)), seconds * 1000);
    }),
  );
  for (const wrong of ['2026-02-30 00:00:00', '2026-1-1 24:00:00', '1969-12-31 23:59:59', '2026-01-01T00:00:00', '']) {
    assert.equal(parseIsoTime(wrong), undefined, wrong);
  }
});
