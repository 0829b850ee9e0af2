// What framing, dispatch and output cost per cell, without TLS: node --import tsx bench/micro/channel.ts
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { CellBuffers, type CircuitHandler, LinkChannel } from '../../src/protocol/channel/index.ts';
import { CellCommand } from '../../src/wire/cell/index.ts';
import { FakeTransport, fakeTls, makeCredentials } from '../../test/unit/protocol/channel/harness.ts';

const credentials = await makeCredentials(1);
const { clock, timers, random } = nodeRuntime;

/** Takes everything at once. */
class NullTransport extends FakeTransport {
  override write(_bytes: Uint8Array, done: () => void): void {
    done();
  }
}

/** Takes a block a turn. */
class SlowTransport extends FakeTransport {
  override write(_bytes: Uint8Array, done: () => void): void {
    setImmediate(done);
  }
}

let seen = 0;
const handler: CircuitHandler = {
  cell: (_command, body) => {
    seen += body[0] as number;
  },
  runEnd: () => undefined,
  destroyed: () => undefined,
  writable: () => undefined,
};

async function openChannel(transport: FakeTransport): Promise<LinkChannel> {
  const deps = { clock, timers, random, buffers: new CellBuffers(), tls: fakeTls(credentials.tlsCert) };
  const peerTransport = new FakeTransport();
  const common = { peerAddress: Uint8Array.of(127, 0, 0, 1), peerPort: 1 };
  const opening = new FakeTransport();
  const channel = new LinkChannel(
    {
      ...deps,
      transport: {
        ...bind(opening),
        write: (bytes, done) => (channel.state === 'open' ? transport : opening).write(bytes, done),
      },
    },
    { role: 'initiator', id: 1, expected: {}, ...common },
  );
  const peer = new LinkChannel(
    { ...deps, transport: peerTransport },
    { role: 'responder', id: 2, credentials, ...common },
  );
  opening.deliver = (bytes) => peer.receive(bytes);
  peerTransport.deliver = (bytes) => channel.receive(bytes);
  peer.start();
  channel.start();
  while (channel.state !== 'open') await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return channel;
}

const bind = (transport: FakeTransport) => ({
  pauseReading: () => transport.pauseReading(),
  resumeReading: () => transport.resumeReading(),
  close: () => transport.close(),
  destroy: () => transport.destroy(),
});

async function inbound(circuits: number, cellsPerChunk: number): Promise<number> {
  const channel = await openChannel(new NullTransport());
  const ids = Array.from({ length: circuits }, () => channel.openCircuit(handler));
  const chunk = new Uint8Array(cellsPerChunk * 514);
  const view = new DataView(chunk.buffer);
  for (let i = 0; i < cellsPerChunk; i++) {
    view.setUint32(i * 514, ids[i % circuits] as number);
    chunk[i * 514 + 4] = CellCommand.RELAY;
  }
  const rounds = Math.ceil(600_000 / cellsPerChunk);
  for (let i = 0; i < rounds / 4; i++) channel.receive(chunk);
  const startMs = performance.now();
  for (let i = 0; i < rounds; i++) channel.receive(chunk);
  return ((performance.now() - startMs) * 1000) / (rounds * cellsPerChunk);
}

async function outbound(circuits: number, cellsPerTurn: number): Promise<number> {
  const channel = await openChannel(new NullTransport());
  const ids = Array.from({ length: circuits }, () => channel.openCircuit(handler));
  const body = new Uint8Array(509);
  const turn = async (): Promise<void> => {
    for (let i = 0; i < cellsPerTurn; i++) channel.send(ids[i % circuits] as number, CellCommand.RELAY, body);
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const rounds = Math.ceil(300_000 / cellsPerTurn);
  for (let i = 0; i < rounds / 4; i++) await turn();
  const startMs = performance.now();
  for (let i = 0; i < rounds; i++) await turn();
  return ((performance.now() - startMs) * 1000) / (rounds * cellsPerTurn);
}

/** The socket takes one block a turn: cells go through the circuits' queues. */
async function congested(circuits: number): Promise<number> {
  const channel = await openChannel(new SlowTransport());
  const body = new Uint8Array(509);
  let sent = 0;
  const total = 300_000;
  await new Promise<void>((resolve) => {
    let startMs = 0;
    const ids: number[] = [];
    const fill = (id: number): void => {
      while (sent < total && channel.send(id, CellCommand.RELAY, body)) sent++;
      if (sent >= total && startMs !== 0) {
        result = ((performance.now() - startMs) * 1000) / total;
        startMs = 0;
        resolve();
      }
    };
    let result = 0;
    for (let i = 0; i < circuits; i++) {
      const id: number = channel.openCircuit({ ...handler, writable: () => fill(id) });
      ids.push(id);
    }
    startMs = performance.now();
    for (const id of ids) fill(id);
    congestedResult = () => result;
  });
  return congestedResult();
}
let congestedResult: () => number = () => 0;

const micros = (value: number): string => `${value.toFixed(3)} us a cell`;
for (const [circuits, cells] of [
  [1, 1],
  [1, 31],
  [1, 124],
  [31, 31],
  [2000, 31],
] as const) {
  console.log(`in, ${circuits} circuits, ${cells} cells a chunk: ${micros(await inbound(circuits, cells))}`);
}
for (const [circuits, cells] of [
  [1, 1],
  [1, 31],
  [1, 124],
  [100, 124],
  [100, 1000],
] as const) {
  console.log(`out, ${circuits} circuits, ${cells} cells a turn: ${micros(await outbound(circuits, cells))}`);
}
for (const circuits of [1, 10, 500]) {
  console.log(`out, congested, ${circuits} circuits: ${micros(await congested(circuits))}`);
}
if (seen < 0) console.log(seen);
process.exit(0);
