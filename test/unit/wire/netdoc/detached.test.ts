import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16Upper } from '../../../../src/base/bytes/index.ts';
import {
  encodeDetachedSignatures,
  parseAuthorityCertificates,
  parseDetachedSignatures,
} from '../../../../src/wire/netdoc/index.ts';
import { documentNames, documentText } from '../../../support/documents.ts';

test('detached signatures of C tor are read and written back byte for byte', () => {
  for (const name of documentNames('network-0.4.9.11', 'sigs-')) {
    const text = documentText(name);
    assert.equal(encodeDetachedSignatures(parseDetachedSignatures(text)), text, name);
  }
});

test('every signature verifies over its digest', () => {
  const { documents: certificates } = parseAuthorityCertificates(documentText('network-0.4.9.11/keys-all'));
  const detached = parseDetachedSignatures(documentText('network-0.4.9.11/sigs-auth0-2026-11-21T072340'));
  assert.deepEqual([...detached.flavors.keys()].sort(), ['microdesc', 'ns']);
  for (const [name, flavor] of detached.flavors) {
    assert.equal(flavor.signatures.length, 3, name);
    for (const signature of flavor.signatures) {
      const key = base16Upper(signature.signingKeyDigest);
      const certificate = certificates.find((each) => base16Upper(each.signingKeyDigest) === key);
      const digest = flavor.digests[signature.algorithm];
      assert.ok(certificate !== undefined && digest !== undefined);
      assert.ok(certificate.signingKey.verifyDigest(signature.signature, digest), `${name} ${key}`);
    }
  }
});

test('what cannot be understood is skipped, what is broken is refused', () => {
  const text = documentText('network-0.4.9.11/sigs-auth0-2026-11-21T072340');
  const future = text.replace('additional-digest microdesc sha256', 'additional-digest microdesc sha9');
  assert.equal(parseDetachedSignatures(future).flavors.get('microdesc')?.digests.sha256, undefined);
  const signature = text.slice(text.lastIndexOf('directory-signature'));
  assert.equal(parseDetachedSignatures(text + signature).flavors.get('ns')?.signatures.length, 3);
  for (const broken of [
    '',
    text.replace('consensus-digest F5', 'consensus-digest F'),
    text.replace('valid-after 2026', 'valid-after 20x6'),
    text.replace('consensus-digest', 'other\nconsensus-digest'),
    text.replace(/-----BEGIN SIGNATURE-----\n/, '-----BEGIN SIGNATURE-----\n!'),
    text.replace(/sha256 60B3/g, 'sha256 60B'),
    text.replaceAll('BEGIN SIGNATURE', 'BEGIN OTHER').replaceAll('END SIGNATURE', 'END OTHER'),
  ]) {
    assert.throws(() => parseDetachedSignatures(broken), { code: 'NETDOC_SYNTAX' });
  }
});
