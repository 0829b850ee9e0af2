import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { base16 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { ed25519PublicKey, x25519PublicKey } from '../../../../src/crypto/primitives/index.ts';
import { blindingParameter, periodKeys } from '../../../../src/roles/onion/common/keys.ts';
import {
  formatAuthorizedClient,
  formatClientCredential,
  onionHostname,
  onionLabel,
  parseAuthorizedClient,
  parseClientCredential,
  parseOnionAddress,
} from '../../../../src/roles/onion/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

const code = (wanted: string) => (error: unknown) => TorError.is(error) && error.code === wanted;

test('addresses: published and made ones, with and without sub-domains', () => {
  for (const v of loadVectors('onion-service', 'address_valid')) {
    assert.equal(onionHostname(v.bytes('public')), v.text('address'));
    assert.equal(base16(parseOnionAddress(v.text('address'))), v.text('public'));
    assert.equal(base16(parseOnionAddress(`www.${v.text('address').toUpperCase()}`)), v.text('public'));
  }
});

test('addresses: every kind of mistake is told apart', () => {
  const why = loadVectors('onion-service', 'address_invalid').map((v) => {
    try {
      parseOnionAddress(v.text('address'));
      return 'accepted';
    } catch (error) {
      assert.ok(code('ONION_ADDRESS_INVALID')(error));
      return (error as TorError).facts['why'];
    }
  });
  assert.deepEqual(why, [
    'length',
    'length',
    'checksum',
    'alphabet',
    'version',
    'alphabet',
    'version',
    'version',
    'key',
    'key',
  ]);
});

test('addresses: one wrong letter is never another address', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(55),
      fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'),
      (seed, at, letter) => {
        const label = onionLabel(ed25519PublicKey(seed));
        const changed = label.slice(0, at) + letter + label.slice(at + 1);
        if (changed === label) return;
        assert.throws(() => parseOnionAddress(changed), code('ONION_ADDRESS_INVALID'));
      },
    ),
    { numRuns: 60 },
  );
});

test('blinding: parameter, blinded key and subcredential of a period', () => {
  for (const v of loadVectors('onion-service', 'blinding')) {
    const identity = v.bytes('identity_public');
    const [period, minutes] = [v.number('period'), v.number('length_minutes')];
    assert.equal(base16(blindingParameter(identity, period, minutes)), v.text('param'));
    const keys = periodKeys(identity, period, minutes);
    assert.equal(base16(keys.blindedKey), v.text('blinded_public'));
    assert.equal(base16(keys.subcredential), v.text('subcredential'));
  }
});

test('client authorization: both files, there and back', () => {
  const secret = new Uint8Array(32).fill(7);
  const identity = ed25519PublicKey(new Uint8Array(32).fill(9));
  const credential = parseClientCredential(formatClientCredential(onionLabel(identity), secret));
  assert.deepEqual(credential.secretKey, secret);
  assert.deepEqual(credential.identityKey, identity);
  assert.deepEqual(parseAuthorizedClient(formatAuthorizedClient(secret)), x25519PublicKey(secret));
  for (const bad of ['', 'descriptor:x25519', 'descriptor:rsa:AAAA', `descriptor:x25519:${'A'.repeat(51)}`]) {
    assert.throws(() => parseAuthorizedClient(bad), code('ONION_AUTH_FILE_INVALID'));
    assert.throws(() => parseClientCredential(`${onionLabel(identity)}:${bad}`), code('ONION_AUTH_FILE_INVALID'));
  }
});
