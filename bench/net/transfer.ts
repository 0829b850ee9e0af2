import type { Socket } from 'node:net';
import { body } from '../../src/app/lab/index.ts';
import { type SocksTarget, socksConnect } from '../../test/interop/support/socks-client.ts';

/** What one request took, from the moment the application connects to the proxy. */
export interface Transfer {
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly bytes: number;
}

interface Response {
  readonly head: string;
  readonly firstByteMs: number;
  readonly bodyBytes: number;
  readonly endMs: number;
}

/** Counts a response to its end (`Content-Length`), without keeping it. */
function readResponse(socket: Socket, startedMs: number): Promise<Response> {
  return new Promise((resolve, reject) => {
    let head = '';
    let wanted = -1;
    let bodyBytes = 0;
    let firstByteMs = 0;
    const settle = (): void => {
      socket.destroy();
      resolve({ head, firstByteMs, bodyBytes, endMs: performance.now() - startedMs });
    };
    socket.on('data', (chunk: Buffer) => {
      if (firstByteMs === 0) firstByteMs = performance.now() - startedMs;
      if (wanted >= 0) bodyBytes += chunk.length;
      else {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        bodyBytes = head.length - end - 4;
        head = head.slice(0, end);
        wanted = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      }
      if (bodyBytes >= wanted) settle();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the stream ended after ${bodyBytes} of ${wanted} bytes`)));
  });
}

async function request(target: SocksTarget, head: readonly string[], length: number): Promise<Response> {
  const started = performance.now();
  const socket = await socksConnect(target);
  const timer = setTimeout(() => socket.destroy(new Error('too slow')), target.timeoutMs ?? 120_000);
  try {
    const response = readResponse(socket, started);
    socket.write(`${[...head, `Host: ${target.host}`, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    if (length > 0) await send(socket, length, response);
    const answer = await response;
    if (!/^HTTP\/1.1 200/.test(answer.head)) throw new Error(answer.head);
    return answer;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function send(socket: Socket, length: number, response: Promise<Response>): Promise<void> {
  for (const part of body(length)) {
    if (socket.write(part)) continue;
    await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), response]);
  }
}

/** Fetches `length` bytes. */
export async function download(target: SocksTarget, length: number): Promise<Transfer> {
  const { firstByteMs, bodyBytes, endMs } = await request(target, [`GET /bytes/${length} HTTP/1.1`], 0);
  if (bodyBytes !== length) throw new Error(`${bodyBytes} bytes instead of ${length}`);
  return { firstByteMs, totalMs: endMs, bytes: length };
}

/** Sends `length` bytes and waits for the digest of them. */
export async function upload(target: SocksTarget, length: number): Promise<Transfer> {
  const head = ['POST /sink HTTP/1.1', `Content-Length: ${length}`];
  const { firstByteMs, endMs } = await request(target, head, length);
  return { firstByteMs, totalMs: endMs, bytes: length };
}
