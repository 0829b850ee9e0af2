import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { bytesEqual, concatBytes } from '../../../../src/base/bytes/index.ts';
import { sha256 } from '../../../../src/crypto/primitives/index.ts';
import type { LinkCredentialSet } from '../../../../src/network/channels/index.ts';
import { CellCommand, decodeAuthenticate, encodeNetinfo } from '../../../../src/wire/cell/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { loadVectors } from '../../../support/vectors.ts';
import { addresses, cell, makeCredentials, makeInitiator, makePair, openPair, startMs, turns } from './harness.ts';

describe('link handshake', () => {
  let relay: LinkCredentialSet;
  let other: LinkCredentialSet;
  before(async () => {
    relay = await makeCredentials(1);
    other = await makeCredentials(2);
  });

  for (const version of [4, 5]) {
    it(`opens with link protocol ${version}`, async () => {
      const runtime = new FakeRuntime(startMs);
      const { initiator, responder } = await openPair(runtime, relay, {
        initiator: { versions: version === 4 ? [3, 4] : [4, 5], expected: { ed25519: relay.ed25519 } },
        responder: { ownAddresses: [addresses.responder] },
      });
      for (const { channel, error } of [initiator, responder]) {
        assert.equal(error, undefined);
        assert.equal(channel.state, 'open');
        assert.equal(channel.linkProtocol, version);
      }
      assert.deepEqual(initiator.channel.peer.ed25519, relay.ed25519);
      assert.equal(initiator.channel.peer.rsa?.length, 20);
      assert.equal(initiator.channel.peer.authenticated, true);
      assert.equal(initiator.channel.canonical, true);
      assert.equal(initiator.channel.result?.clockSkewMs, 0);
      assert.deepEqual(initiator.channel.result?.ownAddressSeen, addresses.initiator);
      assert.equal(responder.channel.peer.authenticated, false);
      assert.equal(responder.channel.peer.ed25519, undefined);
      assert.equal(responder.channel.canonical, false);
    });
  }

  it('tells nothing about a client: no time, no address, no certificates', async () => {
    const { initiator } = await openPair(new FakeRuntime(startMs), relay, {
      initiator: { ownAddresses: [addresses.initiator] },
    });
    const sent = initiator.transport.bytes;
    assert.deepEqual(sent.subarray(0, 9), Uint8Array.of(0, 0, 7, 0, 4, 0, 4, 0, 5));
    const netinfo = encodeNetinfo({ timestamp: 0, otherAddress: addresses.responder, myAddresses: [] });
    assert.deepEqual(sent.subarray(9), cell(0, CellCommand.NETINFO, netinfo));
  });

  it('authenticates a relay that calls', async () => {
    const { initiator, responder } = await openPair(new FakeRuntime(startMs), relay, {
      initiator: { credentials: other, ownAddresses: [addresses.initiator] },
    });
    assert.equal(initiator.error, undefined);
    assert.equal(responder.error, undefined);
    assert.equal(responder.channel.state, 'open');
    assert.deepEqual(responder.channel.peer.ed25519, other.ed25519);
    assert.equal(responder.channel.peer.authenticated, true);
    assert.equal(responder.channel.canonical, true);
    assert.equal(responder.channel.result?.clockSkewMs, 0);
  });

  it('estimates the clock skew', async () => {
    const runtime = new FakeRuntime(startMs);
    const pair = makePair(runtime, relay);
    const ahead = { now: () => startMs + 90_000, monotonic: runtime.clock.monotonic };
    const { deliver } = pair.responder.transport;
    pair.responder.channel.start();
    pair.initiator.channel.start();
    pair.responder.transport.deliver = (bytes) => {
      const at = findNetinfo(bytes);
      const copy = bytes.slice();
      if (at >= 0) new DataView(copy.buffer).setUint32(at + 5, ahead.now() / 1000);
      deliver(copy);
    };
    await turns(12);
    assert.equal(pair.initiator.channel.result?.clockSkewMs, 90_000);
  });

  it('refuses the wrong identity', async () => {
    const expectations = [
      { ed25519: other.ed25519 },
      { rsa: new Uint8Array(20) },
      { ed25519: relay.ed25519, rsa: new Uint8Array(20) },
    ];
    for (const expected of expectations) {
      const { initiator } = await openPair(new FakeRuntime(startMs), relay, { initiator: { expected } });
      assert.equal(initiator.error?.code, 'CHANNEL_IDENTITY');
      assert.equal(initiator.channel.state, 'closed');
      assert.ok(initiator.transport.closed);
    }
  });

  it('refuses a responder without a common version', async () => {
    const { initiator, responder } = await openPair(new FakeRuntime(startMs), relay, { initiator: { versions: [3] } });
    assert.equal(responder.error?.code, 'CHANNEL_VERSIONS');
    assert.notEqual(initiator.channel.state, 'open');
  });

  it('refuses certificates for another TLS session', async () => {
    const { initiator } = await openPair(new FakeRuntime(startMs), relay, { seenCertificate: other.tlsCert });
    assert.equal(initiator.error?.code, 'BAD_CERTIFICATE');
  });

  it('gives up after its time', async () => {
    const runtime = new FakeRuntime(startMs);
    const end = makeInitiator(runtime, relay.tlsCert, { handshakeTimeoutMs: 1000 });
    end.channel.start();
    await runtime.advance(999);
    assert.equal(end.channel.state, 'handshaking');
    await runtime.advance(1);
    assert.equal(end.error?.code, 'CHANNEL_TIMEOUT');
  });

  it('carries on when VPADDING and unknown cells come between', async () => {
    const runtime = new FakeRuntime(startMs);
    const { initiator, responder } = makePair(runtime, relay, { initiator: { credentials: other } });
    const toResponder = initiator.transport.deliver;
    let first = true;
    initiator.transport.deliver = (bytes) => {
      if (!first) responder.channel.receive(Uint8Array.of(0, 0, 0, 0, 200, 0, 1, 9));
      first = false;
      toResponder(bytes);
    };
    responder.channel.start();
    initiator.channel.start();
    await turns(12);
    // The stray cell is part of what the responder hashed and the initiator did not send: it must notice.
    assert.equal(responder.error?.code, 'CHANNEL_PROTOCOL');

    const client = makePair(runtime, relay);
    client.initiator.transport.deliver = (bytes) => {
      client.responder.channel.receive(Uint8Array.of(...(bytes[2] === 7 ? [0, 0] : [0, 0, 0, 0]), 128, 0, 2, 1, 2));
      client.responder.channel.receive(bytes);
    };
    client.responder.channel.start();
    client.initiator.channel.start();
    await turns(12);
    assert.equal(client.responder.channel.state, 'open');
  });

  describe('with what C tor sent', () => {
    const vectors = loadVectors('link-handshake', 'responder');

    for (const [i, vector] of vectors.entries()) {
      it(`completes, transcript ${i}`, async () => {
        const netinfo = vector.bytes('server_netinfo');
        const nowMs = new DataView(netinfo.buffer, netinfo.byteOffset).getUint32(5) * 1000;
        const end = makeInitiator(new FakeRuntime(nowMs), vector.bytes('tls_certificate'), {
          peerAddress: Uint8Array.of(127, 0, 0, 1),
          expected: { rsa: vector.bytes('identity_rsa_sha1'), ed25519: vector.bytes('identity_ed25519') },
        });
        end.channel.start();
        await turns(2);
        const names = ['server_versions', 'server_certs', 'server_auth_challenge', 'server_netinfo'];
        for (const name of names) end.channel.receive(vector.bytes(name));
        assert.equal(end.error, undefined);
        assert.equal(end.channel.state, 'open');
        assert.equal(end.channel.result?.clockSkewMs, 0);
        await turns(2);
        assert.deepEqual(end.transport.bytes.subarray(0, 9), vector.bytes('client_versions'));
        assert.deepEqual(end.transport.bytes.subarray(9), vector.bytes('client_netinfo'));
      });
    }

    it('signs the SLOG and CLOG of the session', async () => {
      const [vector] = vectors;
      assert.ok(vector !== undefined);
      const netinfo = vector.bytes('server_netinfo');
      const nowMs = new DataView(netinfo.buffer, netinfo.byteOffset).getUint32(5) * 1000;
      const end = makeInitiator(new FakeRuntime(nowMs), vector.bytes('tls_certificate'), { credentials: other });
      end.channel.start();
      for (const name of ['server_versions', 'server_certs', 'server_auth_challenge']) {
        end.channel.receive(vector.bytes(name));
      }
      await turns(2);
      const sent = end.transport.bytes;
      const certsLength = new DataView(sent.buffer, sent.byteOffset).getUint16(9 + 5);
      const authenticateAt = 9 + 7 + certsLength;
      assert.equal(sent[authenticateAt + 4], CellCommand.AUTHENTICATE);
      const { body } = decodeAuthenticate(sent.subarray(authenticateAt + 7));
      const field = (n: number): Uint8Array => body.subarray(8 + 32 * n, 40 + 32 * n);
      assert.deepEqual(field(0), sha256(other.rsaKey));
      assert.deepEqual(field(1), vector.bytes('identity_rsa_sha256'));
      assert.deepEqual(field(2), other.ed25519);
      assert.deepEqual(field(3), vector.bytes('identity_ed25519'));
      assert.deepEqual(field(4), vector.bytes('slog'));
      assert.deepEqual(field(5), sha256(sent.subarray(0, authenticateAt)));
      assert.deepEqual(field(6), vector.bytes('tls_certificate_sha256'));
      // NETINFO comes last and is not part of the log.
      assert.equal(sent[sent.length - 514 + 4], CellCommand.NETINFO);
    });

    it('refuses them after they expired', async () => {
      const [vector] = vectors;
      assert.ok(vector !== undefined);
      const end = makeInitiator(new FakeRuntime(Date.UTC(2030, 0, 1)), vector.bytes('tls_certificate'));
      end.channel.start();
      end.channel.receive(concatBytes(vector.bytes('server_versions'), vector.bytes('server_certs')));
      assert.equal(end.error?.code, 'CERTIFICATE_EXPIRED');
    });
  });
});

function findNetinfo(bytes: Uint8Array): number {
  const head = Uint8Array.of(0, 0, 0, 0, CellCommand.NETINFO);
  for (let at = 0; at + 514 <= bytes.length; at++) if (bytesEqual(bytes.subarray(at, at + 5), head)) return at;
  return -1;
}
