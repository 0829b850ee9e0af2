import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Reader } from '../../../../src/base/bytes/index.ts';
import {
  decodeLinkSpecifiers,
  encodeLinkSpecifiers,
  identityOf,
  type LinkSpecifier,
} from '../../../../src/wire/linkspec/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

/** Records with the usual prototype, so that deepEqual takes them. */
const plain = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const port = fc.integer({ min: 0, max: 65535 });
const specifier: fc.Arbitrary<LinkSpecifier> = fc.oneof(
  plain({ kind: fc.constant('ipv4' as const), address: bytes(4), port }),
  plain({ kind: fc.constant('ipv6' as const), address: bytes(16), port }),
  plain({ kind: fc.constant('rsa' as const), id: bytes(20) }),
  plain({ kind: fc.constant('ed25519' as const), id: bytes(32) }),
  plain({
    kind: fc.constant('unknown' as const),
    type: fc.integer({ min: 4, max: 255 }),
    body: fc.uint8Array({ maxLength: 255 }),
  }),
);

describe('link specifiers', () => {
  it('round-trip, unknown kinds included', () => {
    fc.assert(
      fc.property(fc.array(specifier, { maxLength: 20 }), (specifiers) => {
        const reader = new Reader(encodeLinkSpecifiers(specifiers));
        assert.deepEqual(decodeLinkSpecifiers(reader), specifiers);
        reader.end();
      }),
    );
  });

  it('are those of the EXTEND2 vectors', () => {
    for (const vector of loadVectors('messages', 'extend2')) {
      const reader = new Reader(vector.bytes('extend2_body'));
      const specifiers = decodeLinkSpecifiers(reader);
      const listed = vector.raw.link_specifiers as { type: number; data: string }[];
      assert.equal(specifiers.length, listed.length);
      const used = vector.bytes('extend2_body').subarray(0, reader.position);
      assert.deepEqual(encodeLinkSpecifiers(specifiers), used);
    }
  });

  it('names the first identity of each kind', () => {
    const first = new Uint8Array(20).fill(1);
    const second = new Uint8Array(20).fill(2);
    assert.deepEqual(
      identityOf([
        { kind: 'rsa', id: first },
        { kind: 'rsa', id: second },
      ]),
      { rsa: first },
    );
  });

  for (const [why, hex] of [
    ['too few specifiers', [2, 2, 20, ...new Array(20).fill(0)]],
    ['a body longer than the message', [1, 9, 4, 0, 0]],
    ['an empty message', []],
  ] as const) {
    it(`refuses ${why}`, () => {
      assert.throws(() => decodeLinkSpecifiers(new Reader(Uint8Array.from(hex))), { code: 'TRUNCATED' });
    });
  }

  for (const type of [0, 1, 2, 3]) {
    it(`refuses type ${type} of a wrong length`, () => {
      assert.throws(() => decodeLinkSpecifiers(new Reader(Uint8Array.of(1, type, 3, 1, 2, 3))), {
        code: 'VALUE_OUT_OF_RANGE',
      });
    });
  }
});
