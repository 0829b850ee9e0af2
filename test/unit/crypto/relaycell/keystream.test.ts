import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AesCtr } from '../../../../src/crypto/primitives/index.ts';
import { engine } from '../../../../src/crypto/relaycell/engine.ts';
import { Keystream } from '../../../../src/crypto/relaycell/keystream.ts';
import { bodyLength, cellAt, slots } from '../../../../src/crypto/relaycell/layout.ts';

test('keystream is that of the cipher, for more busy circuits than there are slots', () => {
  const count = slots.count + 5;
  const pairs = Array.from({ length: count }, (_, i) => {
    const key = Uint8Array.from({ length: i % 2 === 0 ? 16 : 32 }, (_unused, j) => i + j);
    return { stream: new Keystream(key), cipher: new AesCtr(key) };
  });
  const e = engine();
  const cell = new Uint8Array(bodyLength).fill(0x5a);
  for (let round = 0; round < 70; round++) {
    for (const { stream, cipher } of pairs) {
      const expected = cipher.crypt(cell);
      e.memory.set(cell, cellAt);
      const unrecognized = stream.apply(e) === 0;
      assert.deepEqual(e.cell, expected);
      assert.equal(unrecognized, expected[1] !== 0 || expected[2] !== 0);
    }
  }
});
