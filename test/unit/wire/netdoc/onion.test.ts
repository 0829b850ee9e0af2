import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesEqual, fromBase16, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import {
  blindExpandedKey,
  type Ed25519SecretKey,
  ed25519KeyPair,
  expandSeed,
  x25519KeyPair,
} from '../../../../src/crypto/primitives/index.ts';
import {
  encodeOnionDescriptor,
  type OnionDescriptorFields,
  openOnionDescriptor,
  parseOnionDescriptor,
} from '../../../../src/wire/netdoc/index.ts';
import { parseFirstLayer } from '../../../../src/wire/netdoc/onion/first-layer.ts';
import { openFirstLayer, secondLayerText } from '../../../../src/wire/netdoc/onion/open.ts';
import { parseSecondLayer } from '../../../../src/wire/netdoc/onion/second-layer.ts';
import { documentText } from '../../../support/documents.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';
import { loadVectors, Vector } from '../../../support/vectors.ts';

const recordedMs = Date.UTC(2026, 10, 21, 8, 0);
const sampleMs = Date.UTC(2017, 7, 1);
const code = (wanted: string) => (error: unknown) => (error as { code?: string }).code === wanted;

const clientAuthOf = (vector: Vector): Vector | undefined =>
  vector.raw['client_auth'] === null ? undefined : new Vector(vector.raw['client_auth'] as Record<string, unknown>);

for (const [group, nowMs] of [
  ['reference_service', recordedMs],
  ['public_sample', sampleMs],
] as const) {
  for (const vector of loadVectors('hs-descriptor', group)) {
    test(`${group} ${vector.text('address').slice(0, 8)}: both layers open to the recorded plaintext`, () => {
      const blindedKey = vector.bytes('blinded_public');
      const subcredential = vector.bytes('subcredential');
      const outer = parseOnionDescriptor(vector.text('descriptor'), {
        nowMs,
        ...(group === 'reference_service' ? { blindedKey } : {}),
      });
      assert.equal(outer.revisionCounter, BigInt(vector.number('revision_counter')));
      assert.equal(outer.lifetimeSec, 180 * 60);
      assert.deepEqual(outer.blindedKey, blindedKey);
      const first = openFirstLayer(outer, subcredential);
      assert.deepEqual(first, parseFirstLayer(vector.text('outer_plaintext')));
      assert.equal(first.authClients.length, 16);
      const auth = clientAuthOf(vector);
      const clientSecretKey = auth?.bytes('client_secret');
      assert.equal(secondLayerText(outer, { subcredential, nowMs, clientSecretKey }), vector.text('inner_plaintext'));
    });
  }
}

test('introduction points of a service of C tor are proven', () => {
  const vector = loadVectors('hs-descriptor', 'reference_service')[0] as Vector;
  const outer = parseOnionDescriptor(fromLatin1(vector.text('descriptor')), { nowMs: recordedMs });
  const content = openOnionDescriptor(outer, { subcredential: vector.bytes('subcredential'), nowMs: recordedMs });
  assert.equal(content.introductionPoints.length, 3);
  assert.deepEqual(content.flowControl, { versions: '1-2', sendmeInc: 31 });
  assert.equal(content.powParams?.expiresMs, Date.UTC(2026, 10, 21, 9, 19, 58));
  assert.equal(content.powParams?.suggestedEffort, 0);
  assert.equal(content.singleOnion, false);
  assert.deepEqual(
    content.introductionPoints[0]?.linkSpecifiers.map(({ kind }) => kind),
    ['ipv4', 'rsa', 'ed25519'],
  );
  const late = openOnionDescriptor(outer, { subcredential: vector.bytes('subcredential'), nowMs: recordedMs + 3e8 });
  assert.equal(late.introductionPoints.length, 0, 'expired certificates');
});

test('a descriptor for one client stays shut for others', () => {
  const vector = loadVectors('hs-descriptor', 'reference_service')[1] as Vector;
  const outer = parseOnionDescriptor(vector.text('descriptor'), { nowMs: recordedMs });
  const subcredential = vector.bytes('subcredential');
  const stranger = x25519KeyPair(seededRandom(1)).secretKey;
  assert.throws(() => openOnionDescriptor(outer, { subcredential, nowMs: recordedMs }), code('ONION_AUTH_MISSING'));
  assert.throws(
    () => openOnionDescriptor(outer, { subcredential, nowMs: recordedMs, clientSecretKey: stranger }),
    code('ONION_AUTH_WRONG'),
  );
  assert.throws(
    () => openOnionDescriptor(outer, { subcredential: new Uint8Array(32), nowMs: recordedMs }),
    code('ONION_LAYER_UNREADABLE'),
  );
});

test('the plain layers of the samples', () => {
  const first = parseFirstLayer(documentText('hidden_service_v3_outer_layer.txt').replace(/\0+$/, ''));
  assert.equal(first.authClients.length, 16);
  const check = { signingKey: fromBase16('92e680fa57552e7d484c9d2a3edb46fbc076e54ea90b77bb84e3e6d5657d52a1') };
  const inner = documentText('hidden_service_v3_inner_layer.txt');
  const second = parseSecondLayer(inner, { ...check, nowMs: sampleMs });
  assert.equal(second.singleOnion, true);
  assert.deepEqual(second.introAuthRequired, ['ed25519']);
  assert.throws(
    () => parseOnionDescriptor(documentText('hidden_service_duckduckgo.txt'), { nowMs: sampleMs }),
    code('NETDOC_SYNTAX'),
  );
});

test('what was changed is refused', () => {
  const vector = loadVectors('hs-descriptor', 'reference_service')[0] as Vector;
  const text = vector.text('descriptor');
  const refused = (changed: string, wanted: string): void =>
    assert.throws(() => parseOnionDescriptor(changed, { nowMs: recordedMs }), code(wanted));
  refused(text.replace('revision-counter 1', 'revision-counter 2'), 'NETDOC_SIGNATURE');
  refused(text.replace('hs-descriptor 3', 'hs-descriptor 4'), 'NETDOC_SYNTAX');
  refused(text.replace('lifetime 180', 'lifetime 721'), 'NETDOC_SYNTAX');
  refused(text.replace(/revision-counter \d+/, 'revision-counter 18446744073709551616'), 'NETDOC_SYNTAX');
  refused(text.replace('AQgAB5wuAd957J', 'AQgAB5wuAd958J'), 'NETDOC_SIGNATURE');
  refused(text.replace('superencrypted\n', `superencrypted\n#${'x'.repeat(50_000)}`), 'NETDOC_SYNTAX');
  refused(`${text}router a\n`, 'NETDOC_SYNTAX');
  assert.throws(() => parseOnionDescriptor(text, { nowMs: recordedMs + 3e8 }), code('CERTIFICATE_EXPIRED'));
  assert.throws(
    () => parseOnionDescriptor(text, { nowMs: recordedMs, blindedKey: new Uint8Array(32) }),
    code('NETDOC_SIGNATURE'),
  );
});

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const plain = { noNullPrototype: true } as const;
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, plain);
const aPoint = record({
  linkSpecifiers: fc.tuple(
    record({ kind: fc.constant('ipv4' as const), address: bytes(4), port: fc.nat(65535) }),
    record({ kind: fc.constant('rsa' as const), id: bytes(20) }),
    record({ kind: fc.constant('ed25519' as const), id: bytes(32) }),
  ),
  onionKey: bytes(32),
  authKey: bytes(32),
  encKey: bytes(32),
});
const someFields = record({
  revisionCounter: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  singleOnion: fc.boolean(),
  introAuthRequired: fc.constantFrom([], ['ed25519'], ['ed25519', 'other']),
  flowControl: fc.constantFrom(undefined, { versions: '1-2', sendmeInc: 31 }),
  powParams: fc.option(
    record({
      seed: bytes(32),
      suggestedEffort: fc.nat(0xffff_ffff),
      expiresMs: fc.nat(4e9).map((seconds) => seconds * 1000),
    }),
    { nil: undefined },
  ),
  introductionPoints: fc.array(aPoint, { maxLength: 5 }),
  clients: fc.constantFrom(0, 1, 2, 16, 17),
  seed: fc.nat(),
});

const nowMs = Date.UTC(2030, 0, 1, 12, 30);

function fieldsFor(seed: number): Pick<
  OnionDescriptorFields,
  'lifetimeSec' | 'subcredential' | 'signingKey' | 'blindedKey' | 'certExpiresMs'
> & {
  readonly blindedKey: Ed25519SecretKey;
} {
  const random = seededRandom(seed);
  return {
    lifetimeSec: 10_800,
    subcredential: random.bytes(32),
    signingKey: ed25519KeyPair(random.bytes(32)),
    blindedKey: blindExpandedKey(expandSeed(random.bytes(32)), random.bytes(32)),
    certExpiresMs: nowMs + 54 * 3_600_000,
  };
}

test('what is encoded reads the same, for everybody and for the authorized only', () => {
  fc.assert(
    fc.property(someFields, ({ clients, seed, ...varied }) => {
      const random = seededRandom(seed);
      const keys = Array.from({ length: clients }, () => x25519KeyPair(random));
      const fields = { ...fieldsFor(seed), ...varied, authorizedClients: keys.map(({ publicKey }) => publicKey) };
      const text = encodeOnionDescriptor(fields, random);
      const outer = parseOnionDescriptor(text, { nowMs, blindedKey: fields.blindedKey.publicKey });
      assert.equal(outer.superencrypted.length % 10_000, 48);
      assert.equal(outer.revisionCounter, fields.revisionCounter);
      const { subcredential } = fields;
      const first = openFirstLayer(outer, subcredential);
      assert.equal(first.authClients.length, Math.max(16, Math.ceil(clients / 16) * 16));
      if (clients > 0) {
        assert.throws(() => openOnionDescriptor(outer, { subcredential, nowMs }), code('ONION_AUTH_MISSING'));
      }
      const clientSecretKey = keys.at(-1)?.secretKey;
      const content = openOnionDescriptor(outer, { subcredential, nowMs, clientSecretKey });
      assert.deepEqual(content.powParams, fields.powParams);
      assert.deepEqual(content.flowControl, fields.flowControl);
      assert.deepEqual(content.introAuthRequired, fields.introAuthRequired);
      assert.equal(content.singleOnion, fields.singleOnion);
      assert.equal(content.introductionPoints.length, fields.introductionPoints.length);
      for (const [i, point] of content.introductionPoints.entries()) {
        const { authKeyCertExpiresMs, ...rest } = point;
        assert.equal(authKeyCertExpiresMs, Math.ceil(fields.certExpiresMs / 3_600_000) * 3_600_000);
        assert.ok(bytesEqual(rest.authKey, fields.introductionPoints[i]?.authKey ?? new Uint8Array(0)));
        assert.deepEqual(rest, fields.introductionPoints[i]);
      }
    }),
    { numRuns: 25 },
  );
});

test('an introduction point certified by another key is left out', () => {
  const [mine, other] = [fieldsFor(1), fieldsFor(2)];
  const point = {
    linkSpecifiers: [],
    onionKey: new Uint8Array(32).fill(1),
    authKey: mine.signingKey.publicKey,
    encKey: other.signingKey.publicKey,
  };
  const text = encodeOnionDescriptor({ ...mine, revisionCounter: 1n, introductionPoints: [point] }, seededRandom(3));
  const outer = parseOnionDescriptor(text, { nowMs });
  const inner = secondLayerText(outer, { subcredential: mine.subcredential, nowMs });
  assert.equal(parseSecondLayer(inner, { signingKey: mine.signingKey.publicKey, nowMs }).introductionPoints.length, 1);
  assert.equal(parseSecondLayer(inner, { signingKey: other.signingKey.publicKey, nowMs }).introductionPoints.length, 0);
  const many = `${inner.slice(0, -1)}${inner.slice(inner.indexOf('\nintroduction-point'), -1).repeat(20)}\n`;
  assert.throws(() => parseSecondLayer(many, { signingKey: mine.signingKey.publicKey, nowMs }), code('NETDOC_SYNTAX'));
});
