import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { base16 } from '../../../base/bytes/index.ts';
import { RunningHash } from '../../../crypto/primitives/index.ts';

const blockBytes = 65_536;

/** Bytes that look random, are the same in every run and differ from block to block; position decides the value. */
function block(index: number): Buffer {
  const bytes = Buffer.allocUnsafe(blockBytes);
  let state = (index * 0x9e3779b9 + 0x6d2b79f5) >>> 0;
  for (let offset = 0; offset < blockBytes; offset += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE((state ^ (state >>> 15)) >>> 0, offset);
  }
  return bytes;
}

const blocks: Buffer[] = [];
const cachedBlock = (index: number): Buffer => {
  const slot = index % 64;
  blocks[slot] ??= block(slot);
  return blocks[slot];
};

/** The body of `GET /bytes/N`. */
export function* body(length: number): Generator<Buffer> {
  for (let done = 0, index = 0; done < length; done += blockBytes, index++) {
    yield cachedBlock(index).subarray(0, Math.min(blockBytes, length - done));
  }
}

/** SHA-256 of the body of `GET /bytes/N`, base16. */
export function bodySha256(length: number): string {
  const hash = new RunningHash('sha256');
  for (const part of body(length)) hash.update(part);
  return base16(hash.digest());
}

async function send(response: ServerResponse, length: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length });
  for (const part of body(length)) {
    if (response.destroyed) return;
    if (!response.write(part)) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          response.off('drain', go).off('close', go);
          resolve();
        };
        response.once('drain', go).once('close', go);
      });
    }
  }
  response.end();
}

function sink(request: IncomingMessage, response: ServerResponse): void {
  const hash = new RunningHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.on('end', () => {
    const digest = base16(hash.digest());
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': digest.length });
    response.end(digest);
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/';
  const wanted = /^\/bytes\/(\d{1,12})$/.exec(path)?.[1];
  if (wanted !== undefined) void send(response, Number(wanted));
  else if (path === '/sink') sink(request, response);
  else if (path === '/') response.writeHead(200, { 'content-type': 'text/plain' }).end('hello through tor\n');
  else response.writeHead(404).end();
}

/** What a test needs of its web server. */
export interface TestHttpServer {
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** `GET /` greets, `GET /bytes/N` sends N bytes, `POST /sink` answers the SHA-256 of what it was sent. Loopback only. */
export async function startHttpServer(options: { readonly port?: number; readonly address?: string } = {}) {
  const server: Server = createServer(answer);
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    socket.setNoDelay(true);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve);
  });
  const result: TestHttpServer = {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return result;
}
