import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromBase16 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { ed25519KeyPair, ed25519Sign, RsaPrivateKey, RsaPublicKey } from '../../../../src/crypto/primitives/index.ts';
import {
  CertKeyType,
  CertType,
  makeEd25519Cert,
  makeRsaCrossCert,
  parseEd25519Cert,
  parseRsaCrossCert,
  verifyEd25519Cert,
  verifyNtorCrossCert,
  verifyRsaCrossCert,
  verifyRsaOnionKeyCrossCert,
} from '../../../../src/wire/cert/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

const hourMs = 3_600_000;
const signer = ed25519KeyPair(new Uint8Array(32).fill(7));
const subject = new Uint8Array(32).fill(9);
const sign = (message: Uint8Array): Uint8Array => ed25519Sign(message, signer);
const made = (signingKey?: Uint8Array): Uint8Array =>
  makeEd25519Cert(
    {
      type: CertType.SIGNING_LINK,
      certifiedKey: subject,
      expiresAtMs: 500_000 * hourMs,
      ...(signingKey && { signingKey }),
    },
    sign,
  );

describe('Ed25519 certificates', () => {
  it('of C tor are read and verified', () => {
    for (const vector of loadVectors('ed25519-certs', 'valid')) {
      const cert = parseEd25519Cert(vector.bytes('cert'));
      assert.equal(cert.type, vector.number('cert_type'));
      assert.equal(cert.keyType, vector.number('key_type'));
      assert.equal(cert.expiresAtMs, vector.number('expiration_hours') * hourMs);
      assert.deepEqual(cert.certifiedKey, vector.bytes('certified_key'));
      assert.deepEqual(cert.signingKey, vector.bytes('signing_key'));
      assert.deepEqual(verifyEd25519Cert(cert, { type: cert.type }), vector.bytes('signing_key'));
    }
  });

  it('that are malformed are refused with the right error', () => {
    const wanted: Record<string, string | undefined> = {
      'one byte short': 'TRUNCATED',
      'version 2': 'BAD_CERTIFICATE',
      'claims two extensions, has one': 'TRUNCATED',
      'unknown extension type with flag 1 (affects validation): refuse': 'BAD_CERTIFICATE',
      'extension longer than the certificate': 'TRUNCATED',
      empty: 'TRUNCATED',
    };
    let seen = 0;
    for (const vector of loadVectors('ed25519-certs', 'malformed')) {
      const why = vector.text('why');
      const bytes = vector.bytes('cert');
      const code = wanted[why];
      if (code !== undefined) {
        assert.throws(() => parseEd25519Cert(bytes), { code }, why);
        seen++;
      } else if (why.startsWith('parses, but the signature is wrong')) {
        assert.throws(() => verifyEd25519Cert(parseEd25519Cert(bytes), { type: 4 }), { code: 'BAD_SIGNATURE' });
        seen++;
      } else if (why.includes('no must-understand flag')) {
        assert.equal(parseEd25519Cert(bytes).signingKey, undefined);
        assert.throws(() => verifyEd25519Cert(parseEd25519Cert(bytes), { type: 4 }), { code: 'BAD_CERTIFICATE' });
        seen++;
      }
    }
    assert.equal(seen, 8);
  });

  it('round-trip with and without the signing key', () => {
    for (const signingKey of [undefined, signer.publicKey]) {
      const cert = parseEd25519Cert(made(signingKey));
      assert.equal(cert.type, CertType.SIGNING_LINK);
      assert.equal(cert.keyType, CertKeyType.ED25519);
      assert.deepEqual(cert.signingKey, signingKey);
      const check = { type: CertType.SIGNING_LINK, signedBy: signer.publicKey };
      assert.deepEqual(verifyEd25519Cert(cert, check), signer.publicKey);
    }
  });

  it('prove nothing with another type, signer or time', () => {
    const cert = parseEd25519Cert(made(signer.publicKey));
    const type = CertType.SIGNING_LINK;
    assert.throws(() => verifyEd25519Cert(cert, { type: CertType.SIGNING_AUTH }), { code: 'BAD_CERTIFICATE' });
    assert.throws(() => verifyEd25519Cert(cert, { type, signedBy: subject }), { code: 'BAD_CERTIFICATE' });
    const bare = parseEd25519Cert(made());
    assert.throws(() => verifyEd25519Cert(bare, { type }), { code: 'BAD_CERTIFICATE' });
    assert.throws(() => verifyEd25519Cert(bare, { type, signedBy: subject }), { code: 'BAD_SIGNATURE' });
    verifyEd25519Cert(cert, { type, nowMs: cert.expiresAtMs });
    assert.throws(() => verifyEd25519Cert(cert, { type, nowMs: cert.expiresAtMs + 1 }), {
      code: 'CERTIFICATE_EXPIRED',
    });
  });

  it('do not survive a changed bit', () => {
    const good = made(signer.publicKey);
    fc.assert(
      fc.property(fc.nat({ max: good.length * 8 - 1 }), (bit) => {
        const bytes = good.slice();
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        assert.throws(
          () => verifyEd25519Cert(parseEd25519Cert(bytes), { type: CertType.SIGNING_LINK, signedBy: signer.publicKey }),
          (error) => TorError.is(error) && error.kind === 'protocol',
        );
      }),
    );
  });

  it('refuse two signing keys and trailing bytes', () => {
    const good = made(signer.publicKey);
    const extension = good.subarray(40, 76);
    const two = concatBytes(good.subarray(0, 39), Uint8Array.of(2), extension, extension, new Uint8Array(64));
    assert.throws(() => parseEd25519Cert(two), { code: 'BAD_CERTIFICATE' });
    assert.throws(() => parseEd25519Cert(concatBytes(good, Uint8Array.of(0))), { code: 'TRAILING_BYTES' });
  });

  it('answer any bytes with a certificate or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const input = bytes.length > 0 ? concatBytes(Uint8Array.of(1), bytes) : bytes;
        for (const parse of [parseEd25519Cert, parseRsaCrossCert]) {
          try {
            parse(input);
          } catch (error) {
            assert.ok(TorError.is(error) && error.kind === 'protocol');
          }
        }
      }),
    );
  });
});

describe('RSA cross-certificates', () => {
  it('verify until they expire, for their keys only', async () => {
    const rsa = await RsaPrivateKey.generate(1024);
    const expiresAtMs = 500_000 * hourMs;
    const cert = parseRsaCrossCert(
      makeRsaCrossCert({ ed25519: subject, expiresAtMs }, (digest) => rsa.signDigest(digest)),
    );
    const check = { rsa: rsa.publicKey, ed25519: subject, nowMs: expiresAtMs };
    verifyRsaCrossCert(cert, check);
    assert.throws(() => verifyRsaCrossCert(cert, { ...check, nowMs: expiresAtMs + 1 }), {
      code: 'CERTIFICATE_EXPIRED',
    });
    assert.throws(() => verifyRsaCrossCert(cert, { ...check, ed25519: signer.publicKey }), { code: 'BAD_CERTIFICATE' });
    const other = await RsaPrivateKey.generate(1024);
    assert.throws(() => verifyRsaCrossCert(cert, { ...check, rsa: other.publicKey }), { code: 'BAD_SIGNATURE' });
    const cut = cert.encoded.subarray(0, cert.encoded.length - 1);
    assert.throws(() => parseRsaCrossCert(cut), { code: 'TRUNCATED' });
    assert.throws(() => parseRsaCrossCert(concatBytes(cert.encoded, subject)), { code: 'TRAILING_BYTES' });
  });

  it('of C tor verify', () => {
    for (const vector of loadVectors('link-handshake', 'responder')) {
      const certs = vector.raw.certs as { type: number; body: string }[];
      const cross = parseRsaCrossCert(fromBase16(certs.find(({ type }) => type === 7)?.body ?? ''));
      assert.deepEqual(cross.ed25519, vector.bytes('identity_ed25519'));
    }
  });
});

describe('onion key cross-certificates', () => {
  it('of ntor keys verify with the right sign bit only', () => {
    for (const vector of loadVectors('ed25519-certs', 'ntor_onion_key_crosscert')) {
      const cert = parseEd25519Cert(vector.bytes('cert'));
      const signBit = vector.number('sign_bit') === 1 ? 1 : 0;
      const check = { ntorKey: vector.bytes('ntor_onion_key'), ed25519: vector.bytes('identity') };
      verifyNtorCrossCert(cert, { ...check, signBit });
      assert.throws(() => verifyNtorCrossCert(cert, { ...check, signBit: signBit === 1 ? 0 : 1 }), {
        code: 'BAD_SIGNATURE',
      });
      assert.throws(() => verifyNtorCrossCert(cert, { ...check, signBit, ed25519: subject }), {
        code: 'BAD_CERTIFICATE',
      });
    }
  });

  it('of RSA onion keys verify for their identities only', () => {
    for (const vector of loadVectors('ed25519-certs', 'onion_key_crosscert')) {
      const onionKey = RsaPublicKey.fromDer(vector.bytes('onion_key_der'));
      const crosscert = vector.bytes('crosscert');
      const check = { onionKey, rsa: vector.bytes('rsa_identity_digest'), ed25519: vector.bytes('ed25519_identity') };
      verifyRsaOnionKeyCrossCert(crosscert, check);
      assert.throws(() => verifyRsaOnionKeyCrossCert(crosscert, { ...check, ed25519: subject }), {
        code: 'BAD_SIGNATURE',
      });
    }
  });
});
