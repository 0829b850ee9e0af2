import type { Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import { scrub } from '../../base/log/index.ts';
import type { Timer, Timers } from '../../base/runtime/index.ts';
import { SocketPump } from '../../network/pump/index.ts';
import type { StreamEnd, StreamHandler } from '../../protocol/stream/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';
import {
  encodeHttpTunnelReply,
  encodeResolveReply,
  encodeSocksReply,
  endReasonToSocks,
  HttpTunnelServer,
  isLegacyProxyAuthorization,
  type ProxyHandshake,
  type ProxyRequest,
  type ProxyStep,
  type ResolveReply,
  SocksServer,
  SocksStatus,
} from '../../wire/socks/index.ts';
import type { PortConfig } from '../../wire/torrc/index.ts';
import type { ClientConfig } from './config.ts';
import { type Failure, failureOf } from './failure.ts';
import { type Gateway, type GatewayDeps, RefusedRequest, type RequestContext } from './gateway.ts';
import { isolationOf } from './isolation.ts';
import type { Resolution } from './resolution.ts';

export interface SessionDeps extends Pick<GatewayDeps, 'clock' | 'log' | 'events' | 'map'> {
  readonly timers: Timers;
  readonly gateway: Gateway;
}

export interface SessionOptions {
  readonly port: PortConfig;
  readonly config: ClientConfig;
  readonly sessionGroup: string;
  readonly nymEpoch: number;
  /** Told to HTTP clients, such as `tropea 1.0.0`. */
  readonly product: string;
}

const socksWarnIntervalMs = 5_000;
const flushStallMs = 15_000;

/** One connection of an application: handshake, request, then bytes. */
export class ProxySession {
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  readonly #deps: SessionDeps;
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #handshake: ProxyHandshake;
  readonly #abort = new AbortController();
  readonly #startedMs: number;
  readonly #timeout: Timer;
  readonly #onData = (chunk: Buffer): void => this.#step(this.#handshake.push(chunk));
  #pump: SocketPump | undefined;
  #serving = false;

  constructor(deps: SessionDeps, socket: Socket, options: SessionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#socket = socket;
    this.#startedMs = deps.clock.monotonic();
    const clientIsIpv4 = socket.remoteFamily !== 'IPv6';
    this.#handshake =
      options.port.kind === 'http-tunnel'
        ? new HttpTunnelServer({ product: options.product })
        : new SocksServer({ clientIsIpv4, preferNoAuth: options.port.entry.preferSocksNoAuth });
    this.#timeout = deps.timers.after(options.config.socksTimeoutMs, () => this.#timedOut(), { background: true });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#timeout.cancel();
        this.#abort.abort();
        resolve();
      });
    });
    socket.on('error', () => socket.destroy());
    socket.on('data', this.#onData);
    socket.once('end', () => {
      if (this.#pump === undefined) socket.destroy();
    });
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#pump?.abort(EndReason.MISC);
    this.#socket.destroy();
  }

  #step(step: ProxyStep): void {
    if (step.reply.length > 0 && step.status !== 'refused') this.#socket.write(step.reply);
    if (step.status === 'request') void this.#serve(step.request, step.remainder);
    else if (step.status === 'refused') this.#refuse(step);
  }

  #refuse(step: Extract<ProxyStep, { status: 'refused' }>): void {
    const { log, events } = this.#deps;
    log.limited(`proxy-${step.refusal}`, socksWarnIntervalMs, 'warn', step.domain, step.message);
    if (step.refusal === 'unknown-version') events.emit('unknownProtocol', { data: step.firstBytes });
    this.#finish(step.reply);
  }

  /** Never rejects: every failure is told to the application. */
  async #serve(request: ProxyRequest, remainder: Uint8Array): Promise<void> {
    const { port, config } = this.#options;
    this.#serving = true;
    this.#socket.off('data', this.#onData);
    this.#deps.events.emit('activity', { portKind: port.kind });
    if (!this.#nameIsSafe(request, config)) return;
    const context = this.#context(request);
    try {
      if (request.command === 'connect') await this.#connect(request, remainder, context);
      else this.#answer(request, await this.#deps.gateway.resolve(this.#bare(request), context));
    } catch (error) {
      this.#fail(request, error);
    }
  }

  async #connect(request: ProxyRequest, remainder: Uint8Array, context: RequestContext): Promise<void> {
    const pump = new SocketPump({ socket: this.#socket });
    this.#pump = pump;
    pump.addEarly(remainder);
    const attached = await this.#deps.gateway.connect(this.#bare(request), context, {
      handler: new ReplyThenPump(pump, () => this.#connected(request)),
      optimisticData: () => pump.early,
    });
    pump.start(attached.stream, attached.stream.bytesWritten);
  }

  /** The application hears of the connection before its first byte. */
  #connected(request: ProxyRequest): void {
    this.#timeout.cancel();
    this.#socket.write(this.#reply(request, { reason: 0 }));
  }

  #answer(request: ProxyRequest, resolution: Resolution): void {
    if (request.protocol === 'http-connect') return;
    const reply: ResolveReply | undefined =
      resolution.kind === 'address'
        ? { kind: 'address', ip: resolution.ip }
        : resolution.kind === 'hostname'
          ? { kind: 'hostname', name: Buffer.from(resolution.name, 'latin1').subarray(0, 255) }
          : undefined;
    this.#finish(encodeResolveReply(request.protocol, reply));
  }

  #fail(request: ProxyRequest, error: unknown): void {
    const failure = this.#failure(error);
    if (error instanceof RefusedRequest || failure.reason === EndReason.DONE) {
      this.#deps.log.debug('app', `A request was refused: ${error instanceof Error ? error.message : ''}`);
    } else {
      this.#deps.log.info('app', `A request for ${scrub(request.address)} failed: ${TorError.from(error).message}`);
    }
    const refused = error instanceof RefusedRequest && error.refusal.resolveError !== true;
    if (request.command === 'connect' || request.protocol === 'http-connect' || refused) {
      this.#finish(this.#reply(request, failure));
    } else this.#finish(encodeResolveReply(request.protocol, undefined));
  }

  #failure(error: unknown): Failure {
    if (!(error instanceof RefusedRequest)) return failureOf(error);
    const { reason, badOnion } = error.refusal;
    return badOnion === true ? { reason, extended: SocksStatus.onionBadAddress } : { reason };
  }

  #reply(request: ProxyRequest, failure: Failure): Uint8Array {
    if (request.protocol === 'http-connect') {
      return encodeHttpTunnelReply(failure.reason, { product: this.#options.product });
    }
    const extended = this.#options.port.entry.extendedErrors ? failure.extended : undefined;
    const clientIsIpv4 = this.#socket.remoteFamily !== 'IPv6';
    return encodeSocksReply(request.protocol, extended ?? endReasonToSocks(failure.reason), { clientIsIpv4 });
  }

  /** SafeSocks and TestSocks: an application that resolves names itself tells them to its resolver. */
  #nameIsSafe(request: ProxyRequest, config: ClientConfig): boolean {
    if (request.protocol === 'http-connect') {
      if (request.auth !== undefined && request.auth.username.length > 0) this.#warnOfLegacyAuth(request.auth.username);
      return true;
    }
    const { log, events, map } = this.#deps;
    const protocol = request.protocol === 'socks4' ? 4 : 5;
    if (!request.addressIsIp || request.command === 'resolve-ptr' || map.has(request.address)) {
      if (config.testSocks) {
        const variant = protocol === 4 ? 'socks4a' : 'socks5';
        const praise = 'instructed Tor to take care of the DNS resolution itself if necessary. This is good.';
        log.notice('app', `Your application (using ${variant} to port ${request.port}) ${praise}`);
      }
      return true;
    }
    const message =
      `Your application (using socks${protocol} to port ${request.port}) is giving Tor only an IP address. ` +
      'Applications that do DNS resolves themselves may leak information. Consider using Socks4A (e.g. via privoxy or ' +
      'socat) instead. For more information, please see ' +
      'https://2019.www.torproject.org/docs/faq.html.en#WarningsAboutSOCKSandDNSInformationLeaks.' +
      (config.safeSocks ? ' Rejecting.' : '');
    if (config.safeSocks || config.testSocks) log.warn('app', message);
    else log.limited('unsafe-socks', socksWarnIntervalMs, 'warn', 'app', message);
    events.emit('dangerousSocks', { protocol, address: request.address, port: request.port });
    if (!config.safeSocks) return true;
    const clientIsIpv4 = this.#socket.remoteFamily !== 'IPv6';
    this.#finish(encodeSocksReply(request.protocol, SocksStatus.notAllowed, { clientIsIpv4 }));
    return false;
  }

  #warnOfLegacyAuth(authorization: Uint8Array): void {
    if (!isLegacyProxyAuthorization(authorization)) return;
    const advice = 'With modern Tor, use Basic auth with username=tor.';
    const message = `Proxy-Authorization header in legacy format. ${advice}`;
    this.#deps.log.limited('legacy-proxy-authorization', socksWarnIntervalMs, 'warn', 'general', message);
  }

  #context(request: ProxyRequest): RequestContext {
    const { port, config, sessionGroup, nymEpoch } = this.#options;
    const { remoteAddress = '', remotePort = 0 } = this.#socket;
    const elapsedMs = this.#deps.clock.monotonic() - this.#startedMs;
    return {
      flags: port.entry,
      isolation: isolationOf(
        port.entry,
        {
          clientAddress: remoteAddress,
          portKind: port.kind,
          protocol: request.protocol,
          auth: request.auth,
          sessionGroup,
          nymEpoch,
        },
        request,
      ),
      source: remoteAddress === '' ? '(Tor_internal):0' : `${remoteAddress}:${remotePort}`,
      timeoutMs: Math.max(1, config.socksTimeoutMs - elapsedMs),
      signal: this.#abort.signal,
    };
  }

  #bare(request: ProxyRequest): { command: ProxyRequest['command']; address: string; port: number; ipv4Only: boolean } {
    const { command, address, port } = request;
    return { command, address, port, ipv4Only: request.protocol === 'socks4' };
  }

  #timedOut(): void {
    // Once a request is served the network's own time limit ends it, and the application is told.
    if (!this.#serving) this.#finish(new Uint8Array(0));
  }

  /** Sends the last bytes and closes. */
  #finish(reply: Uint8Array): void {
    const socket = this.#socket;
    this.#timeout.cancel();
    if (socket.destroyed) return;
    socket.setTimeout(flushStallMs, () => socket.destroy());
    socket.resume();
    socket.end(reply, () => socket.destroy());
  }
}

/** Writes the reply when the far end accepts, then is the pump's handler. */
class ReplyThenPump implements StreamHandler {
  readonly #pump: SocketPump;
  readonly #onConnected: () => void;

  constructor(pump: SocketPump, onConnected: () => void) {
    this.#pump = pump;
    this.#onConnected = onConnected;
  }

  connected(): void {
    this.#onConnected();
  }
  data(bytes: Uint8Array): void {
    this.#pump.data(bytes);
  }
  dataEnd(): void {
    this.#pump.dataEnd();
  }
  ended(end: StreamEnd): void {
    this.#pump.ended(end);
  }
  writable(): void {
    this.#pump.writable();
  }
}
