import { concatBytes, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import type { TorError } from '../../../../src/base/errors/index.ts';
import { ed25519KeyPair, ed25519Sign, hmacSha256, RsaPrivateKey } from '../../../../src/crypto/primitives/index.ts';
import { type LinkCredentialSet, type LinkKeys, makeLinkCredentials } from '../../../../src/network/channels/index.ts';
import {
  CellBuffers,
  type ChannelTransport,
  type CircuitHandler,
  type InitiatorChannelOptions,
  LinkChannel,
  type ResponderChannelOptions,
  type TlsBinding,
} from '../../../../src/protocol/channel/index.ts';
import { CertType, makeEd25519Cert } from '../../../../src/wire/cert/index.ts';
import { FakeRuntime, seededRandom } from '../../../support/fake-runtime.ts';

export const startMs = Date.UTC(2026, 10, 21, 12);
const dayMs = 86_400_000;

export async function makeLinkKeys(seed: number, nowMs = startMs): Promise<LinkKeys> {
  const random = seededRandom(seed);
  const identity = ed25519KeyPair(random.bytes(32));
  const signingKey = ed25519KeyPair(random.bytes(32));
  const signingCert = makeEd25519Cert(
    {
      type: CertType.IDENTITY_SIGNING,
      certifiedKey: signingKey.publicKey,
      expiresAtMs: nowMs + 30 * dayMs,
      signingKey: identity.publicKey,
    },
    (message) => ed25519Sign(message, identity),
  );
  const rsaIdentity = await RsaPrivateKey.generate(1024);
  return { rsaIdentity, ed25519Identity: identity.publicKey, signingKey, signingCert };
}

export async function makeCredentials(seed: number): Promise<LinkCredentialSet> {
  return await makeLinkCredentials(new FakeRuntime(startMs, seed), await makeLinkKeys(seed));
}

/** A TLS session that both ends agree on. */
export function fakeTls(certificate: Uint8Array): TlsBinding {
  return {
    certificate,
    exportKeyingMaterial: (label, context, length) =>
      hmacSha256(fromLatin1('session'), concatBytes(fromLatin1(label), context)).subarray(0, length),
  };
}

/** Collects what a channel writes; `deliver` says where it goes. */
export class FakeTransport implements ChannelTransport {
  readonly written: Uint8Array[] = [];
  deliver: (bytes: Uint8Array) => void = () => undefined;
  /** While true, writes are taken but not confirmed: the socket is full. */
  stuck = false;
  reading = true;
  closed = false;
  destroyed = false;
  #waiting: (() => void)[] = [];

  write(bytes: Uint8Array, done: () => void): void {
    const copy = bytes.slice();
    this.written.push(copy);
    if (this.stuck) this.#waiting.push(done);
    else setImmediate(done);
    setImmediate(() => this.deliver(copy));
  }

  /** The socket takes what waits. */
  unstick(): void {
    this.stuck = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  pauseReading(): void {
    this.reading = false;
  }
  resumeReading(): void {
    this.reading = true;
  }
  close(): void {
    this.closed = true;
  }
  destroy(): void {
    this.destroyed = true;
  }

  get bytes(): Uint8Array {
    return concatBytes(...this.written);
  }
}

export interface End {
  readonly channel: LinkChannel;
  readonly transport: FakeTransport;
  error: TorError | undefined;
}

type Partial_<T> = { [K in keyof T]?: T[K] | undefined };

export interface PairOptions {
  readonly initiator?: Partial_<InitiatorChannelOptions>;
  readonly responder?: Partial_<ResponderChannelOptions>;
  /** The certificate the initiator saw in TLS, when not the responder's. */
  readonly seenCertificate?: Uint8Array;
}

export const addresses = { initiator: Uint8Array.of(10, 0, 0, 1), responder: Uint8Array.of(10, 0, 0, 2) };

export function makeInitiator(
  runtime: FakeRuntime,
  tlsCertificate: Uint8Array,
  options: Partial_<InitiatorChannelOptions> = {},
): End {
  const transport = new FakeTransport();
  const all = { role: 'initiator', id: 1, peerAddress: addresses.responder, peerPort: 9001, expected: {}, ...options };
  const deps = { ...parts(runtime), buffers: new CellBuffers(), transport, tls: fakeTls(tlsCertificate) };
  return watch(new LinkChannel(deps, all as InitiatorChannelOptions), transport);
}

export function makeResponder(
  runtime: FakeRuntime,
  credentials: LinkCredentialSet,
  options: Partial_<ResponderChannelOptions> = {},
): End {
  const transport = new FakeTransport();
  const all = { role: 'responder', id: 2, peerAddress: addresses.initiator, peerPort: 50_000, credentials, ...options };
  const deps = { ...parts(runtime), buffers: new CellBuffers(), transport, tls: fakeTls(credentials.tlsCert) };
  return watch(new LinkChannel(deps, all as ResponderChannelOptions), transport);
}

const parts = (runtime: FakeRuntime) => ({ clock: runtime.clock, timers: runtime.timers, random: runtime.random });

function watch(channel: LinkChannel, transport: FakeTransport): End {
  const end: End = { channel, transport, error: undefined };
  channel.events.on('closed', (error) => {
    end.error = error;
  });
  return end;
}

/** Two channels over an imagined TLS connection, not started yet. */
export function makePair(runtime: FakeRuntime, credentials: LinkCredentialSet, options: PairOptions = {}) {
  const initiator = makeInitiator(runtime, options.seenCertificate ?? credentials.tlsCert, options.initiator);
  const responder = makeResponder(runtime, credentials, options.responder);
  initiator.transport.deliver = (bytes) => responder.channel.receive(bytes);
  responder.transport.deliver = (bytes) => initiator.channel.receive(bytes);
  return { initiator, responder };
}

/** Two channels with the handshake behind them. */
export async function openPair(runtime: FakeRuntime, credentials: LinkCredentialSet, options: PairOptions = {}) {
  const pair = makePair(runtime, credentials, options);
  pair.responder.channel.start();
  pair.initiator.channel.start();
  await turns(12);
  return pair;
}

/** Lets queued writes and deliveries happen. */
export async function turns(count = 6): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A circuit handler that keeps copies of what it hears. */
export class Recorder implements CircuitHandler {
  readonly log: string[] = [];
  readonly bodies: Uint8Array[] = [];
  onCell: (command: number, body: Uint8Array) => void = () => undefined;

  cell(command: number, body: Uint8Array): void {
    this.log.push(`cell ${command}`);
    this.bodies.push(body.slice());
    this.onCell(command, body);
  }
  runEnd(): void {
    this.log.push('runEnd');
  }
  destroyed(reason: number): void {
    this.log.push(`destroyed ${reason}`);
  }
  writable(): void {
    this.log.push('writable');
  }
}

/** A fixed cell on a link with 4-byte ids. */
export function cell(circId: number, command: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const out = new Uint8Array(514);
  new DataView(out.buffer).setUint32(0, circId);
  out[4] = command;
  out.set(body, 5);
  return out;
}

/** A variable-length cell. */
export function variableCell(command: number, body: Uint8Array, options: { idLength?: 2 | 4; circId?: number } = {}) {
  const idLength = options.idLength ?? 4;
  const out = new Uint8Array(idLength + 3 + body.length);
  new DataView(out.buffer).setUint32(0, (options.circId ?? 0) << (idLength === 4 ? 0 : 16));
  out.set([command, body.length >>> 8, body.length & 0xff], idLength);
  out.set(body, idLength + 3);
  return out;
}
