import type { Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import type { Dial, OrEndpoint } from '../channels/index.ts';
import { decompressBody } from './compression.ts';
import { formatDirHost } from './dir-stream.ts';
import { encodeHttpRequest } from './http-request.ts';
import { HttpResponseReader } from './http-response.ts';
import type { DirRequest, DirResponse } from './types.ts';

export interface DirPortDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly dial: Dial;
}

const defaultStallTimeoutMs = 300_000;
const defaultConnectTimeoutMs = 15_000;
const defaultMaxBytes = 64 * 1024 * 1024;

/**
 * One request to a DirPort, in the clear: how relays upload to authorities, and authorities talk to each other. Any HTTP
 * status resolves. Rejects with CONNECT_FAILED, DIR_HTTP, DIR_TOO_LARGE, DIR_COMPRESSION, TIMEOUT, ABORTED.
 */
export async function dirPortRequest(
  deps: DirPortDeps,
  endpoint: OrEndpoint,
  request: DirRequest,
): Promise<DirResponse> {
  request.signal?.throwIfAborted();
  const deadline = new AbortController();
  const stop = (): void => deadline.abort(new TorError('ABORTED'));
  request.signal?.addEventListener('abort', stop);
  const limit = (ms: number): Timer =>
    deps.timers.after(ms, () => deadline.abort(new TorError('TIMEOUT', 'the directory did not answer in time')));
  const connectTimer = limit(request.connectTimeoutMs ?? defaultConnectTimeoutMs);
  const overall = request.timeoutMs === undefined ? undefined : limit(request.timeoutMs);
  const sentMs = deps.clock.now();
  try {
    const socket = await deps.dial(endpoint, deadline.signal);
    connectTimer.cancel();
    request.onConnected?.();
    const host = request.host ?? formatDirHost(endpoint.address, endpoint.port);
    socket.setTimeout(request.stallTimeoutMs ?? defaultStallTimeoutMs);
    const { head, body } = await exchange(socket, request, host, deadline.signal);
    const plain = await decompressBody(body, {
      encoding: head.headers.get('content-encoding'),
      maxBytes: request.maxBytes ?? defaultMaxBytes,
      allowPartial: request.allowPartial ?? false,
      anonymous: request.compression === 'identity',
    });
    return { status: head.status, reason: head.reason, headers: head.headers, body: plain, sentMs };
  } finally {
    connectTimer.cancel();
    overall?.cancel();
    request.signal?.removeEventListener('abort', stop);
  }
}

type Raw = ReturnType<HttpResponseReader['finish']>;

function exchange(socket: Socket, request: DirRequest, host: string, signal: AbortSignal): Promise<Raw> {
  const reader = new HttpResponseReader();
  return new Promise<Raw>((resolve, reject) => {
    const fail = (error: TorError): void => {
      socket.destroy();
      reject(error);
    };
    const settle = (finish: () => Raw): void => {
      try {
        resolve(finish());
      } catch (error) {
        reject(TorError.from(error));
      }
      socket.destroy();
    };
    const whole = (): Raw => reader.finish(request.allowPartial ?? false);
    signal.addEventListener('abort', () => fail(TorError.from(signal.reason, 'ABORTED')), { once: true });
    socket.on('error', (cause) => fail(new TorError('CONNECT_FAILED', 'the directory broke off', { cause })));
    socket.on('timeout', () => fail(new TorError('TIMEOUT', 'the directory did not answer in time')));
    socket.on('data', (chunk: Uint8Array) => {
      try {
        reader.push(new Uint8Array(chunk));
      } catch (error) {
        fail(TorError.from(error));
        return;
      }
      if (reader.complete) settle(whole);
    });
    socket.on('close', () => settle(whole));
    socket.write(encodeHttpRequest(request, host));
  });
}
