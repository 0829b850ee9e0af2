import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromBase16, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { generateTlsKey, makeX509, sha256, X509Cert, x509Pem } from '../../../../src/crypto/primitives/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

const startMs = Date.UTC(2026, 0, 1);

describe('X.509 for links', () => {
  it('makes certificates that the platform reads and verifies', async () => {
    const identity = await generateTlsKey(1024);
    const link = await generateTlsKey(1024);
    const fields = {
      subject: 'www.a.net',
      issuer: 'www.b.com',
      notBeforeMs: startMs,
      serial: fromBase16('00fe010203040506'),
    };
    for (const notAfterMs of [startMs + 86_400_000, Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)]) {
      const cert = X509Cert.parse(makeX509({ ...fields, notAfterMs, keyPem: link }, identity));
      const self = X509Cert.parse(
        makeX509({ ...fields, subject: 'www.b.com', notAfterMs, keyPem: identity }, identity),
      );
      assert.equal(cert.notBeforeMs, startMs);
      assert.equal(cert.notAfterMs, notAfterMs);
      assert.equal(cert.rsaBits, 1024);
      assert.ok(cert.isSignedBy(self));
      assert.ok(self.isSignedBy(self));
      assert.ok(!cert.isSignedBy(cert));
    }
  });

  it('writes PEM that the platform reads, whatever the length', () => {
    for (let length = 30; length < 200; length++) {
      const lines = x509Pem(new Uint8Array(length)).trimEnd().split('\n');
      assert.ok(lines.slice(1, -1).every((line) => line.length > 0 && line.length <= 64));
      assert.equal(Buffer.from(lines.slice(1, -1).join(''), 'base64').length, length);
    }
  });

  it('reads those of C tor', () => {
    for (const vector of loadVectors('link-handshake', 'responder')) {
      const tls = X509Cert.parse(vector.bytes('tls_certificate'));
      assert.deepEqual(sha256(tls.der), vector.bytes('tls_certificate_sha256'));
      const certs = vector.raw.certs as { type: number; body: string }[];
      const identity = X509Cert.parse(fromBase16(certs.find(({ type }) => type === 2)?.body ?? ''));
      assert.equal(identity.rsaBits, 1024);
      assert.equal(tls.rsaBits, 2048);
      assert.ok(tls.isSignedBy(identity));
      assert.ok(identity.isSignedBy(identity));
      assert.deepEqual(sha256(identity.rsaKey ?? new Uint8Array(0)), vector.bytes('identity_rsa_sha256'));
    }
  });

  it('refuses anything but one bare DER certificate', () => {
    const [vector] = loadVectors('link-handshake', 'responder');
    const der = vector?.bytes('tls_certificate') ?? new Uint8Array(0);
    const bad = { code: 'BAD_CERTIFICATE' };
    assert.throws(() => X509Cert.parse(concatBytes(der, Uint8Array.of(0))), bad);
    assert.throws(() => X509Cert.parse(der.subarray(0, der.length - 1)), bad);
    assert.throws(() => X509Cert.parse(fromLatin1(x509Pem(der))), bad);
    assert.throws(() => X509Cert.parse(new Uint8Array(0)), bad);
  });

  it('answers damaged certificates with a value or BAD_CERTIFICATE', () => {
    const [vector] = loadVectors('link-handshake', 'responder');
    const der = vector?.bytes('tls_certificate') ?? new Uint8Array(0);
    fc.assert(
      fc.property(fc.nat({ max: der.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const bytes = der.slice();
        bytes[at] = value;
        try {
          X509Cert.parse(bytes);
        } catch (error) {
          assert.ok(TorError.is(error) && error.code === 'BAD_CERTIFICATE', String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
