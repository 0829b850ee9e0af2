import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, Writer } from '../../../../src/base/bytes/index.ts';

test('nothing is lost when the block grows, whatever its first capacity', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 }), fc.array(fc.uint8Array({ maxLength: 9 })), (capacity, pieces) => {
      const writer = new Writer(capacity);
      for (const piece of pieces) {
        if (piece.length === 1) writer.u8(piece[0]!);
        else writer.bytes(piece);
      }
      assert.deepEqual(writer.finish(), concatBytes(...pieces));
    }),
  );
});

test('numbers are big-endian and checked', () => {
  const bytes = new Writer(0).u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0fn).zeros(1).finish();
  assert.deepEqual([...bytes], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0]);
  assert.throws(() => new Writer().u8(256), { code: 'INTERNAL' });
  assert.throws(() => new Writer().u16(-1), { code: 'INTERNAL' });
  assert.throws(() => new Writer().u32(0.5), { code: 'INTERNAL' });
});
