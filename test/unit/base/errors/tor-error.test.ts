import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { errorCodes, systemErrorCode, TorError } from '../../../../src/base/errors/index.ts';

describe('errors', () => {
  test('every code says what happened and what to do, in sentences', () => {
    for (const [code, { summary, fix }] of Object.entries(errorCodes)) {
      assert.match(summary, /^[A-Z].*\.$/s, code);
      assert.match(fix, /^[A-Z].*[.!?]$/s, code);
      const error = new TorError(code as keyof typeof errorCodes);
      assert.deepEqual([error.message, error.fix, error.name], [summary, fix, 'TorError']);
    }
  });

  test('anything thrown becomes one; ours stay what they are', () => {
    const ours = new TorError('TIMEOUT');
    assert.equal(TorError.from(ours), ours);
    const cause = new RangeError('too far');
    const made = TorError.from(cause);
    assert.deepEqual([made.code, made.message, made.cause], ['INTERNAL', 'too far', cause]);
    assert.deepEqual([TorError.from('text').message, TorError.from(undefined, 'ABORTED').code], ['text', 'ABORTED']);
  });

  test('errors of the system are known in every realm', () => {
    const foreign: unknown = runInNewContext("Object.assign(new Error('no file'), { code: 'ENOENT' })");
    assert.equal(foreign instanceof Error, false);
    assert.equal(systemErrorCode(foreign), 'ENOENT');
    for (const other of [undefined, null, 'ENOENT', {}, { code: 3 }, new Error('x')]) {
      assert.equal(systemErrorCode(other), undefined);
    }
  });
});
