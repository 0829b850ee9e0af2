import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { ed25519Curve } from '../../../../src/crypto/primitives/ed25519-curve.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';

type Decoder = { fromBytes(bytes: Uint8Array, zip215: boolean): { toHex(): string } };

function decode(curve: Decoder, bytes: Uint8Array): string {
  try {
    return curve.fromBytes(bytes, true).toHex();
  } catch {
    return 'none';
  }
}

test('the curve is that of the library, for points, what is none, and strange ones', () => {
  const random = seededRandom(7);
  const strange = [0, 1, 0xec, 0xed, 0xee, 0xff].flatMap((low) =>
    [0, 0x7f, 0x80, 0xff].map((high) =>
      new Uint8Array(32)
        .fill(high === 0 || high === 0x80 ? 0 : 0xff)
        .fill(low, 0, 1)
        .fill(high, 31),
    ),
  );
  const seen = new Set<boolean>();
  for (const bytes of [...strange, ...Array.from({ length: 100 }, () => random.bytes(32))]) {
    const expected = decode(ed25519.Point, bytes);
    assert.equal(decode(ed25519Curve(), bytes), expected);
    seen.add(expected === 'none');
  }
  assert.equal(seen.size, 2);
  assert.equal(ed25519Curve().BASE.toHex(), ed25519.Point.BASE.toHex());
  assert.equal(ed25519Curve().Fn.ORDER, ed25519.Point.Fn.ORDER);
});
