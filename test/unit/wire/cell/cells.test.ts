import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromBase16 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import {
  CellCommand,
  cellCommandName,
  DestroyReason,
  decodeAuthChallenge,
  decodeAuthenticate,
  decodeAuthenticateBody,
  decodeCerts,
  decodeCreate2,
  decodeCreated2,
  decodeCreatedFast,
  decodeCreateFast,
  decodeDestroy,
  decodeNetinfo,
  decodePaddingNegotiate,
  decodeVersions,
  destroyReasonName,
  encodeAuthChallenge,
  encodeAuthenticate,
  encodeAuthenticateFields,
  encodeCerts,
  encodeCreate2,
  encodeCreated2,
  encodeCreatedFast,
  encodeCreateFast,
  encodeDestroy,
  encodeNetinfo,
  encodePaddingNegotiate,
  encodeVersions,
  isVariableLength,
} from '../../../../src/wire/cell/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

/** Records with the usual prototype, so that deepEqual takes them. */
const plain = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });
const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const u16 = fc.integer({ min: 0, max: 0xffff });
const address = fc.oneof(exactly(4), exactly(16));

describe('channel cells', () => {
  it('round-trip', () => {
    fc.assert(fc.property(fc.array(u16), (v) => assert.deepEqual(decodeVersions(encodeVersions(v)), v)));
    fc.assert(
      fc.property(
        fc.array(plain({ type: fc.integer({ min: 0, max: 255 }), body: fc.uint8Array({ maxLength: 300 }) }), {
          maxLength: 10,
        }),
        (v) => assert.deepEqual(decodeCerts(encodeCerts(v)), v),
      ),
    );
    fc.assert(
      fc.property(plain({ challenge: exactly(32), methods: fc.array(u16) }), (v) =>
        assert.deepEqual(decodeAuthChallenge(encodeAuthChallenge(v)), v),
      ),
    );
    fc.assert(
      fc.property(plain({ type: u16, body: fc.uint8Array({ maxLength: 500 }) }), (v) =>
        assert.deepEqual(decodeAuthenticate(encodeAuthenticate(v)), v),
      ),
    );
    fc.assert(
      fc.property(
        plain({
          timestamp: fc.nat({ max: 0xffffffff }),
          otherAddress: address,
          myAddresses: fc.array(address, { maxLength: 20 }),
        }),
        (v) => assert.deepEqual(decodeNetinfo(encodeNetinfo(v)), v),
      ),
    );
    fc.assert(
      fc.property(plain({ handshakeType: u16, data: fc.uint8Array({ maxLength: 505 }) }), (v) =>
        assert.deepEqual(decodeCreate2(encodeCreate2(v)), v),
      ),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 507 }), (v) => assert.deepEqual(decodeCreated2(encodeCreated2(v)), v)),
    );
    fc.assert(
      fc.property(plain({ y: exactly(20), keyHash: exactly(20) }), (v) =>
        assert.deepEqual(decodeCreatedFast(encodeCreatedFast(v)), v),
      ),
    );
    fc.assert(fc.property(exactly(20), (v) => assert.deepEqual(decodeCreateFast(encodeCreateFast(v)), v)));
    fc.assert(
      fc.property(plain({ command: fc.constantFrom(1, 2), timeoutLowMs: u16, timeoutHighMs: u16 }), (v) =>
        assert.deepEqual(decodePaddingNegotiate(encodePaddingNegotiate(v)), v),
      ),
    );
  });

  it('answer any bytes with a value or a typed error', () => {
    const decoders = [
      decodeVersions,
      decodeCerts,
      decodeAuthChallenge,
      decodeAuthenticate,
      decodeAuthenticateBody,
      decodeNetinfo,
      decodeCreate2,
      decodeCreated2,
      decodeCreatedFast,
      decodeCreateFast,
      decodePaddingNegotiate,
      decodeDestroy,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...decoders), fc.uint8Array({ maxLength: 600 }), (decode, body) => {
        try {
          decode(body);
        } catch (error) {
          assert.ok(TorError.is(error) && error.kind === 'protocol', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('VERSIONS is as in the vectors', () => {
    for (const vector of loadVectors('messages', 'versions')) {
      const cell = vector.bytes('cell');
      const versions = vector.raw.versions as number[];
      assert.deepEqual(decodeVersions(cell.subarray(5)), versions);
      assert.deepEqual(encodeVersions(versions), cell.subarray(5));
    }
    assert.throws(() => decodeVersions(Uint8Array.of(0, 4, 0)), { code: 'TRUNCATED' });
  });

  it('CREATE2 begins as in the vectors', () => {
    for (const vector of loadVectors('messages', 'extend2')) {
      const start = vector.bytes('create2_payload_start');
      const message = decodeCreate2(concatBytes(start, new Uint8Array(509 - start.length)));
      assert.equal(message.handshakeType, vector.number('handshake_type'));
      assert.deepEqual(message.data, vector.bytes('handshake'));
      assert.deepEqual(encodeCreate2(message), start);
    }
  });

  it('CREATE2 and CREATED2 do not claim more than a cell holds', () => {
    const body = new Uint8Array(509);
    body[2] = 0x01;
    body[3] = 0xfa;
    assert.throws(() => decodeCreate2(body), { code: 'TRUNCATED' });
    body[0] = 0x01;
    body[1] = 0xfc;
    assert.throws(() => decodeCreated2(body), { code: 'TRUNCATED' });
    assert.throws(() => encodeCreate2({ handshakeType: 2, data: new Uint8Array(506) }), { code: 'INTERNAL' });
  });

  it('CERTS, AUTH_CHALLENGE and NETINFO are read as C tor sends them', () => {
    for (const vector of loadVectors('link-handshake', 'responder')) {
      const certs = decodeCerts(vector.bytes('server_certs').subarray(7));
      const listed = vector.raw.certs as { type: number; body: string }[];
      assert.deepEqual(
        certs.map(({ type, body }) => ({ type, body })),
        listed.map(({ type, body }) => ({ type, body: fromBase16(body) })),
      );
      assert.deepEqual(decodeAuthChallenge(vector.bytes('server_auth_challenge').subarray(7)).methods, [3]);
      const netinfo = decodeNetinfo(vector.bytes('server_netinfo').subarray(5));
      assert.deepEqual(netinfo.otherAddress, Uint8Array.of(127, 0, 0, 1));
      assert.deepEqual(netinfo.myAddresses, [Uint8Array.of(127, 0, 0, 1)]);
    }
  });

  it('NETINFO: unknown address kinds are left out, wrong lengths refused', () => {
    const unknown = Uint8Array.of(0, 0, 0, 1, 9, 2, 1, 1, 1, 0, 3, 7, 7, 7);
    assert.deepEqual(decodeNetinfo(unknown), { timestamp: 1, otherAddress: undefined, myAddresses: [] });
    assert.throws(() => decodeNetinfo(Uint8Array.of(0, 0, 0, 1, 4, 5, 1, 1, 1, 1, 1, 0)), {
      code: 'VALUE_OUT_OF_RANGE',
    });
  });

  it('PADDING_NEGOTIATE: other versions and commands are refused', () => {
    assert.throws(() => decodePaddingNegotiate(Uint8Array.of(1, 1, 0, 0, 0, 0)), { code: 'VALUE_OUT_OF_RANGE' });
    assert.throws(() => decodePaddingNegotiate(Uint8Array.of(0, 3, 0, 0, 0, 0)), { code: 'VALUE_OUT_OF_RANGE' });
  });

  it('AUTHENTICATE has 288 signed bytes and a signature of 64', () => {
    const part = (value: number): Uint8Array => new Uint8Array(32).fill(value);
    const fields = encodeAuthenticateFields({
      initiatorRsa: part(1),
      responderRsa: part(2),
      initiatorEd25519: part(3),
      responderEd25519: part(4),
      responderLog: part(5),
      initiatorLog: part(6),
      tlsCertificate: part(7),
      tlsSecrets: part(8),
    });
    assert.equal(fields.length, 264);
    assert.equal(new TextDecoder().decode(fields.subarray(0, 8)), 'AUTH0003');
    assert.deepEqual(
      [8, 40, 72, 104, 136, 168, 200, 232].map((at) => fields[at]),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    const body = concatBytes(fields, new Uint8Array(24).fill(9), new Uint8Array(64).fill(10));
    const taken = decodeAuthenticateBody(body);
    assert.deepEqual(taken.fields, fields);
    assert.equal(taken.signed.length, 288);
    assert.deepEqual(taken.signature, new Uint8Array(64).fill(10));
    assert.throws(() => decodeAuthenticateBody(body.subarray(1)), { code: 'VALUE_OUT_OF_RANGE' });
  });

  it('DESTROY carries a reason', () => {
    assert.deepEqual(encodeDestroy(DestroyReason.RESOURCELIMIT), Uint8Array.of(5));
    assert.equal(decodeDestroy(new Uint8Array(0)), 0);
    assert.equal(destroyReasonName(5), 'RESOURCELIMIT');
    assert.equal(destroyReasonName(99), '99');
  });

  it('commands have names, and a length from 128 on', () => {
    assert.equal(cellCommandName(129), 'CERTS');
    assert.equal(cellCommandName(77), '77');
    assert.ok(isVariableLength(CellCommand.VERSIONS));
    assert.ok(isVariableLength(255));
    assert.ok(!isVariableLength(127));
    assert.ok(!isVariableLength(CellCommand.NETINFO));
  });
});
