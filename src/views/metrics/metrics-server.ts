import { createServer, type Server, type Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import { formatIp, formatIpPort, type IpBytes, parseIp, unmapIp } from '../../base/ip/index.ts';
import { type AddressRule, parseAddressPolicy, policyAccepts } from '../../wire/torrc/index.ts';
import type { MetricSource } from './metric.ts';
import { formatPrometheus } from './prometheus.ts';

export interface MetricsServerOptions {
  readonly address: IpBytes;
  /** 0 takes a free one. */
  readonly port: number;
  /** MetricsPortPolicy: nobody is let in without a rule. */
  readonly policy: readonly AddressRule[];
}

const maxRequestBytes = 2048;
const maxConnections = 64;
const timeoutMs = 10_000;

/** MetricsPort: `GET /metrics`, one answer for each connection. C tor metrics.c */
export class MetricsServer {
  readonly #sources: readonly MetricSource[];
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(sources: readonly MetricSource[], options: MetricsServerOptions) {
    this.#sources = sources;
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = maxConnections;
  }

  /** Resolves to the port. Rejects with LISTEN_FAILED. */
  listen(): Promise<number> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      const onError = (cause: Error): void => {
        reject(new TorError('LISTEN_FAILED', undefined, { cause, facts: { endpoint: formatIpPort(address, port) } }));
      };
      this.#server.once('error', onError);
      this.#server.listen({ host: formatIp(address), port }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', () => undefined);
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      if (!this.#server.listening) resolve();
    });
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    const peer = parseIp(socket.remoteAddress ?? '');
    // Who is not let in hears nothing.
    if (peer === undefined || !isAccepted(this.#options.policy, unmapIp(peer))) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setTimeout(timeoutMs, () => socket.destroy());
    let request = '';
    socket.on('data', (chunk: Buffer) => {
      request += chunk.toString('latin1');
      const answer = this.#answer(request);
      if (answer !== undefined) socket.end(answer);
    });
  }

  /** Undefined while the request is not whole. */
  #answer(request: string): string | undefined {
    if (!request.includes('\r\n\r\n')) return request.length > maxRequestBytes ? failure('400 Bad Request') : undefined;
    const [method, path, version] = (request.split('\r\n', 1)[0] ?? '').split(' ');
    if (version === undefined || !version.startsWith('HTTP/')) return failure('400 Bad Request');
    if (method !== 'GET') return failure('405 Method Not Allowed');
    if (path !== '/metrics') return failure('404 Not Found');
    const body = formatPrometheus(this.#sources.flatMap((source) => source()));
    const length = Buffer.byteLength(body);
    return `HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\n\r\n${body}`;
  }
}

/** Nobody without a rule that says so. */
const isAccepted = (policy: readonly AddressRule[], peer: IpBytes): boolean =>
  policyAccepts([...policy, ...parseAddressPolicy(['reject *'])], peer, 1);

const failure = (status: string): string => `HTTP/1.0 ${status}\r\n\r\n`;
