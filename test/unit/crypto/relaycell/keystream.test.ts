import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AesCtr } from '../../../../src/crypto/primitives/index.ts';
import { engine } from '../../../../src/crypto/relaycell/engine.ts';
import { type KeyPlace, Keystream } from '../../../../src/crypto/relaycell/keystream.ts';
import { KeystreamSlots } from '../../../../src/crypto/relaycell/keystream-slots.ts';
import { bodyLength, cellAt, slots } from '../../../../src/crypto/relaycell/layout.ts';

function pairOf(i: number): { readonly stream: Keystream; readonly cipher: AesCtr } {
  const place: KeyPlace = { at: i % 7, length: i % 2 === 0 ? 16 : 32 };
  const keys = Uint8Array.from({ length: 48 }, (_unused, j) => i + j);
  const key = keys.subarray(place.at, place.at + place.length);
  return { stream: new Keystream(keys, place), cipher: new AesCtr(key) };
}

test('keystream is that of the cipher, for more busy circuits than there are slots', () => {
  const pairs = Array.from({ length: slots.count + 5 }, (_, i) => pairOf(i));
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

test('who was put to sleep goes on where it was', () => {
  const awakeMax = 4;
  const e = { ...engine(), slots: new KeystreamSlots(awakeMax) };
  const cell = new Uint8Array(bodyLength);
  const pairs = Array.from({ length: 3 * awakeMax }, (_, i) => pairOf(i));
  for (let turn = 0; turn < 2000; turn++) {
    // Some are used all the time, some seldom; runs of one to a hundred cells.
    const { stream, cipher } = pairs[(turn * turn + (turn >> 3)) % pairs.length] ?? pairOf(0);
    for (let run = turn % 50 === 0 ? 100 : 1 + (turn % 5); run > 0; run--) {
      e.memory.set(cell, cellAt);
      stream.apply(e);
      assert.deepEqual(e.cell, cipher.crypt(cell));
    }
  }
});

test('the busy stay awake', () => {
  const pool = new KeystreamSlots(3);
  const asleep: string[] = [];
  const sleeper = (name: string) => ({ recent: false, sleep: () => asleep.push(name) });
  const busy = sleeper('busy');
  pool.wake(busy);
  busy.recent = true;
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    pool.wake(sleeper(name));
    busy.recent = true;
  }
  assert.deepEqual(asleep.includes('busy'), false);
  assert.equal(asleep.length, 3);
});
