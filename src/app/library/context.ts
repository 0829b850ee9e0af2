import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Dispatcher } from 'undici';
import { TorError } from '../../base/errors/index.ts';
import { formatIp } from '../../base/ip/index.ts';
import type { Isolation } from '../../network/circuits/index.ts';
import { failureOf, type Gateway, RefusedRequest, type RequestContext } from '../../roles/client/index.ts';
import { defaultEntryFlags } from '../../wire/torrc/index.ts';
import { abortedBy, refuseAborted } from './abort.ts';
import { checkHost, checkPort, checkTimeout } from './checks.ts';
import { torFetch } from './fetch.ts';
import { HttpConnections } from './http-connections.ts';
import { TorSocket } from './tor-socket.ts';

export interface ConnectOptions {
  /** Gives up; the promise rejects with ABORTED and nothing is left behind. */
  readonly signal?: AbortSignal;
  /** Over all attempts; default 120 s. */
  readonly timeoutMs?: number;
}

export interface LookupAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly ttlSec: number;
}

export interface ContextDeps {
  readonly gateway: Gateway;
  /** Rises with every new identity. */
  readonly nymEpoch: () => number;
  /** Those of all contexts that are in use. */
  readonly http: Set<HttpConnections>;
}

const defaultTimeoutMs = 120_000;
/** Who does the work knows better what took so long. */
const graceMs = 500;
const scrubbed = '[scrubbed]';

/**
 * A place to make connections from. Streams of one context may share circuits; streams of two contexts never do, so that
 * no exit and no onion service can tell that they come from one user.
 */
export class TorContext implements AsyncDisposable {
  /** What keeps this context's streams apart from others'. */
  readonly label: string;
  readonly #deps: ContextDeps;
  readonly #connections = new HttpConnections((host, port) => this.socket(host, port));

  constructor(deps: ContextDeps, label: string) {
    this.#deps = deps;
    this.label = label;
  }

  /**
   * Opens a connection to a host name, an IP address or an onion service; the name is looked up by the exit, never here.
   * Resolves when the far end accepted. Rejects with STREAM_FAILED, ONION_*, TIMEOUT, ABORTED, REQUEST_REFUSED,
   * OPTION_INVALID.
   */
  connect(host: string, port: number, options: ConnectOptions = {}): Promise<TorSocket> {
    const socket = this.socket(host, port, options);
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        socket.off('close', closed);
        resolve(socket);
      };
      const closed = (): void => {
        socket.off('ready', ready);
        reject(socket.errored ?? new TorError('ABORTED'));
      };
      // The promise tells of the failure; an 'error' nobody else listens for must not end the program.
      socket.once('error', () => undefined);
      socket.once('ready', ready);
      socket.once('close', closed);
    });
  }

  /** The same, at once and still `connecting`, as `net.connect` does it: failures come as 'error'. */
  socket(host: string, port: number, options: ConnectOptions = {}): TorSocket {
    const { signal } = options;
    return new TorSocket({ host, port }, async (handler, closed) => {
      const to = { address: checkHost(host), port: checkPort('port', port) };
      const request = { command: 'connect' as const, ...to, ipv4Only: false };
      const stream = { handler, optimisticData: () => undefined };
      const stop = signal === undefined ? closed : AbortSignal.any([signal, closed]);
      return this.#ask(stop, to.address, options, (context) => this.#deps.gateway.connect(request, context, stream));
    });
  }

  /** Asks an exit for the address of a name. Rejects with LOOKUP_FAILED and what `connect` rejects with. */
  async lookup(name: string, options: ConnectOptions = {}): Promise<LookupAddress> {
    const answer = await this.#resolve('resolve', name, options);
    if (answer.kind !== 'address') throw lookupFailed(name, answer.kind);
    const { ip, ttlSec } = answer;
    return { address: formatIp(ip), family: ip.length === 4 ? 4 : 6, ttlSec };
  }

  /** Asks an exit for the name of an address. */
  async reverse(address: string, options: ConnectOptions = {}): Promise<string> {
    const answer = await this.#resolve('resolve-ptr', address, options);
    if (answer.kind !== 'hostname') throw lookupFailed(address, answer.kind);
    return answer.name;
  }

  /** The WHATWG fetch, over Tor: streaming bodies, redirects, keep-alive on the same circuit, verified TLS. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return torFetch(this.dispatcher(), input, init);
  }

  /** For `undici` and what stands on it. One for each context; closed with the node. */
  dispatcher(): Dispatcher {
    return this.#http().dispatcher();
  }

  /** For `http.request` and libraries that take an `http.Agent`. */
  agent(options: ConstructorParameters<typeof HttpAgent>[0] = {}): HttpAgent {
    return this.#http().agent(options);
  }

  /** For `https.request` and libraries that take an `https.Agent`. Certificates are verified. */
  httpsAgent(options: ConstructorParameters<typeof HttpsAgent>[0] = {}): HttpsAgent {
    return this.#http().httpsAgent(options);
  }

  /** Ends kept-alive HTTP connections of this context; it can be used again. */
  async close(): Promise<void> {
    this.#deps.http.delete(this.#connections);
    await this.#connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #http(): HttpConnections {
    this.#deps.http.add(this.#connections);
    return this.#connections;
  }

  async #resolve(command: 'resolve' | 'resolve-ptr', host: string, options: ConnectOptions) {
    const address = checkHost(host);
    const request = { command, address, port: 0, ipv4Only: false };
    const signal = options.signal ?? new AbortController().signal;
    return this.#ask(signal, address, options, (context) => this.#deps.gateway.resolve(request, context));
  }

  /**
   * Gives up when told to or when time is over, and makes requests that were not even tried errors of the library's own
   * kind.
   */
  async #ask<T>(
    signal: AbortSignal,
    host: string,
    options: ConnectOptions,
    work: (context: RequestContext) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = checkTimeout(options.timeoutMs ?? defaultTimeoutMs);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), Math.min(timeoutMs + graceMs, 2 ** 31 - 1));
    try {
      refuseAborted(signal);
      return await work(this.#context(AbortSignal.any([signal, late.signal]), timeoutMs));
    } catch (error) {
      if (signal.aborted) throw abortedBy(signal);
      if (late.signal.aborted) throw new TorError('TIMEOUT', `no answer within ${timeoutMs} ms`);
      if (!(error instanceof RefusedRequest)) throw error;
      const { reason } = failureOf(error);
      // The log hides what was asked for; who asked may know.
      const message = error.message.replaceAll(scrubbed, () => host.replace(/\p{C}/gu, '?'));
      throw new TorError('REQUEST_REFUSED', message, { facts: { reason }, cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #context(signal: AbortSignal, timeoutMs: number): RequestContext {
    const isolation: Isolation = {
      by: new Set(['session-group', 'nym-epoch']),
      values: { 'session-group': `library-${this.label}`, 'nym-epoch': String(this.#deps.nymEpoch()) },
    };
    return { flags: defaultEntryFlags, isolation, source: `library:${this.label}`, timeoutMs, signal };
  }
}

const lookupFailed = (name: string, kind: string): TorError =>
  new TorError('LOOKUP_FAILED', `the exit could not look ${name} up: ${kind}`, { facts: { name, kind } });
