import { concatBytes } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { CellBuffers, type Channel, type CircuitHandler, LinkChannel } from '../../src/protocol/channel/index.ts';
import { CellCommand, encodeCerts, encodeCreate2, encodeNetinfo, encodeVersions } from '../../src/wire/cell/index.ts';
import { seededRandom } from '../support/fake-runtime.ts';
import { loadVectors } from '../support/vectors.ts';
import { cell, fakeTls, makeCredentials, startMs, variableCell } from '../unit/protocol/channel/harness.ts';

export const name = 'channel';

const credentials = await makeCredentials(1);
const caller = await makeCredentials(2);
const [vector] = loadVectors('link-handshake', 'responder');
if (vector === undefined) throw new Error('no vectors');

const versions = variableCell(CellCommand.VERSIONS, encodeVersions([4, 5]), { idLength: 2 });
const netinfo = cell(0, CellCommand.NETINFO, encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] }));
const callerCerts = variableCell(
  CellCommand.CERTS,
  encodeCerts([
    { type: 2, body: caller.rsaIdentityCert },
    { type: 4, body: caller.signingCert },
    { type: 6, body: caller.authCert },
    { type: 7, body: caller.crossCert },
  ]),
);
const fromResponder = ['server_versions', 'server_certs', 'server_auth_challenge', 'server_netinfo'].map((part) =>
  vector.bytes(part),
);
const fromInitiator = [versions, callerCerts, netinfo];

/** What a real peer sends first; the fuzzer's bytes follow. */
const openings: readonly { readonly role: 'initiator' | 'responder'; readonly bytes: Uint8Array }[] = [
  ...[0, 1, 2, 3, 4].map((count) => ({
    role: 'initiator' as const,
    bytes: concatBytes(...fromResponder.slice(0, count)),
  })),
  ...[0, 1, 2, 3].map((count) => ({
    role: 'responder' as const,
    bytes: concatBytes(...fromInitiator.slice(0, count)),
  })),
];

/**
 * First byte: how far a good handshake went before. Second: how the rest is cut into chunks. The rest comes from the peer.
 * Circuit handlers act on what they get, so that everything a handler may do happens in the midst of a chunk.
 */
export function fuzz(data: Uint8Array): void {
  const opening = openings[(data[0] ?? 0) % openings.length];
  if (opening === undefined) return;
  const later: (() => void)[] = [];
  const buffers = new CellBuffers();
  let stuck = ((data[1] ?? 0) & 0x80) !== 0;
  let closedCalls = 0;
  const transport = {
    write: (bytes: Uint8Array, done: () => void): void => {
      if (bytes.length === 0) throw new Error('an empty write');
      if (!stuck) later.push(done);
    },
    pauseReading: () => undefined,
    resumeReading: () => undefined,
    close: () => undefined,
    destroy: () => undefined,
  };
  const deps = {
    clock: { now: () => startMs, monotonic: () => 0 },
    timers: { after: () => ({ cancel: () => undefined }), soon: (callback: () => void) => void later.push(callback) },
    random: seededRandom(1),
    buffers,
    transport,
    tls: fakeTls(
      opening.role === 'initiator' ? (vector?.bytes('tls_certificate') ?? new Uint8Array(0)) : credentials.tlsCert,
    ),
  };
  const common = { id: 1, peerAddress: Uint8Array.of(127, 0, 0, 1), peerPort: 1 };
  const onCreate = (channel: Channel, circId: number): void => {
    if (channel.state !== 'open') throw new Error('CREATE on a channel that is not open');
    channel.acceptCircuit(
      circId,
      handlerOf(channel, () => circId),
    );
  };
  const channel = new LinkChannel(
    deps,
    opening.role === 'initiator'
      ? { ...common, role: 'initiator', expected: {}, credentials: caller, onCreate }
      : { ...common, role: 'responder', credentials, onCreate },
  );
  channel.events.on('closed', (error) => {
    closedCalls++;
    if (error !== undefined && (!TorError.is(error) || error.kind === 'bug')) throw error;
  });
  const failures: unknown[] = [];
  channel.events.onListenerError = (error) => failures.push(error);
  channel.start();
  channel.receive(opening.bytes.slice());
  if (channel.state === 'open') {
    let own = 0;
    own = channel.openCircuit(handlerOf(channel, () => own));
    channel.send(own, CellCommand.CREATE_FAST, new Uint8Array(20));
  }
  const step = 1 + ((data[1] ?? 0) & 0x7f) * 16;
  for (let at = 2; at < data.length; at += step) {
    channel.receive(data.slice(at, at + step));
    drain(later);
  }
  stuck = false;
  drain(later);
  channel.close();
  drain(later);
  channel.receive(new Uint8Array(1000));
  if (failures.length > 0) throw failures[0];
  if (closedCalls !== 1) throw new Error(`closed ${closedCalls} times`);
  if (channel.openCircuits !== 0) throw new Error('circuits on a closed channel');
  if (buffers.queuedBytes !== 0) throw new Error(`${buffers.queuedBytes} bytes left in queues`);
}

function drain(later: (() => void)[]): void {
  for (let i = 0; later.length > 0; i++) {
    if (i > 10_000) throw new Error('never comes to rest');
    later.shift()?.();
  }
}

/** Does with the channel what the body's first byte says. */
function handlerOf(channel: Channel, id: () => number): CircuitHandler {
  let gone = false;
  const alive = (): void => {
    if (gone) throw new Error('a call after the end of a circuit');
  };
  const end = (act: () => void): void => {
    gone = true;
    act();
  };
  return {
    cell: (command, body) => {
      alive();
      if (body.length !== 509) throw new Error('a body of a wrong length');
      body[508] = command;
      const choice = body[0] ?? 0;
      if (choice < 8) for (let i = 0; i <= choice * 40; i++) channel.send(id(), CellCommand.RELAY, body);
      else if (choice === 8) end(() => channel.destroy(id(), body[1] ?? 0));
      else if (choice === 9) end(() => channel.release(id()));
      else if (choice === 10) channel.close();
    },
    runEnd: alive,
    destroyed: () => {
      alive();
      gone = true;
    },
    writable: () => {
      alive();
      channel.send(id(), CellCommand.RELAY, new Uint8Array(1));
    },
  };
}

export const seeds = (): Uint8Array[] => {
  const all: Uint8Array[] = [];
  for (const i of openings.keys()) {
    const rest = (openings[i]?.role === 'initiator' ? fromResponder : fromInitiator).slice(i < 5 ? i : i - 5);
    all.push(concatBytes(Uint8Array.of(i, 40), ...rest));
  }
  const create = encodeCreate2({ handshakeType: 2, data: new Uint8Array(84) });
  const circuit = (id: number): Uint8Array[] => [
    cell(id, CellCommand.CREATE2, create),
    cell(id, CellCommand.RELAY, Uint8Array.of(7)),
    cell(id, CellCommand.RELAY_EARLY, Uint8Array.of(20)),
    cell(id, CellCommand.RELAY, Uint8Array.of(8)),
    cell(id, CellCommand.DESTROY, Uint8Array.of(3)),
    cell(0, CellCommand.PADDING),
    variableCell(CellCommand.VPADDING, new Uint8Array(30)),
  ];
  all.push(concatBytes(Uint8Array.of(8, 0x20), ...circuit(0x80000001), ...circuit(0x80000002)));
  all.push(concatBytes(Uint8Array.of(4, 0xa0), ...circuit(1), ...circuit(2)));
  return all;
};
