import { TorError } from '../../base/errors/index.ts';
import { formatIpHost, formatIpPort, type IpBytes } from '../../base/ip/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import type { OriginCircuit } from '../../protocol/circuit/index.ts';
import type { Stream, StreamEnd, StreamHandler } from '../../protocol/stream/index.ts';
import { EndReason, endReasonName } from '../../wire/relaymsg/index.ts';
import { exchangeDefaults, type RawResponse, responseOf } from './exchange.ts';
import { encodeHttpRequest } from './http-request.ts';
import { HttpResponseReader } from './http-response.ts';
import type { DirRequest, DirRequester, DirResponse } from './types.ts';

export interface DirRequestDeps {
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * One request over a BEGIN_DIR stream at the circuit's last hop. Any HTTP status resolves. Rejects with DIR_HTTP,
 * DIR_TOO_LARGE, DIR_COMPRESSION, STREAM_FAILED (fact `reason`), TIMEOUT, ABORTED. spec: dir-spec 6.1, tor-spec 6.2.1
 */
export async function dirRequest(
  deps: DirRequestDeps,
  circuit: OriginCircuit,
  request: DirRequest,
): Promise<DirResponse> {
  request.signal?.throwIfAborted();
  const exchange = new DirExchange(deps, request, request.host ?? hostOf(circuit));
  const sentMs = deps.clock.now();
  return responseOf(await exchange.run(circuit), request, sentMs);
}

/** `dirRequest` for those who have no clock of their own. */
export function dirRequester(deps: DirRequestDeps): DirRequester {
  return (circuit, request) => dirRequest(deps, circuit, request);
}

const timedOut = (): TorError => new TorError('TIMEOUT', 'the directory did not answer in time');

/** The last hop's first address, IPv4 before IPv6, as C tor names the directory it asks through a circuit. */
function hostOf(circuit: OriginCircuit): string {
  const specifiers = circuit.hops.at(-1)?.target?.linkSpecifiers ?? [];
  for (const kind of ['ipv4', 'ipv6'] as const) {
    const found = specifiers.find((specifier) => specifier.kind === kind);
    if (found?.kind === kind) return formatDirHost(found.address, found.port);
  }
  return '0.0.0.0';
}

/** `address:port` for a Host header. */
export function formatDirHost(address: IpBytes, port: number): string {
  return port === 80 ? formatIpHost(address) : formatIpPort(address, port);
}

/** Sends the request as the stream's window lets it out, and gathers the answer in blocks. */
class DirExchange implements StreamHandler {
  readonly #deps: DirRequestDeps;
  readonly #request: DirRequest;
  readonly #reader = new HttpResponseReader();
  #unsent: Uint8Array;
  #stream: Stream | undefined;
  #block = new Uint8Array(16 * 1024);
  #filled = 0;
  #timer: Timer | undefined;
  #overall: Timer | undefined;
  #lastByteMs = 0;
  #settle: { resolve(raw: RawResponse): void; reject(error: unknown): void } | undefined;

  constructor(deps: DirRequestDeps, request: DirRequest, host: string) {
    this.#deps = deps;
    this.#request = request;
    this.#unsent = encodeHttpRequest(request, host);
  }

  run(circuit: OriginCircuit): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#fail(new TorError('ABORTED'));
      const done = (): void => {
        this.#timer?.cancel();
        this.#overall?.cancel();
        this.#request.signal?.removeEventListener('abort', onAbort);
        this.#settle = undefined;
      };
      this.#settle = {
        resolve: (raw) => {
          done();
          resolve(raw);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      this.#request.signal?.addEventListener('abort', onAbort);
      this.#watch(this.#request.connectTimeoutMs ?? exchangeDefaults.connectTimeoutMs);
      const { timeoutMs } = this.#request;
      if (timeoutMs !== undefined) this.#overall = this.#deps.timers.after(timeoutMs, () => this.#fail(timedOut()));
      try {
        this.#stream = circuit.openStream(this, { kind: 'begin-dir' });
        this.writable();
      } catch (error) {
        this.#settle?.reject(TorError.from(error));
      }
    });
  }

  connected(): void {
    this.#request.onConnected?.();
    this.#watch(this.#request.stallTimeoutMs ?? exchangeDefaults.stallTimeoutMs);
    this.writable();
  }

  data(bytes: Uint8Array): void {
    this.#lastByteMs = this.#deps.clock.monotonic();
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, this.#block.length - this.#filled);
      this.#block.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#block.length) this.#flush();
    }
  }

  dataEnd(): void {
    this.#flush();
  }

  ended(end: StreamEnd): void {
    this.#flush();
    this.#stream = undefined;
    // Only DONE closes in peace; a body of known length that is whole does not mind how the stream went.
    if (end.reason === EndReason.DONE || this.#reader.complete || this.#request.allowPartial === true) this.#finish();
    else {
      this.#fail(
        new TorError('STREAM_FAILED', `the directory's stream ended: ${endReasonName(end.reason)}`, {
          facts: { reason: end.reason, remote: end.remote },
        }),
      );
    }
  }

  writable(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#unsent.length === 0) return;
    const taken = stream.write(this.#unsent);
    if (taken > 0) this.#lastByteMs = this.#deps.clock.monotonic();
    this.#unsent = this.#unsent.subarray(taken);
  }

  #flush(): void {
    if (this.#filled === 0 || this.#settle === undefined) return;
    const chunk = this.#block.slice(0, this.#filled);
    this.#filled = 0;
    try {
      this.#reader.push(chunk);
      if (this.#reader.complete) this.#finish();
    } catch (error) {
      this.#fail(TorError.from(error));
    }
  }

  #finish(): void {
    try {
      const raw = this.#reader.finish(this.#request.allowPartial ?? false);
      this.#settle?.resolve(raw);
    } catch (error) {
      this.#settle?.reject(error);
    }
    this.#end();
  }

  #fail(error: TorError): void {
    this.#settle?.reject(error);
    this.#end();
  }

  #end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#unsent = this.#unsent.subarray(this.#unsent.length);
    stream?.end();
  }

  /** Fails when nothing moves for `timeoutMs`; one timer, set again only when it fires. */
  #watch(timeoutMs: number): void {
    this.#timer?.cancel();
    this.#lastByteMs = this.#deps.clock.monotonic();
    const check = (): void => {
      const leftMs = this.#lastByteMs + timeoutMs - this.#deps.clock.monotonic();
      if (leftMs > 0) this.#timer = this.#deps.timers.after(leftMs, check);
      else this.#fail(timedOut());
    };
    this.#timer = this.#deps.timers.after(timeoutMs, check);
  }
}
