import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { fromLatin1, latin1 } from '../../../../src/base/bytes/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import type { RelayCircuit } from '../../../../src/protocol/circuit/index.ts';
import type { IncomingStream, StreamHandler } from '../../../../src/protocol/stream/index.ts';
import { DirCache, DirServer, type DirServerOptions } from '../../../../src/roles/dircache/index.ts';
import { EndReason } from '../../../../src/wire/relaymsg/index.ts';
import { FakeTime } from '../../network/fakes.ts';
import { consensusOf, FakeContent, nowMs } from './support.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);
const path = '/tor/status-vote/current/consensus-microdesc';
const text = consensusOf('microdesc', '072820').text;

describe('the directory server', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  function setUp(options: DirServerOptions = {}, time = new FakeTime(nowMs)) {
    const content = new FakeContent();
    const cache = new DirCache({ clock: time, content, hooks: {} });
    const server = new DirServer({ clock: time, timers: time, cache }, options);
    ends.push(() => server.close());
    return { content, server, time };
  }

  async function dirPort(options: DirServerOptions = {}) {
    const all = setUp(options);
    const { port } = await all.server.listen({ address: loopback, port: 0 });
    const open = (): Socket => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      ends.push(() => socket.destroy());
      return socket;
    };
    return { ...all, open };
  }

  /** Everything until the other side closes. */
  const answerOf = (socket: Socket): Promise<Buffer> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks)));
    });
  const split = (whole: Buffer): { head: string; body: Buffer } => {
    const at = whole.indexOf('\r\n\r\n');
    return { head: whole.subarray(0, at).toString('latin1'), body: whole.subarray(at + 4) };
  };

  it('answers once on a DirPort and closes', async () => {
    const { open, server } = await dirPort();
    const socket = open();
    socket.write(`GET ${path} HTTP/1.0\r\n\r\nGET ${path} HTTP/1.0\r\n\r\n`);
    const { head, body } = split(await answerOf(socket));
    assert.match(head, /^HTTP\/1\.0 200 OK\r\n/);
    assert.equal(body.toString('latin1'), text);
    assert.equal(server.openExchanges, 0);
  });

  it('compresses as it was asked to', async () => {
    const { open } = await dirPort();
    for (const [request, inflate] of [
      [`GET ${path}.z HTTP/1.0\r\n\r\n`, inflateSync],
      [`GET ${path} HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n`, gunzipSync],
      // The second time it is there ready-made.
      [`GET ${path}.z HTTP/1.0\r\n\r\n`, inflateSync],
    ] as const) {
      const socket = open();
      socket.write(request);
      const { body } = split(await answerOf(socket));
      assert.ok(body.length < text.length / 2);
      assert.equal(inflate(body).toString('latin1'), text);
    }
  });

  it('closes on what is no request or too large', async () => {
    const { open } = await dirPort({ maxBodyBytes: 100 });
    for (const request of [
      'BREW / HTTP/1.0\r\n\r\n',
      'POST /tor/ HTTP/1.0\r\nContent-Length: 101\r\n\r\n',
      `GET / HTTP/1.0\r\nX: ${'a'.repeat(60_000)}`,
    ]) {
      const socket = open();
      socket.write(request);
      assert.equal((await answerOf(socket)).length, 0, request.slice(0, 20));
    }
  });

  it('answers an asker that has closed its side', async () => {
    const { open } = await dirPort();
    const socket = open();
    socket.end(`GET ${path} HTTP/1.0\r\n\r\n`);
    assert.equal(split(await answerOf(socket)).body.toString('latin1'), text);
  });

  it('is too busy for more than so many', async () => {
    const { open, server } = await dirPort({ maxExchanges: 1 });
    const first = open();
    await new Promise((resolve) => first.once('connect', resolve));
    while (server.openExchanges === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = open();
    second.write(`GET ${path} HTTP/1.0\r\n\r\n`);
    assert.match((await answerOf(second)).toString('latin1'), /^HTTP\/1\.0 503 Directory busy, try again later\r\n/);
  });

  it('gives up on an asker that says nothing', async () => {
    const { server, time } = setUp();
    const stream = new FakeStream();
    assert.equal(typeof server.accept(circuit(false), stream.stream), 'object');
    await time.advance(299_000);
    assert.equal(stream.ended, undefined);
    await time.advance(2000);
    assert.notEqual(stream.ended, undefined);
    assert.equal(server.openExchanges, 0);
  });

  it('serves BEGIN_DIR: CONNECTED, the answer, END with DONE', async () => {
    const { server } = setUp();
    const stream = new FakeStream();
    const handler = server.accept(circuit(false), stream.stream) as StreamHandler;
    assert.equal(stream.accepted, true);
    handler.data(fromLatin1(`GET ${path} HTTP/1.0\r\n`));
    handler.data(fromLatin1('\r\n'));
    handler.dataEnd?.();
    await stream.whenEnded;
    const { head, body } = split(Buffer.concat(stream.written));
    assert.match(head, /\r\nX-Your-Address-Is: 198\.51\.100\.7\r\n/);
    assert.equal(body.toString('latin1'), text);
    assert.ok(stream.ended === undefined || stream.ended === EndReason.DONE, String(stream.ended));
  });

  it('holds no more for a slow reader than a few chunks', async () => {
    const { server, content } = setUp();
    const long = 'x'.repeat(8_000_000);
    const current = content.consensus('ns');
    assert.ok(current !== undefined);
    content.current.set('ns', { ...current, text: long });
    const stream = new FakeStream(1000);
    const handler = server.accept(circuit(false), stream.stream) as StreamHandler;
    const before = process.memoryUsage().rss;
    const handlers = [handler];
    for (let i = 0; i < 100; i++) {
      handlers.push(server.accept(circuit(false), new FakeStream(1000).stream) as StreamHandler);
    }
    for (const each of handlers) {
      each.data(fromLatin1('GET /tor/status-vote/current/consensus HTTP/1.0\r\n\r\n'));
      each.dataEnd?.();
    }
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(stream.written.reduce((sum, chunk) => sum + chunk.length, 0) <= 1000);
    assert.ok(process.memoryUsage().rss - before < 200_000_000, 'a hundred slow readers of eight megabytes each');
    handler.ended({ reason: EndReason.MISC, remote: true });
    assert.equal(server.openExchanges >= 100, true);
  });

  it('knows an onion service client from a neighbour', async () => {
    const { server } = setUp();
    for (const [authenticated, status] of [
      [true, /404 Not found/],
      [false, /503 Rejecting single hop/],
    ] as const) {
      const stream = new FakeStream();
      const handler = server.accept(circuit(authenticated), stream.stream) as StreamHandler;
      handler.data(fromLatin1(`GET /tor/hs/3/${'a'.repeat(42)}A HTTP/1.0\r\n\r\n`));
      handler.dataEnd?.();
      await stream.whenEnded;
      assert.match(latin1(Buffer.concat(stream.written)), status);
    }
  });

  it('closes: no exchange is left', async () => {
    const { open, server } = await dirPort();
    const socket = open();
    await new Promise((resolve) => socket.once('connect', resolve));
    await server.close();
    await answerOf(socket);
    assert.equal(server.openExchanges, 0);
  });

  it('says why it cannot listen', async () => {
    const { server } = setUp();
    const { port } = await server.listen({ address: loopback, port: 0 });
    await assert.rejects(setUp().server.listen({ address: loopback, port }), { code: 'LISTEN_FAILED' });
    assert.ok(nodeRuntime.clock.now() > 0);
  });
});

const circuit = (authenticated: boolean): RelayCircuit =>
  ({ channel: { peer: { address: '198.51.100.7', port: 1, authenticated } } }) as unknown as RelayCircuit;

/** A stream that takes so many bytes in all and keeps them. */
class FakeStream {
  readonly written: Buffer[] = [];
  accepted = false;
  ended: number | undefined;
  readonly whenEnded: Promise<void>;
  readonly stream: IncomingStream;

  constructor(window = Number.POSITIVE_INFINITY) {
    let room = window;
    let end: () => void = () => undefined;
    this.whenEnded = new Promise((resolve) => {
      end = resolve;
    });
    this.stream = {
      id: 1,
      incoming: true,
      state: 'connecting',
      accept: () => {
        this.accepted = true;
      },
      write: (bytes: Uint8Array) => {
        const taken = Math.min(room, bytes.length);
        room -= taken;
        this.written.push(Buffer.from(bytes.subarray(0, taken)));
        return taken;
      },
      end: (reason?: number) => {
        this.ended = reason ?? EndReason.DONE;
        end();
      },
      pauseReading: () => undefined,
      resumeReading: () => undefined,
    } as unknown as IncomingStream;
  }
}
