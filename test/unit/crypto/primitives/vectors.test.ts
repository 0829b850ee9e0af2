import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16, fromBase16, fromUtf8 } from '../../../../src/base/bytes/index.ts';
import {
  blindExpandedKey,
  blindPublicKey,
  ed25519FromCurve25519,
  ed25519KeyPair,
  ed25519Sign,
  ed25519Verify,
  expandedKeyFrom,
  expandedKeyFromCurve25519,
  expandSeed,
  hkdfSha256,
  isValidEd25519PublicKey,
  kdfTor,
  opeEncrypt,
  opeMax,
  s2kMatches,
  s2kRfc2440,
  x25519PublicKey,
} from '../../../../src/crypto/primitives/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

test('KDF-TOR', () => {
  for (const v of loadVectors('kdf', 'kdf_tor')) {
    for (const length of [1, 20, 21, 100]) {
      assert.equal(base16(kdfTor(v.bytes('k0'), length)), v.text('out').slice(0, 2 * length));
    }
  }
});

test('HKDF with SHA-256', () => {
  for (const v of loadVectors('kdf', 'hkdf_ntor')) {
    const [ikm, salt, info] = ['ikm_ascii', 'salt_ascii', 'info_ascii'].map((name) => fromUtf8(v.text(name)));
    assert.ok(ikm && salt && info);
    assert.equal(base16(hkdfSha256(ikm, salt, info, 100)), v.text('out'));
  }
  for (const v of loadVectors('kdf', 'hkdf_rfc5869')) {
    const out = v.bytes('out');
    assert.equal(base16(hkdfSha256(v.bytes('ikm'), v.bytes('salt'), v.bytes('info'), out.length)), v.text('out'));
  }
});

test('S2K of RFC 2440, and the passwords of control ports', () => {
  for (const v of loadVectors('kdf', 's2k_rfc2440')) {
    assert.equal(base16(s2kRfc2440(v.bytes('password_hex'), v.bytes('spec'))), v.text('key'));
    const hashed = fromBase16(v.text('hashed_control_password').slice(3));
    assert.equal(s2kMatches(v.bytes('password_hex'), hashed), true);
  }
  for (const v of loadVectors('kdf', 'hashed_control_password')) {
    const hashed = fromBase16(v.text('hashed').slice(3));
    assert.equal(s2kMatches(fromUtf8(v.text('password')), hashed), true);
    assert.equal(s2kMatches(fromUtf8(`${v.text('password')}x`), hashed), false);
    assert.equal(s2kMatches(fromUtf8(v.text('password')), hashed.subarray(1)), false);
  }
});

test('order-preserving encryption', () => {
  for (const group of ['encrypt', 'more']) {
    for (const v of loadVectors('ope', group)) {
      assert.equal(String(opeEncrypt(v.bytes('key'), Number(v.raw['value']))), String(v.raw['out']));
    }
  }
  const key = new Uint8Array(32);
  for (const value of [0, opeMax + 1, -1, 1.5, Number.NaN]) {
    assert.throws(() => opeEncrypt(key, value), { code: 'VALUE_OUT_OF_RANGE' });
  }
});

test('Ed25519: seeds, expanded keys, signatures and blinding', () => {
  for (const v of loadVectors('ed25519', 'keys')) {
    const pair = ed25519KeyPair(v.bytes('seed'));
    const key = expandSeed(v.bytes('seed'));
    assert.equal(base16(pair.publicKey), v.text('public'));
    assert.equal(base16(key.expanded), v.text('expanded'));
    assert.equal(base16(expandedKeyFrom(key.expanded).publicKey), v.text('public'));
    for (const signer of [pair, key]) {
      const signature = ed25519Sign(pair.publicKey, signer);
      assert.equal(base16(signature), v.text('self_signature'));
      assert.equal(ed25519Verify(signature, pair.publicKey, pair.publicKey), true);
      signature[40] = (signature[40] ?? 0) ^ 1;
      assert.equal(ed25519Verify(signature, pair.publicKey, pair.publicKey), false);
    }
    const signBit = Number(v.raw['sign_bit']) === 1 ? 1 : 0;
    assert.equal(base16(ed25519FromCurve25519(v.bytes('curve25519_public'), signBit)), v.text('public'));
    const blinded = blindExpandedKey(key, v.bytes('blinding_param'));
    assert.equal(base16(blinded.expanded), v.text('blinded_expanded'));
    assert.equal(base16(blinded.publicKey), v.text('blinded_public'));
    assert.equal(base16(blindPublicKey(pair.publicKey, v.bytes('blinding_param'))), v.text('blinded_public'));
    assert.equal(base16(ed25519Sign(fromUtf8('tropea'), blinded)), v.text('blinded_signature_of_tropea'));
  }
});

test('Ed25519: keys made from curve25519 keys', () => {
  for (const v of loadVectors('ed25519', 'from_curve25519')) {
    assert.equal(base16(x25519PublicKey(v.bytes('curve25519_secret'))), v.text('curve25519_public'));
    const { key, signBit } = expandedKeyFromCurve25519(v.bytes('curve25519_secret'));
    assert.equal(base16(key.expanded), v.text('ed_expanded'));
    assert.equal(base16(key.publicKey), v.text('ed_public'));
    assert.equal(signBit, Number(v.raw['sign_bit']));
  }
});

test('Ed25519: strange points', () => {
  for (const v of loadVectors('ed25519', 'validate')) {
    assert.equal(isValidEd25519PublicKey(v.bytes('public')), v.raw['accepted']);
  }
});
