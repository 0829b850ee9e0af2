import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16 } from '../../../../src/base/bytes/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';

test('random pieces of every length are their own, and none comes twice', () => {
  const { random } = nodeRuntime;
  for (const length of [0, 1, 16, 478, 1024, 1025, 8192, 70_000]) assert.equal(random.bytes(length).length, length);
  const seen = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const piece = random.bytes(16 + (i % 64));
    assert.equal(piece.byteLength, piece.buffer.byteLength);
    const start = base16(piece.subarray(0, 16));
    assert.ok(!seen.has(start));
    seen.add(start);
    piece.fill(0);
  }
});
