import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import * as m from '../../../../src/wire/relaymsg/index.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 1, max: 65535 });
const ttlSec = fc.integer({ min: 0, max: 0x7fffffff });

test('BEGIN: names, IPv4, IPv6, empty', () => {
  const address = fc.oneof(fc.domain(), fc.ipV4(), fc.constantFrom('', '2001:db8::1', '::1'));
  fc.assert(
    fc.property(address, port, u32, (text, number, flags) => {
      const begin = { address: text.toLowerCase(), port: number, flags };
      assert.deepEqual(m.decodeBegin(m.encodeBegin(begin)), begin);
    }),
  );
  assert.deepEqual(m.encodeBegin({ address: '::1', port: 80, flags: 0 }), fromLatin1('[::1]:80\0'));
});

test('BEGIN as C tor reads it', () => {
  const read = (text: string) => m.decodeBegin(fromLatin1(text));
  assert.deepEqual(read('Example.COM:443\0\0\0'), { address: 'example.com', port: 443, flags: 0 });
  assert.equal(read('a:1\0\0\0\0\x05').flags, 5);
  for (const text of [
    'example.com:443',
    'example.com\0',
    'a:0\0',
    'a:65536\0',
    'a:x\0',
    '2001:db8::1\0',
    '\0',
    'a: 80\0',
  ]) {
    assert.throws(() => read(text), { code: 'BAD_ADDRESS' }, text);
  }
  assert.throws(() => m.encodeBegin({ address: 'a\0b', port: 1, flags: 0 }), { code: 'BAD_ADDRESS' });
});

test('CONNECTED in its three forms', () => {
  const address = fc.oneof(
    bytes(4).filter((a) => a.some((b) => b !== 0)),
    bytes(16),
  );
  fc.assert(
    fc.property(address, ttlSec, (a, ttl) => {
      assert.deepEqual(m.decodeConnected(m.encodeConnected({ address: a, ttlSec: ttl })), { address: a, ttlSec: ttl });
    }),
  );
  assert.equal(m.decodeConnected(m.encodeConnected()), undefined);
  assert.deepEqual(m.decodeConnected(Uint8Array.of(1, 2, 3, 4)), {
    address: Uint8Array.of(1, 2, 3, 4),
    ttlSec: undefined,
  });
  assert.throws(() => m.decodeConnected(Uint8Array.of(1, 2, 3)), { code: 'TRUNCATED' });
  assert.throws(() => m.decodeConnected(new Uint8Array(4)), { code: 'TRUNCATED' });
  assert.throws(() => m.decodeConnected(new Uint8Array(25)), { code: 'VALUE_OUT_OF_RANGE' });
});

test('END: any reason, EXITPOLICY with an address', () => {
  const end = fc.oneof(
    record({ reason: fc.integer({ min: 0, max: 255 }) }),
    record({ reason: fc.constant<number>(m.EndReason.EXITPOLICY), address: fc.oneof(bytes(4), bytes(16)), ttlSec }),
  );
  fc.assert(fc.property(end, (e) => assert.deepEqual(m.decodeEnd(m.encodeEnd(e)), e)));
  assert.throws(() => m.decodeEnd(new Uint8Array(0)), { code: 'TRUNCATED' });
  assert.deepEqual(m.decodeEnd(Uint8Array.of(4, 1, 2, 3, 4)), { reason: 4, address: Uint8Array.of(1, 2, 3, 4) });
  assert.deepEqual(m.decodeEnd(Uint8Array.of(4, 1, 2, 3)), { reason: 4 });
  assert.equal(m.endReasonName(6), 'DONE');
});

test('RESOLVE and RESOLVED with every kind of answer', () => {
  const answer: fc.Arbitrary<m.ResolvedAnswer> = fc.oneof(
    record({ kind: fc.constant('hostname' as const), hostname: fc.domain(), ttlSec }),
    record({ kind: fc.constant('ipv4' as const), address: bytes(4), ttlSec }),
    record({ kind: fc.constant('ipv6' as const), address: bytes(16), ttlSec }),
    record({ kind: fc.constant('error' as const), transient: fc.boolean(), ttlSec }),
  );
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 8 }), (answers) =>
      assert.deepEqual(m.decodeResolved(m.encodeResolved(answers)), answers),
    ),
  );
  const unknown = Uint8Array.of(9, 2, 1, 1, 0, 0, 0, 0);
  assert.deepEqual(m.decodeResolved(unknown), []);
  assert.throws(() => m.decodeResolved(unknown.subarray(0, 7)), { code: 'TRUNCATED' });
  assert.throws(() => m.decodeResolved(Uint8Array.of(4, 2, 1, 1, 0, 0, 0, 0)), { code: 'VALUE_OUT_OF_RANGE' });
  assert.throws(() => m.decodeResolved(Uint8Array.of(0, 0, 0, 0, 0, 0)), { code: 'VALUE_OUT_OF_RANGE' });
  assert.equal(m.decodeResolve(m.encodeResolve('Example.com')), 'example.com');
  assert.equal(m.decodeResolve(fromLatin1('no-nul')), 'no-nul');
});

test('EXTENDED2, TRUNCATE, and the target an EXTEND2 names', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 490 }), (h) => assert.deepEqual(m.decodeExtended2(m.encodeExtended2(h)), h)),
  );
  assert.throws(() => m.decodeExtended2(Uint8Array.of(0, 2, 1)), { code: 'TRUNCATED' });
  assert.equal(m.decodeTruncate(m.encodeTruncate(3)), 3);
  assert.throws(() => m.decodeTruncate(new Uint8Array(0)), { code: 'TRUNCATED' });
  const rsa = { kind: 'rsa', id: new Uint8Array(20).fill(1) } as const;
  const ed25519 = { kind: 'ed25519', id: new Uint8Array(32).fill(2) } as const;
  const ipv4 = { kind: 'ipv4', address: Uint8Array.of(1, 2, 3, 4), port: 9001 } as const;
  const other = { kind: 'ipv4', address: Uint8Array.of(4, 3, 2, 1), port: 1 } as const;
  const ipv6 = { kind: 'ipv6', address: new Uint8Array(16).fill(6), port: 9002 } as const;
  assert.deepEqual(m.extendTarget([ipv4, other, rsa, ed25519, ipv6]), {
    rsa: rsa.id,
    ed25519: ed25519.id,
    ipv4,
    ipv6,
  });
  for (const bad of [[ipv4], [rsa], [ipv4, rsa, rsa], [ipv4, rsa, ed25519, ed25519]]) {
    assert.throws(() => m.extendTarget(bad), { code: 'VALUE_OUT_OF_RANGE' });
  }
});

test('circuit padding negotiation', () => {
  const command = fc.constantFrom('start' as const, 'stop' as const);
  const machineType = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      record({ command, machineType, echoRequest: fc.boolean(), machineCounter: u32 }),
      record({ command, ok: fc.boolean(), machineType, machineCounter: u32 }),
      (ask, answer) => {
        assert.deepEqual(m.decodePaddingNegotiate(m.encodePaddingNegotiate(ask)), ask);
        assert.deepEqual(m.decodePaddingNegotiated(m.encodePaddingNegotiated(answer)), answer);
      },
    ),
  );
  assert.throws(() => m.decodePaddingNegotiate(new Uint8Array(8).fill(1)), { code: 'VALUE_OUT_OF_RANGE' });
  assert.throws(() => m.decodePaddingNegotiated(new Uint8Array(8)), { code: 'VALUE_OUT_OF_RANGE' });
});

test('introduction messages', () => {
  const field = record({ type: fc.integer({ min: 0, max: 255 }), body: fc.uint8Array({ maxLength: 60 }) });
  const extensions = fc.array(field, { maxLength: 3 }).map((list) => list.sort((a, b) => a.type - b.type));
  fc.assert(
    fc.property(bytes(32), extensions, fc.uint8Array({ maxLength: 200 }), (authKey, fields, encrypted) => {
      const head = m.encodeIntroduceHead(authKey, fields);
      const decoded = m.decodeIntroduce(m.encodeIntroduce(head, encrypted));
      assert.deepEqual(decoded, { authKey, extensions: fields, encrypted, head });
    }),
  );
  fc.assert(
    fc.property(bytes(20), extensions, bytes(32), (rendezvousCookie, fields, onionKey) => {
      const plaintext = {
        rendezvousCookie,
        extensions: fields,
        onionKey,
        linkSpecifiers: [{ kind: 'rsa', id: new Uint8Array(20) } as const],
      };
      const body = m.encodeIntroducePlaintext(plaintext, 246);
      assert.ok(body.length >= 246);
      assert.deepEqual(m.decodeIntroducePlaintext(body), plaintext);
    }),
  );
  const legacy = new Uint8Array(100).fill(1);
  assert.throws(() => m.decodeIntroduce(legacy), { code: 'VALUE_OUT_OF_RANGE' });
  for (const status of Object.values(m.IntroduceAckStatus)) {
    assert.equal(m.decodeIntroduceAck(m.encodeIntroduceAck(status)), status);
  }
  assert.throws(() => m.decodeIntroduceAck(Uint8Array.of(0, 0)), { code: 'TRUNCATED' });
});

test('proof of work field', () => {
  fc.assert(
    fc.property(bytes(16), u32, bytes(4), bytes(16), (nonce, effort, seedHead, solution) => {
      const pow = { version: 1, nonce, effort, seedHead, solution };
      const body = m.encodePowSolution(pow);
      assert.equal(body.length, 41);
      assert.deepEqual(m.decodePowSolution(body), pow);
    }),
  );
  assert.throws(() => m.decodePowSolution(new Uint8Array(41)), { code: 'VALUE_OUT_OF_RANGE' });
});

test('ESTABLISH_INTRO keeps the signed parts and reads the defence', () => {
  const authKey = new Uint8Array(32).fill(7);
  const dos = { ratePerSec: 25, burstPerSec: 200 };
  const head = m.encodeEstablishIntroHead(authKey, dos);
  const mac = new Uint8Array(32).fill(8);
  const signature = new Uint8Array(64).fill(9);
  const decoded = m.decodeEstablishIntro(m.encodeEstablishIntro(concatBytes(head, mac), signature));
  assert.deepEqual(decoded.macInput, head);
  assert.deepEqual(decoded.signatureInput, concatBytes(head, mac));
  assert.deepEqual([decoded.authKey, decoded.handshakeAuth, decoded.signature], [authKey, mac, signature]);
  assert.deepEqual(m.introDosParams(decoded.extensions), dos);
  assert.equal(m.introDosParams([]), undefined);
  assert.equal(m.introDosParams([{ type: 1, body: Uint8Array.of(1, 3, 0, 0, 0, 0, 0, 0, 0, 1) }]), undefined);
  assert.throws(() => m.introDosParams([{ type: 1, body: Uint8Array.of(1, 1) }]), { code: 'TRUNCATED' });
  assert.deepEqual(m.decodeIntroEstablished(m.encodeIntroEstablished()), []);
  assert.throws(() => m.decodeIntroEstablished(new Uint8Array(0)), { code: 'TRUNCATED' });
});

test('rendezvous messages', () => {
  const cookie = new Uint8Array(20).fill(3);
  const handshake = new Uint8Array(64).fill(4);
  assert.deepEqual(m.decodeEstablishRendezvous(m.encodeEstablishRendezvous(cookie)), cookie);
  assert.throws(() => m.decodeEstablishRendezvous(new Uint8Array(21)), { code: 'VALUE_OUT_OF_RANGE' });
  const padded = m.encodeRendezvous1(cookie, handshake, new Uint8Array(84));
  assert.equal(padded.length, 168);
  const { handshake: passedOn } = m.decodeRendezvous1(padded);
  assert.equal(passedOn.length, 148);
  assert.deepEqual(m.decodeRendezvous2(passedOn), handshake);
  assert.throws(() => m.decodeRendezvous2(new Uint8Array(63)), { code: 'TRUNCATED' });
});
