import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { concatBytes } from '../../../../src/base/bytes/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { ChannelManager, makeLinkCredentials, OrListener } from '../../../../src/network/channels/index.ts';
import { CellCommand } from '../../../../src/wire/cell/index.ts';
import { makeLinkKeys, Recorder } from '../../protocol/channel/harness.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);
const applicationData = 23;
/** TLS 1.3 adds a content type and a tag to each record. */
const recordOverhead = 17;

/** Lengths of the application-data records in one direction of a TLS connection. */
function recordLengths(stream: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 5 <= stream.length; ) {
    const length = ((stream[at + 3] as number) << 8) | (stream[at + 4] as number);
    if (stream[at] === applicationData) lengths.push(length);
    at += 5 + length;
  }
  return lengths;
}

describe('TLS records of a client', () => {
  const cleanups: (() => void)[] = [];
  after(() => {
    for (const cleanup of cleanups.reverse()) cleanup();
  });

  it('hold whole cells after VERSIONS, however much is sent', async () => {
    const credentials = await makeLinkCredentials(nodeRuntime, await makeLinkKeys(1, Date.now()));
    const server = new ChannelManager(nodeRuntime);
    let received = 0;
    const total = 6000;
    let finished = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const recorder = new Recorder();
    recorder.cell = () => {
      if (++received === total) finished();
    };
    const listener = new OrListener(
      { ...nodeRuntime, manager: server },
      { credentials: () => credentials, onCreate: (channel, id) => channel.acceptCircuit(id, recorder) },
    );
    const endpoint = await listener.listen({ address: loopback, port: 0 });
    const sent: Uint8Array[] = [];
    const tap = createServer((inner) => {
      const outer: Socket = connect(endpoint.port, '127.0.0.1');
      inner.on('data', (bytes) => {
        sent.push(bytes);
        outer.write(bytes);
      });
      outer.pipe(inner);
      inner.on('error', () => outer.destroy());
      outer.on('error', () => inner.destroy());
      inner.on('close', () => outer.destroy());
    });
    await new Promise<void>((resolve) => {
      tap.listen(0, '127.0.0.1', resolve);
    });
    const tapAddress = tap.address();
    assert.ok(typeof tapAddress === 'object' && tapAddress !== null);
    const manager = new ChannelManager(nodeRuntime);
    cleanups.push(
      () => server.close(),
      () => void listener.close(),
      () => tap.close(),
      () => manager.close(),
    );

    const channel = await manager.get({
      identity: { ed25519: credentials.ed25519 },
      addresses: [{ address: loopback, port: tapAddress.port }],
    });
    let left = total;
    const id = channel.openCircuit({ cell: () => undefined, destroyed: () => undefined, writable: () => pump() });
    const pump = (): void => {
      while (left > 0) {
        left--;
        if (!channel.send(id, CellCommand.RELAY, new Uint8Array(509))) return;
      }
    };
    channel.send(id, CellCommand.CREATE_FAST, new Uint8Array(20));
    pump();
    await all;

    const payloads = recordLengths(concatBytes(...sent)).map((length) => length - recordOverhead);
    const versionsAt = payloads.indexOf(9);
    assert.ok(versionsAt >= 0 && versionsAt <= 1, 'VERSIONS follows the Finished message');
    const cells = payloads.slice(versionsAt + 1);
    assert.ok(cells.length >= total / 31);
    for (const length of cells) {
      assert.ok(length > 0 && length % 514 === 0 && length <= 31 * 514, `a payload of ${length}`);
    }
    assert.equal(
      cells.reduce((sum, length) => sum + length / 514, 0),
      total + 2,
      'NETINFO, CREATE_FAST and the cells',
    );
  });
});
