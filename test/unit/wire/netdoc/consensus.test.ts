import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16, base64Unpadded, bytesEqual } from '../../../../src/base/bytes/index.ts';
import { RsaPrivateKey } from '../../../../src/crypto/primitives/index.ts';
import {
  encodeAuthorityCertificate,
  parseAuthorityCertificate,
  parseAuthorityCertificates,
  parseConsensus,
  parseMicrodescConsensus,
  parseMicrodescriptors,
  parseNsConsensus,
  type TrustedAuthority,
} from '../../../../src/wire/netdoc/index.ts';
import { supports } from '../../../../src/wire/protover/index.ts';
import { documentNames, documentText } from '../../../support/documents.ts';
import { generateNetwork } from '../../../support/generate-network.ts';
import { loadVectors } from '../../../support/vectors.ts';

const code =
  (...wanted: string[]) =>
  (error: unknown) =>
    wanted.includes((error as { code?: string }).code ?? '');

const certificates = parseAuthorityCertificates(documentText('network-0.4.9.11/keys-all')).documents;
const authorities: TrustedAuthority[] = certificates.map(({ identity }) => ({ v3Identity: identity }));
const nowMs = Date.UTC(2026, 10, 21, 7, 30);

test('consensuses of C tor are signed by its authorities', () => {
  assert.equal(certificates.length, 3);
  for (const [prefix, flavor] of [
    ['cons-md-', 'microdesc'],
    ['cons-ns-', 'ns'],
  ] as const) {
    for (const name of documentNames('network-0.4.9.11', prefix)) {
      const text = documentText(name);
      const parsed = parseConsensus(text);
      assert.equal(parsed.flavor, flavor);
      const consensus = parsed.verify(certificates, authorities, { nowMs });
      assert.equal(consensus.relays.length, text.split('\nr ').length - 1);
      assert.ok(consensus.relays.every(({ protover }) => supports(protover, 'Link', 5)));
      const validAfter = new Date(consensus.validAfterMs).toISOString().replace(/[-:]/g, '').slice(9, 15);
      assert.equal(validAfter, name.slice(-6));
    }
  }
});

test('too few, wrong or missing signatures', () => {
  const text = documentText('network-0.4.9.11/cons-md-2026-11-21T072340');
  const parsed = parseMicrodescConsensus(text);
  const [first, second, third] = certificates;
  assert.ok(first && second && third);
  const verify = (certs: typeof certificates) => parsed.verify(certs, authorities, { nowMs });
  assert.equal(verify([first, second]).verified, true, 'two of three');
  assert.throws(() => verify([first]), code('CONSENSUS_CERTS_MISSING'));
  const strangers = [1, 2, 3].map((n) => ({ v3Identity: new Uint8Array(20).fill(n) }));
  assert.throws(() => parsed.verify(certificates, strangers, { nowMs }), code('CONSENSUS_NOT_TRUSTED'));
  const late = { nowMs: nowMs + 400 * 86_400_000 };
  assert.throws(() => parsed.verify(certificates, authorities, late), code('CONSENSUS_CERTS_MISSING'));
  const changed = parseMicrodescConsensus(text.replace('w Bandwidth=', 'w Bandwidth=1'));
  assert.throws(() => changed.verify(certificates, authorities, { nowMs }), code('CONSENSUS_NOT_TRUSTED'));
  assert.equal(changed.checkSignatures(certificates, authorities, { nowMs }).bad, 3);
});

test('a consensus that breaks its form is refused', () => {
  const text = documentText('network-0.4.9.11/cons-ns-2026-11-21T072340');
  const lines = text.match(/^r .*$/gm) ?? [];
  for (const [from, to] of [
    ['vote-status consensus', 'vote-status vote'],
    ['\ns ', '\nx '],
    ['\nw Bandwidth=', '\nw Bandwidth=x'],
    ['valid-after 2026-11-21', 'valid-after 2026-13-21'],
    [lines[0] ?? '', lines[1] ?? ''],
    ['known-flags', 'known-flag'],
    ['\ndirectory-signature', '\ndirectory-signatures'],
  ] as const) {
    assert.ok(text.includes(from));
    assert.throws(() => parseConsensus(text.replaceAll(from, to)), code('NETDOC_SYNTAX'), `${from} ${to}`);
  }
  assert.throws(() => parseMicrodescConsensus(text), code('NETDOC_SYNTAX'), 'the other flavour');
  assert.throws(() => parseConsensus(''), code('NETDOC_SYNTAX'));
  const carriageReturns = documentText('cached-microdesc-consensus_with_carriage_returns.txt');
  for (const archive of [false, true]) {
    assert.throws(() => parseConsensus(carriageReturns, { archive }), code('NETDOC_SYNTAX'));
  }
});

test('consensuses of the archives', () => {
  const small = parseConsensus(documentText('cached-consensus.txt')).dangerouslyUnverified();
  assert.equal(small.method, 26);
  for (const [name, relays] of [
    ['metrics_consensus.txt', undefined],
    ['consensuses-2018-06/01/2018-06-01-00-00-00-consensus', undefined],
    ['consensuses-2018-06/01/2018-06-01-01-00-00-consensus', undefined],
    ['microdescs-2019-05/consensus-microdesc/01/2019-05-01-01-00-00-consensus-microdesc', undefined],
  ] as const) {
    const text = documentText(name);
    assert.throws(() => parseConsensus(text), code('NETDOC_SYNTAX'), 'an annotation');
    const content = parseConsensus(text, { archive: true }).dangerouslyUnverified();
    assert.equal(content.relays.length, relays ?? text.split('\nr ').length - 1, name);
    assert.ok(content.signatures.length > 0);
  }
  assert.equal(parseNsConsensus(documentText('metrics_consensus.txt'), { archive: true }).flavor, 'ns');
});

test('microdescriptors go by their digests', () => {
  for (const vector of loadVectors('microdescriptor', 'digest')) {
    const { documents, refused } = parseMicrodescriptors(vector.text('text'));
    assert.deepEqual(refused, []);
    assert.equal(base64Unpadded(documents[0]?.digest ?? new Uint8Array(0)), vector.text('digest'));
    assert.equal(documents[0]?.text, vector.text('text'));
  }
  for (const name of documentNames('microdescs-2019-05/micro/0/0', '')) {
    const [microdesc] = parseMicrodescriptors(documentText(name), { annotations: true }).documents;
    assert.equal(base16(microdesc?.digest ?? new Uint8Array(0)), name.slice(name.lastIndexOf('/') + 1));
  }
});

test('cached microdescriptors have annotations; those without an ntor key are refused', () => {
  for (const name of ['auth0.cached-microdescs.new', 'client0.cached-microdescs.new']) {
    const text = documentText(`network-0.4.9.11/${name}`);
    const { documents, refused } = parseMicrodescriptors(text, { annotations: true });
    assert.deepEqual(refused, []);
    assert.equal(documents.length, text.split(/^onion-key$/m).length - 1);
  }
  const { documents, refused } = parseMicrodescriptors(documentText('cached-microdescs.txt'), { annotations: true });
  assert.equal(documents.length, 1);
  assert.equal(documents[0]?.lastListedMs, Date.UTC(2013, 1, 24, 0, 18, 37));
  assert.deepEqual(documents[0]?.family, ['$6141629FA0D15A6AEAEF3A1BEB76E64C767B3174']);
  assert.equal(refused.length, 2);
  assert.match(refused[0]?.reason ?? '', /ntor-onion-key/);
});

test('authority certificates', async () => {
  for (const name of [
    'network-0.4.9.11/auth0.certificate',
    'network-0.4.9.11/auth0.cached-certs',
    'cached-certs.txt',
  ]) {
    const { documents, refused } = parseAuthorityCertificates(documentText(name));
    assert.ok(documents.length > 0 && refused.length === 0, name);
  }
  const metrics = documentText('metrics_cert.txt').replace(/^@type .*\n/, '');
  assert.throws(() => parseAuthorityCertificate(metrics), code('NETDOC_SYNTAX'), 'from before cross-certificates');
  const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(2048), RsaPrivateKey.generate(2048)]);
  const publishedMs = Date.UTC(2030, 0, 1);
  const dirAddress = { address: Uint8Array.of(192, 0, 2, 1), port: 80 };
  const text = encodeAuthorityCertificate({
    identityKey,
    signingKey,
    publishedMs,
    expiresMs: publishedMs + 86_400_000,
    dirAddress,
  });
  const parsed = parseAuthorityCertificate(text);
  assert.ok(bytesEqual(parsed.identity, identityKey.publicKey.fingerprint));
  assert.equal(parsed.expiresMs, publishedMs + 86_400_000);
  assert.deepEqual(parsed.dirAddress, dirAddress);
  assert.throws(() => parseAuthorityCertificate(text.replace('2030-01-02', '2031-01-02')), code('NETDOC_SIGNATURE'));
  assert.throws(() => parseAuthorityCertificate(text.replace(' 3\n', ' 4\n')), code('NETDOC_SYNTAX'));
});

test('a large generated network reads whole', async () => {
  const network = await generateNetwork({ relays: 300, seed: 5, authorities: 3 });
  const consensus = parseMicrodescConsensus(network.consensus).verify(network.certificates, network.authorities, {
    nowMs: network.validAfterMs,
  });
  const { documents, refused } = parseMicrodescriptors(network.microdescriptors);
  assert.deepEqual(refused, []);
  const known = new Set(documents.map(({ digest }) => base16(digest)));
  assert.equal(consensus.relays.length, 300);
  assert.ok(consensus.relays.every(({ descriptorDigest }) => known.has(base16(descriptorDigest))));
});
