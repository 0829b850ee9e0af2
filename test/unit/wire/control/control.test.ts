import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromUtf8 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import {
  CommandReader,
  type ControlCommand,
  dataBlock,
  endReply,
  linesReply,
  parseArguments,
  valueReply,
} from '../../../../src/wire/control/index.ts';
import { quote } from '../../../../src/wire/torrc/index.ts';

const read = (text: string): ControlCommand[] => new CommandReader().push(fromUtf8(text));

test('commands end at CRLF or LF; empty lines are nothing', () => {
  assert.deepEqual(read('getinfo version\r\n\r\nQUIT\nSIGNAL'), [
    { keyword: 'GETINFO', rest: 'version', data: undefined },
    { keyword: 'QUIT', rest: '', data: undefined },
  ]);
});

test('a data block ends at a dot and gives its dots back', () => {
  assert.deepEqual(read('+LOADCONF a\r\nSocksPort 1\r\n..dotted\r\n.\r\nQUIT\r\n'), [
    { keyword: 'LOADCONF', rest: 'a', data: 'SocksPort 1\n.dotted\n' },
    { keyword: 'QUIT', rest: '', data: undefined },
  ]);
});

test('it does not matter how the bytes are cut', () => {
  const text = 'AUTHENTICATE "pässword"\r\n+LOADCONF\r\nLog notice stdout\r\n.\r\nGETINFO a b\r\n';
  const whole = read(text);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
      const reader = new CommandReader();
      const bytes = fromUtf8(text);
      const found: ControlCommand[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + (sizes[i % sizes.length] ?? 1);
        found.push(...reader.push(bytes.subarray(at, end)));
        at = end;
      }
      assert.deepEqual(found, whole);
    }),
  );
});

test('a command that never ends is refused before it fills the memory', () => {
  const tooLong = (error: unknown): boolean => TorError.is(error) && error.code === 'CONTROL_SYNTAX';
  const reader = new CommandReader({ maxBytes: 1000 });
  assert.throws(() => {
    for (let i = 0; i < 20; i++) reader.push(new Uint8Array(100).fill(65));
  }, tooLong);
  const block = new CommandReader({ maxBytes: 1000 });
  block.push(fromUtf8('+LOADCONF\r\n'));
  assert.throws(() => {
    for (let i = 0; i < 400; i++) block.push(fromUtf8('a\r\n'));
  }, tooLong);
  const many = new CommandReader({ maxBytes: 1000 });
  for (let i = 0; i < 400; i++) assert.equal(many.push(fromUtf8('GETINFO version\r\n')).length, 1);
});

test('arguments: words, keys, quoted values', () => {
  assert.deepEqual(parseArguments('0 a=b  C="d \\"e\\" f" "g h" i='), [
    { key: undefined, value: '0' },
    { key: 'a', value: 'b' },
    { key: 'C', value: 'd "e" f' },
    { key: undefined, value: 'g h' },
    { key: 'i', value: '' },
  ]);
  for (const bad of ['a="b', 'a="b"c', '"']) {
    assert.throws(
      () => parseArguments(bad),
      (error) => TorError.is(error) && error.code === 'CONTROL_SYNTAX',
    );
  }
});

test('what is quoted reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      assert.deepEqual(parseArguments(`K=${quote(value)}`), [{ key: 'K', value }]);
    }),
  );
});

test('replies cannot be broken out of', () => {
  assert.equal(endReply(552, 'no\r\n250 OK'), '552 no 250 OK\r\n');
  assert.equal(linesReply(250, ['a', 'b']), '250-a\r\n250 b\r\n');
  assert.equal(valueReply(250, 'k', 'v'), '250-k=v\r\n');
  assert.equal(valueReply(250, 'k', 'v\n.\nw\n'), '250+k=\r\nv\r\n..\r\nw\r\n.\r\n');
  assert.equal(dataBlock(''), '.\r\n');
});

test('a data block reads back as what it was', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[ -~]*$/), { minLength: 1 }), (lines) => {
      const text = lines.map((line) => `${line}\n`).join('');
      assert.equal(read(`+X\r\n${dataBlock(text)}`)[0]?.data, text);
    }),
  );
});
