import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemErrorCode, TorError } from '../../base/errors/index.ts';
import { formatIp, type IpBytes, parseIp, unmapIp } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import type { RelayCircuit } from '../../protocol/circuit/index.ts';
import { type IncomingStream, StreamDuplex, type StreamHandler } from '../../protocol/stream/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';
import { busy } from './answer.ts';
import type { Asker } from './content.ts';
import type { DirCache } from './dir-cache.ts';
import { RequestReader } from './request.ts';
import { sendAnswer } from './send.ts';

export interface DirServerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly cache: DirCache;
  readonly logger?: Logger | undefined;
}

export interface DirServerOptions {
  /** Longest body of an upload; default 128 KiB. An authority needs room for a vote: `maxVoteBytes`. */
  readonly maxBodyBytes?: number;
  /** Requests and answers under way at once; more are answered with 503. Default 1000. */
  readonly maxExchanges?: number;
  /** TestingDirConnectionMaxStall: without a byte either way; default 5 minutes. */
  readonly stallTimeoutMs?: number;
}

/** C tor's MAX_DIR_UL_SIZE. */
export const maxVoteBytes = (1 << 24) - 1;

export interface DirPortAddress {
  readonly address: IpBytes;
  readonly port: number;
}

/** The directory behind BEGIN_DIR streams and DirPorts: one request, one answer, then the end. */
export class DirServer {
  readonly #deps: DirServerDeps;
  readonly #options: DirServerOptions;
  readonly #servers = new Set<Server>();
  readonly #exchanges = new Set<Duplex>();

  constructor(deps: DirServerDeps, options: DirServerOptions = {}) {
    this.#deps = deps;
    this.#options = options;
  }

  get openExchanges(): number {
    return this.#exchanges.size;
  }

  /** BEGIN_DIR; the relay role's `services.directory`. */
  accept(circuit: RelayCircuit, stream: IncomingStream): StreamHandler | number {
    const { peer } = circuit.channel;
    // As many as a full house may be told that it is full; beyond that not even that.
    if (this.#exchanges.size >= 2 * this.#maxExchanges) return EndReason.RESOURCELIMIT;
    let handler: StreamHandler | undefined;
    const duplex = new StreamDuplex((made) => {
      handler = made;
      return stream;
    });
    if (handler === undefined) throw new TorError('INTERNAL');
    const address = peer.address === '' ? undefined : peer.address;
    this.#run(duplex, { address, encrypted: true, anonymous: peer.authenticated });
    stream.accept();
    return handler;
  }

  /** Opens a DirPort. Resolves with where it listens. Rejects with LISTEN_FAILED. */
  listen(at: DirPortAddress): Promise<DirPortAddress> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#onSocket(socket));
    server.maxConnections = 2 * this.#maxExchanges;
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        const facts = { address: formatIp(at.address), port: at.port };
        reject(new TorError('LISTEN_FAILED', `the DirPort cannot listen: ${cause.message}`, { cause, facts }));
      });
      server.listen(at.port, formatIp(at.address), () => {
        server.on('error', (error) => this.#deps.logger?.warn('net', `DirPort: ${error.message}`));
        this.#servers.add(server);
        const bound = server.address();
        resolve({ address: at.address, port: typeof bound === 'object' && bound !== null ? bound.port : at.port });
      });
    });
  }

  /** Ends listening and every exchange. */
  async close(): Promise<void> {
    for (const duplex of [...this.#exchanges]) duplex.destroy();
    await Promise.all([...this.#servers].map((server) => new Promise((resolve) => server.close(resolve))));
    this.#servers.clear();
  }

  get #maxExchanges(): number {
    return this.#options.maxExchanges ?? 1000;
  }

  #onSocket(socket: Socket): void {
    const ip = parseIp(socket.remoteAddress ?? '');
    const address = ip === undefined ? undefined : formatIp(unmapIp(ip));
    this.#run(socket, { address, encrypted: false, anonymous: false });
  }

  #run(duplex: Duplex, asker: Asker): void {
    const isFull = this.#exchanges.size >= this.#maxExchanges;
    this.#exchanges.add(duplex);
    const watch = this.#watch(duplex);
    duplex.on('error', () => duplex.destroy());
    duplex.on('close', () => {
      watch.end();
      this.#exchanges.delete(duplex);
    });
    this.#exchange(duplex, asker, isFull, watch.touch).catch((thrown: unknown) => {
      const error = TorError.from(thrown);
      if (error.kind === 'bug' && !isStreamEnd(thrown)) {
        this.#deps.logger?.warn('bug', `answering a directory request failed: ${error.message}`);
      } else this.#deps.logger?.info('dirserv', `a directory request ended early: ${error.message}`);
      duplex.destroy();
    });
  }

  async #exchange(duplex: Duplex, asker: Asker, isFull: boolean, touch: () => void): Promise<void> {
    const reader = new RequestReader({ maxBodyBytes: this.#options.maxBodyBytes ?? 128 * 1024 });
    const request = await new Promise<ReturnType<RequestReader['push']>>((resolve, reject) => {
      duplex.on('data', (chunk: Buffer) => {
        touch();
        try {
          // After the request more is read and dropped: the asker's end must still be noticed.
          const whole = reader.push(chunk);
          if (whole === undefined) return;
          duplex.removeAllListeners('data');
          duplex.on('data', () => undefined);
          resolve(whole);
        } catch (error) {
          reject(error);
        }
      });
      duplex.once('end', () => resolve(undefined));
      duplex.once('close', () => resolve(undefined));
    });
    if (request === undefined) {
      duplex.destroy();
      return;
    }
    const answer = isFull ? busy : await this.#deps.cache.answer(request, asker);
    duplex.on('drain', touch);
    await sendAnswer(duplex, answer, asker, this.#deps.clock.now());
    if (!duplex.destroyed && 'destroySoon' in duplex) (duplex as Socket).destroySoon();
  }

  /** Ends an exchange on which nothing moves. */
  #watch(duplex: Duplex): { touch(): void; end(): void } {
    const limitMs = this.#options.stallTimeoutMs ?? 300_000;
    let lastMs = this.#deps.clock.monotonic();
    let timer: Timer;
    const check = (): void => {
      const leftMs = lastMs + limitMs - this.#deps.clock.monotonic();
      if (leftMs <= 0) duplex.destroy();
      else timer = this.#deps.timers.after(leftMs, check, { background: true });
    };
    timer = this.#deps.timers.after(limitMs, check, { background: true });
    return {
      touch: () => {
        lastMs = this.#deps.clock.monotonic();
      },
      end: () => timer.cancel(),
    };
  }
}

/** The asker went away: not a defect of ours. */
function isStreamEnd(error: unknown): boolean {
  const code = systemErrorCode(error);
  return (
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ERR_STREAM_DESTROYED' ||
    code === 'ERR_STREAM_WRITE_AFTER_END' ||
    code === 'ECONNRESET' ||
    code === 'EPIPE'
  );
}
