import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { SharedReader, SocketPump } from '../../../../src/network/pump/index.ts';
import type { Stream, StreamState } from '../../../../src/protocol/stream/index.ts';

/** A stream that takes what `room` allows and remembers what it was told. */
class FakeStream implements Stream {
  readonly id = 1;
  state: StreamState = 'open';
  bytesRead = 0;
  bytesWritten = 0;
  room = Number.POSITIVE_INFINITY;
  paused = 0;
  resumed = 0;
  readonly sent: Buffer[] = [];
  readonly ends: (number | undefined)[] = [];
  onWrite: () => void = () => undefined;

  write(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room);
    this.room -= taken;
    this.bytesWritten += taken;
    if (taken > 0) this.sent.push(Buffer.from(bytes.subarray(0, taken)));
    this.onWrite();
    return taken;
  }
  end(reason?: number): void {
    this.state = 'closed';
    this.ends.push(reason);
  }
  pauseReading(): void {
    this.paused++;
  }
  resumeReading(): void {
    this.resumed++;
  }
  reportBacklog(): void {}
}

describe('SocketPump', () => {
  const server = createServer({ allowHalfOpen: true });
  let port = 0;

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  after(() => server.close());

  async function pair(): Promise<{ app: Socket; ours: Socket }> {
    const app = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const [ours] = (await once(server, 'connection')) as [Socket];
    return { app, ours };
  }

  test('the cells of a turn are one chunk, in order, and bytes are copied', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    const pump = new SocketPump({ socket: ours });
    pump.start(stream);
    const cell = Buffer.alloc(498);
    let writes = 0;
    const original = ours.write.bind(ours);
    ours.write = ((...args: Parameters<typeof original>) => {
      writes++;
      return original(...args);
    }) as typeof ours.write;
    for (let i = 0; i < 20; i++) {
      cell.fill(i);
      pump.data(cell);
      if (i % 5 === 4) pump.dataEnd();
    }
    cell.fill(255);
    assert.equal(writes, 0);
    const got = await readExactly(app, 20 * 498);
    assert.equal(writes, 1);
    for (let i = 0; i < 20; i++) assert.ok(got.subarray(i * 498, (i + 1) * 498).every((byte) => byte === i));
    pump.ended({ reason: 6, remote: true });
    assert.deepEqual(await pump.finished, { reason: 6, remote: true, bytesToSocket: 9960, bytesToStream: 0 });
    app.destroy();
  });

  test('what the stream does not take waits, and nothing is lost or doubled', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    stream.room = 1000;
    const pump = new SocketPump({ socket: ours });
    pump.start(stream);
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff));
    const done = new Promise<void>((resolve) => {
      stream.onWrite = () => {
        if (stream.bytesWritten === sent.length) resolve();
        else if (stream.room === 0) {
          setImmediate(() => {
            stream.room = 4999;
            pump.writable();
          });
        }
      };
    });
    app.write(sent);
    await done;
    assert.ok(Buffer.concat(stream.sent).equals(sent));
    app.destroy();
    await pump.finished;
  });

  test('the stream gets the last bytes of a connection that is closed already', async () => {
    const app = connect({ port, host: '127.0.0.1' });
    const [far] = (await once(server, 'connection')) as [Socket];
    const stream = new FakeStream();
    stream.room = 1000;
    const pump = new SocketPump({ socket: app });
    pump.start(stream);
    far.end(Buffer.alloc(5000, 1));
    far.resume();
    await new Promise<void>((resolve) => {
      stream.onWrite = resolve;
    });
    const closed = once(app, 'close');
    // The rest is asked for again and again, and taken once the connection is gone.
    stream.room = 1000;
    pump.writable();
    await closed;
    assert.deepEqual(stream.ends, []);
    stream.room = 1_000_000;
    pump.writable();
    assert.equal(stream.bytesWritten, 5000);
    assert.deepEqual(stream.ends, [6]);
    const { reason, bytesToStream } = await pump.finished;
    assert.deepEqual({ reason, bytesToStream }, { reason: 6, bytesToStream: 5000 });
  });

  test('sockets that share one buffer for reading do not mix or lose bytes', async () => {
    const started = [];
    for (const value of [1, 2]) {
      const reader = new SharedReader();
      const accepted = once(server, 'connection');
      const socket = connect({ port, host: '127.0.0.1', onread: reader.onread });
      const stream = new FakeStream();
      stream.room = 700;
      const pump = new SocketPump({ socket, reader });
      const [far] = (await accepted) as [Socket];
      far.resume();
      far.write(Buffer.alloc(3000, value));
      started.push({ value, stream, pump, far });
    }
    const ends = started.map(async ({ value, stream, pump, far }) => {
      // Early bytes wait in the pump, later ones in the stream's way.
      while ((pump.early?.length ?? 0) < 3000) await new Promise(setImmediate);
      stream.onWrite = () => {
        if (stream.room > 0) return;
        setImmediate(() => {
          stream.room = 7000;
          pump.writable();
        });
      };
      pump.start(stream);
      far.end(Buffer.alloc(200_000, value));
      await pump.finished;
      return { value, sent: Buffer.concat(stream.sent), ends: stream.ends };
    });
    for (const { value, sent, ends: reasons } of await Promise.all(ends)) {
      assert.equal(sent.length, 203_000);
      assert.ok(sent.every((byte) => byte === value));
      assert.deepEqual(reasons, [6]);
    }
  });

  test('early bytes go first, without those sent already', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    const pump = new SocketPump({ socket: ours });
    pump.addEarly(Buffer.from('left over,'));
    app.write('more');
    await once(ours, 'data');
    assert.equal(Buffer.from(pump.early ?? []).toString(), 'left over,more');
    pump.start(stream, 5);
    app.write('|later');
    await new Promise<void>((resolve) => {
      stream.onWrite = resolve;
    });
    assert.equal(Buffer.concat(stream.sent).toString(), 'over,more|later');
    app.destroy();
    await pump.finished;
  });

  test('an application that does not read stops the far end, and lets it go on', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    const pump = new SocketPump({ socket: ours }, { highWaterBytes: 65536, lowWaterBytes: 1000 });
    pump.start(stream);
    app.pause();
    const block = Buffer.alloc(16384, 1);
    let given = 0;
    while (stream.paused === 0) {
      pump.data(block);
      pump.dataEnd();
      given += block.length;
      await new Promise(setImmediate);
      assert.ok(given < 64 * 1024 * 1024, 'back-pressure never came');
    }
    assert.equal(stream.resumed, 0);
    const got = readExactly(app, given);
    app.resume();
    await got;
    assert.equal(stream.paused, 1);
    assert.equal(stream.resumed, 1);
    app.destroy();
    await pump.finished;
  });

  test('an end of file from the application ends the stream after its bytes', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    const pump = new SocketPump({ socket: ours });
    pump.start(stream);
    app.end('last words');
    const end = await pump.finished;
    assert.equal(Buffer.concat(stream.sent).toString(), 'last words');
    assert.deepEqual(stream.ends, [6]);
    assert.deepEqual(end, { reason: 6, remote: false, bytesToSocket: 0, bytesToStream: 10 });
  });

  test('an end of file waits for bytes the stream has not taken', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    stream.room = 4;
    const pump = new SocketPump({ socket: ours });
    pump.start(stream);
    app.end('last words');
    await once(ours, 'data');
    assert.deepEqual(stream.ends, []);
    stream.room = 100;
    pump.writable();
    await pump.finished;
    assert.equal(Buffer.concat(stream.sent).toString(), 'last words');
    assert.deepEqual(stream.ends, [6]);
  });

  test('when the stream ends, the application gets all bytes and then an end of file', async () => {
    const { app, ours } = await pair();
    const pump = new SocketPump({ socket: ours });
    pump.start(new FakeStream());
    pump.data(Buffer.from('good'));
    pump.data(Buffer.from('bye'));
    pump.ended({ reason: 6, remote: true });
    const chunks: Buffer[] = [];
    for await (const chunk of app) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'goodbye');
    await pump.finished;
  });

  test('a stream that comes for an application that left is ended', async () => {
    const { app, ours } = await pair();
    const pump = new SocketPump({ socket: ours });
    app.destroy();
    await pump.finished;
    const stream = new FakeStream();
    pump.start(stream);
    assert.deepEqual(stream.ends, [6]);
  });

  test('abort closes both sides with its reason', async () => {
    const { app, ours } = await pair();
    const stream = new FakeStream();
    const pump = new SocketPump({ socket: ours });
    pump.start(stream);
    pump.abort(11);
    assert.deepEqual(stream.ends, [11]);
    assert.equal((await pump.finished).reason, 11);
    app.destroy();
  });
});

async function readExactly(socket: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let have = 0;
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      have += chunk.length;
      if (have >= count) resolve(Buffer.concat(chunks));
    });
    socket.on('error', reject);
  });
}
