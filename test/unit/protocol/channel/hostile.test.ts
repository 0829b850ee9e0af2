import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import type { LinkCredentialSet } from '../../../../src/network/channels/index.ts';
import {
  CellCommand,
  CertsCellType,
  type CertsEntry,
  encodeAuthChallenge,
  encodeAuthenticate,
  encodeCerts,
  encodeNetinfo,
  encodeVersions,
} from '../../../../src/wire/cell/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import {
  addresses,
  cell,
  type End,
  makeCredentials,
  makeInitiator,
  makeResponder,
  openPair,
  startMs,
  turns,
  variableCell,
} from './harness.ts';

const versions = variableCell(CellCommand.VERSIONS, encodeVersions([4, 5]), { idLength: 2 });
const netinfo = cell(
  0,
  CellCommand.NETINFO,
  encodeNetinfo({ timestamp: 0, otherAddress: addresses.responder, myAddresses: [] }),
);
const challenge = variableCell(
  CellCommand.AUTH_CHALLENGE,
  encodeAuthChallenge({ challenge: new Uint8Array(32), methods: [3] }),
);

describe('link handshake against hostile peers', () => {
  let relay: LinkCredentialSet;
  let other: LinkCredentialSet;
  let responderCerts: readonly CertsEntry[];
  let initiatorCerts: readonly CertsEntry[];
  before(async () => {
    relay = await makeCredentials(1);
    other = await makeCredentials(2);
    const common = (set: LinkCredentialSet): CertsEntry[] => [
      { type: CertsCellType.RSA_IDENTITY, body: set.rsaIdentityCert },
      { type: CertsCellType.ED25519_SIGNING, body: set.signingCert },
      { type: CertsCellType.RSA_ED25519_CROSS, body: set.crossCert },
    ];
    responderCerts = [
      ...common(relay),
      { type: CertsCellType.RSA_LINK, body: relay.tlsCert },
      { type: CertsCellType.ED25519_LINK, body: relay.linkCert },
    ];
    initiatorCerts = [...common(other), { type: CertsCellType.ED25519_AUTH, body: other.authCert }];
  });

  const certsCell = (entries: readonly CertsEntry[]): Uint8Array =>
    variableCell(CellCommand.CERTS, encodeCerts(entries));
  const initiator = (nowMs = startMs): End => {
    const end = makeInitiator(new FakeRuntime(nowMs), relay.tlsCert, { expected: { ed25519: relay.ed25519 } });
    end.channel.start();
    return end;
  };
  const responder = (nowMs = startMs): End => {
    const end = makeResponder(new FakeRuntime(nowMs), relay);
    end.channel.start();
    return end;
  };
  const feed = (end: End, ...cells: readonly Uint8Array[]): string | undefined => {
    end.channel.receive(concatBytes(...cells));
    return end.error?.code;
  };

  it('the good cells are good', () => {
    const ours = initiator();
    assert.equal(feed(ours, versions, certsCell(responderCerts), challenge, netinfo), undefined);
    assert.equal(ours.channel.state, 'open');
    const theirs = responder();
    assert.equal(feed(theirs, versions, certsCell(initiatorCerts), netinfo), undefined);
    assert.equal(theirs.channel.state, 'open');
    assert.equal(theirs.channel.peer.authenticated, false);
  });

  it('every cell out of its state ends the link', () => {
    const early = variableCell(CellCommand.CERTS, new Uint8Array(1), { idLength: 2 });
    assert.equal(feed(initiator(), early), 'CHANNEL_PROTOCOL');
    assert.equal(feed(responder(), early), 'CHANNEL_PROTOCOL');
    assert.equal(feed(initiator(), versions, netinfo), 'CHANNEL_PROTOCOL');
    assert.equal(feed(initiator(), versions, challenge), 'CHANNEL_PROTOCOL');
    assert.equal(feed(responder(), versions, challenge), 'CHANNEL_PROTOCOL');
    const certs = certsCell(responderCerts);
    assert.equal(feed(initiator(), versions, certs, certs), 'CHANNEL_PROTOCOL');
    assert.equal(feed(initiator(), versions, certs, challenge, challenge), 'CHANNEL_PROTOCOL');
    const authenticate = variableCell(
      CellCommand.AUTHENTICATE,
      encodeAuthenticate({ type: 3, body: new Uint8Array(352) }),
    );
    assert.equal(feed(initiator(), versions, certs, authenticate), 'CHANNEL_PROTOCOL');
    assert.equal(feed(responder(), versions, authenticate), 'CHANNEL_PROTOCOL');
    for (const command of [0, 1, 3, 4, 5, 9, 10, 12, 50, 127]) {
      assert.equal(feed(initiator(), versions, cell(0, command)), 'CHANNEL_PROTOCOL', `${command}`);
      assert.equal(feed(responder(), versions, cell(0x80000001, command)), 'CHANNEL_PROTOCOL', `${command}`);
    }
  });

  it('handshake cells with a circuit id end the link', () => {
    const body = encodeCerts(responderCerts);
    assert.equal(feed(initiator(), versions, variableCell(CellCommand.CERTS, body, { circId: 1 })), 'CHANNEL_PROTOCOL');
  });

  it('a missing, doubled or foreign certificate is refused', () => {
    const needed = [2, 4, 5, 7];
    for (const type of needed) {
      const without = responderCerts.filter((entry) => entry.type !== type);
      const code = feed(initiator(), versions, certsCell(without));
      // Without Ed25519 certificates an old relay could be meant, but not the one we want.
      assert.equal(code, type === 4 ? 'CHANNEL_IDENTITY' : 'BAD_CERTIFICATE', `without ${type}`);
    }
    for (const entry of responderCerts) {
      const code = feed(initiator(), versions, certsCell([...responderCerts, entry]));
      assert.equal(code, 'BAD_CERTIFICATE', `twice ${entry.type}`);
    }
    const foreign: Record<number, Uint8Array> = {
      2: other.rsaIdentityCert,
      4: other.signingCert,
      5: other.linkCert,
      7: other.crossCert,
    };
    for (const type of needed) {
      const body = foreign[type] as Uint8Array;
      const swapped = responderCerts.map((entry) => (entry.type === type ? { type, body } : entry));
      const code = feed(initiator(), versions, certsCell(swapped));
      assert.ok(code === 'BAD_CERTIFICATE' || code === 'BAD_SIGNATURE', `foreign ${type}: ${code}`);
    }
    for (const type of [2, 4, 6, 7]) {
      const without = initiatorCerts.filter((entry) => entry.type !== type);
      assert.equal(feed(responder(), versions, certsCell(without)), 'BAD_CERTIFICATE', `without ${type}`);
    }
  });

  it('a relay with an RSA identity only is known by it', () => {
    const rsaOnly = responderCerts.filter((entry) => entry.type < 4);
    const end = makeInitiator(new FakeRuntime(startMs), relay.tlsCert);
    end.channel.start();
    assert.equal(feed(end, versions, certsCell(rsaOnly), challenge, netinfo), undefined);
    assert.equal(end.channel.state, 'open');
    assert.equal(end.channel.peer.ed25519, undefined);
    const expecting = makeInitiator(new FakeRuntime(startMs), relay.tlsCert, { expected: { ed25519: relay.ed25519 } });
    expecting.channel.start();
    assert.equal(feed(expecting, versions, certsCell(rsaOnly)), 'CHANNEL_IDENTITY');
    const elsewhere = makeInitiator(new FakeRuntime(startMs), other.tlsCert);
    elsewhere.channel.start();
    assert.equal(feed(elsewhere, versions, certsCell(rsaOnly)), 'BAD_CERTIFICATE');
  });

  it('no changed bit in a certificate passes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), fc.constantFrom(2, 4, 5, 7), (seed, type) => {
        const entries = responderCerts.map((entry) => {
          if (entry.type !== type) return entry;
          const body = entry.body.slice();
          const bit = seed % (body.length * 8);
          body[bit >> 3] = (body[bit >> 3] as number) ^ (1 << (bit & 7));
          return { type, body };
        });
        const end = initiator();
        feed(end, versions, certsCell(entries));
        assert.ok(end.error !== undefined && end.error.kind === 'protocol', `${type}`);
      }),
      { numRuns: 150 },
    );
  });

  it('expired certificates are refused on both sides', () => {
    const dayMs = 86_400_000;
    assert.equal(feed(initiator(startMs + 3 * dayMs), versions, certsCell(responderCerts)), 'CERTIFICATE_EXPIRED');
    assert.equal(feed(responder(startMs + 3 * dayMs), versions, certsCell(initiatorCerts)), 'CERTIFICATE_EXPIRED');
  });

  it('AUTHENTICATE is refused when anything in it is wrong', async () => {
    for (const position of [0, 10, 50, 80, 110, 140, 170, 210, 240, 270, 300, 351]) {
      const runtime = new FakeRuntime(startMs);
      const caller = makeInitiator(runtime, relay.tlsCert, { credentials: other });
      const callee = makeResponder(runtime, relay);
      callee.transport.deliver = (bytes) => caller.channel.receive(bytes);
      caller.transport.deliver = (bytes) => {
        const copy = bytes.slice();
        const at = findAuthenticate(copy);
        if (at >= 0) copy[at + position] = (copy[at + position] as number) ^ 1;
        callee.channel.receive(copy);
      };
      callee.channel.start();
      caller.channel.start();
      await turns(12);
      assert.ok(
        callee.error?.code === 'CHANNEL_PROTOCOL' || callee.error?.code === 'BAD_SIGNATURE',
        `${position}: ${callee.error?.code}`,
      );
      assert.equal(callee.channel.peer.authenticated, false);
    }
  });

  it('an AUTHENTICATE of an unknown type or length is refused', () => {
    const certs = certsCell(initiatorCerts);
    const of = (type: number, length: number): Uint8Array =>
      variableCell(CellCommand.AUTHENTICATE, encodeAuthenticate({ type, body: new Uint8Array(length) }));
    assert.equal(feed(responder(), versions, certs, of(1, 352)), 'CHANNEL_PROTOCOL');
    assert.equal(feed(responder(), versions, certs, of(3, 10)), 'TRUNCATED');
    assert.equal(feed(responder(), versions, certs, of(3, 353)), 'VALUE_OUT_OF_RANGE');
    assert.equal(feed(responder(), versions, certs, of(3, 352)), 'CHANNEL_PROTOCOL');
  });

  it('truncated and oversized cells give typed errors', () => {
    const odd = variableCell(CellCommand.VERSIONS, Uint8Array.of(0, 4, 0), { idLength: 2 });
    assert.equal(feed(responder(), odd), 'TRUNCATED');
    assert.equal(feed(initiator(), versions, variableCell(CellCommand.CERTS, Uint8Array.of(3, 1))), 'TRUNCATED');
    const short = encodeAuthChallenge({ challenge: new Uint8Array(32), methods: [3] }).subarray(0, 35);
    const certs = certsCell(responderCerts);
    assert.equal(feed(initiator(), versions, certs, variableCell(CellCommand.AUTH_CHALLENGE, short)), 'TRUNCATED');
    const end = initiator();
    assert.equal(feed(end, versions, Uint8Array.of(0, 0, 0, 0, CellCommand.CERTS, 0x20, 0x01)), 'CHANNEL_PROTOCOL');
    assert.equal(feed(responder(), Uint8Array.of(0, 0, CellCommand.VERSIONS, 0xff, 0xfe)), 'CHANNEL_PROTOCOL');
  });

  it('a NETINFO full of addresses is read, one that lies about lengths is refused', () => {
    const certs = certsCell(responderCerts);
    const bad = cell(0, CellCommand.NETINFO, Uint8Array.of(0, 0, 0, 0, 4, 16));
    assert.equal(feed(initiator(), versions, certs, bad), 'VALUE_OUT_OF_RANGE');
    const many = Uint8Array.of(0, 0, 0, 0, 4, 4, 1, 2, 3, 4, 249);
    assert.equal(feed(initiator(), versions, certs, cell(0, CellCommand.NETINFO, many)), undefined);
    const long = new Uint8Array(509).fill(255);
    assert.equal(feed(initiator(), versions, certs, cell(0, CellCommand.NETINFO, long)), 'TRUNCATED');
  });

  it('any bytes at any point leave a channel that is open, waiting or closed with a typed error', () => {
    const prefixes = (): Uint8Array[] => [
      new Uint8Array(0),
      versions,
      concatBytes(versions, certsCell(responderCerts)),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 2),
        fc.boolean(),
        fc.uint8Array({ maxLength: 2000 }),
        fc.array(fc.nat({ max: 600 }), { maxLength: 5 }),
        (prefix, initiates, garbage, cuts) => {
          const end = initiates ? initiator() : responder();
          const bytes = concatBytes(prefixes()[prefix] as Uint8Array, garbage);
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            end.channel.receive(bytes.slice(at, at + cut));
            at += cut;
          }
          assert.ok(
            end.error === undefined || (TorError.is(end.error) && end.error.kind === 'protocol'),
            `${end.error}`,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('an open link against hostile peers', () => {
  it('ends when a handshake cell comes', async () => {
    const relay = await makeCredentials(1);
    for (const command of [CellCommand.CERTS, CellCommand.AUTH_CHALLENGE, CellCommand.AUTHENTICATE]) {
      const { initiator } = await openPair(new FakeRuntime(startMs), relay);
      initiator.channel.receive(variableCell(command, new Uint8Array(10)));
      assert.equal(initiator.error?.code, 'CHANNEL_PROTOCOL');
    }
  });

  it('ignores VERSIONS, NETINFO, padding and unknown cells', async () => {
    const relay = await makeCredentials(1);
    const { initiator } = await openPair(new FakeRuntime(startMs), relay);
    const { channel } = initiator;
    channel.receive(variableCell(CellCommand.VERSIONS, encodeVersions([5])));
    channel.receive(variableCell(CellCommand.VPADDING, new Uint8Array(65535)));
    channel.receive(variableCell(CellCommand.AUTHORIZE, new Uint8Array(3)));
    channel.receive(variableCell(250, new Uint8Array(3000)));
    for (const command of [CellCommand.NETINFO, CellCommand.PADDING, 13, 100]) channel.receive(cell(7, command));
    channel.receive(cell(0, CellCommand.PADDING_NEGOTIATE, Uint8Array.of(0, 1)));
    assert.equal(channel.state, 'open');
    assert.equal(channel.counters.paddingIn, 1);
  });
});

/** Where the body of the AUTHENTICATE cell's authenticator begins, or -1. */
function findAuthenticate(bytes: Uint8Array): number {
  for (let at = 0; at + 11 < bytes.length; at++) {
    const head = bytes.subarray(at, at + 5);
    if (
      head[4] === CellCommand.AUTHENTICATE &&
      head.subarray(0, 4).every((byte) => byte === 0) &&
      bytes[at + 8] === 3
    ) {
      return at + 11;
    }
  }
  return -1;
}
