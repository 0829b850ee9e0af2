import type { Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import type { Dial, OrEndpoint } from '../channels/index.ts';
import { formatDirHost } from './dir-stream.ts';
import { exchangeDefaults, type RawResponse, responseOf } from './exchange.ts';
import { encodeHttpRequest } from './http-request.ts';
import { HttpResponseReader } from './http-response.ts';
import type { DirRequest, DirResponse } from './types.ts';

export interface DirPortDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly dial: Dial;
}

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
  const connectTimer = limit(request.connectTimeoutMs ?? exchangeDefaults.connectTimeoutMs);
  const overall = request.timeoutMs === undefined ? undefined : limit(request.timeoutMs);
  const sentMs = deps.clock.now();
  try {
    const socket = await deps.dial(endpoint, deadline.signal);
    connectTimer.cancel();
    request.onConnected?.();
    const host = request.host ?? formatDirHost(endpoint.address, endpoint.port);
    socket.setTimeout(request.stallTimeoutMs ?? exchangeDefaults.stallTimeoutMs);
    return await responseOf(await exchange(socket, request, host, deadline.signal), request, sentMs);
  } finally {
    connectTimer.cancel();
    overall?.cancel();
    request.signal?.removeEventListener('abort', stop);
  }
}

function exchange(socket: Socket, request: DirRequest, host: string, signal: AbortSignal): Promise<RawResponse> {
  const reader = new HttpResponseReader();
  return new Promise<RawResponse>((resolve, reject) => {
    const fail = (error: TorError): void => {
      socket.destroy();
      reject(error);
    };
    const settle = (finish: () => RawResponse): void => {
      try {
        resolve(finish());
      } catch (error) {
        reject(TorError.from(error));
      }
      socket.destroy();
    };
    const whole = (): RawResponse => reader.finish(request.allowPartial ?? false);
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
