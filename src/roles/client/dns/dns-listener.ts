import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { TorError } from '../../../base/errors/index.ts';
import { formatIp, formatIpPort, parseIp } from '../../../base/ip/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { Emitter } from '../../../base/util/index.ts';
import { DnsRcode, decodeDnsMessage } from '../../../wire/dns/index.ts';
import { type AddressRule, type PortConfig, policyAccepts } from '../../../wire/torrc/index.ts';
import type { ClientConfig } from '../config.ts';
import type { ClientEvents } from '../events.ts';
import { type Gateway, RefusedRequest, type RequestContext } from '../gateway.ts';
import { isolationOf } from '../isolation.ts';
import type { Resolution } from '../resolution.ts';
import { answerQuery, type DnsLookup, queryKey, readQuery, respond } from './responder.ts';

export interface DnsListenerDeps {
  readonly log: Logger;
  readonly gateway: Gateway;
  readonly events: Emitter<ClientEvents>;
}

export interface DnsListenerOptions {
  readonly port: PortConfig;
  readonly config: ClientConfig;
  readonly sessionGroup: string;
  readonly nymEpoch: () => number;
  /** Look-ups under way at once; more are refused. */
  readonly maxPending?: number;
}

const defaultMaxPending = 1024;

/** A UDP port that answers A, AAAA and PTR questions through the Tor network. */
export class DnsListener {
  readonly port: PortConfig;
  readonly #deps: DnsListenerDeps;
  readonly #options: DnsListenerOptions;
  readonly #pending = new Set<string>();
  readonly #abort = new AbortController();
  #policy: readonly AddressRule[];
  #socket: Socket | undefined;
  #address = '';

  constructor(deps: DnsListenerDeps, options: DnsListenerOptions) {
    this.port = options.port;
    this.#deps = deps;
    this.#options = options;
    this.#policy = options.config.socksPolicy;
  }

  get address(): string {
    return this.#address;
  }

  setPolicy(policy: readonly AddressRule[]): void {
    this.#policy = policy;
  }

  /** Rejects with LISTEN_FAILED. */
  async open(): Promise<void> {
    const { listen } = this.port;
    if (listen.kind !== 'tcp') throw new TorError('LISTEN_FAILED', 'DNSPort cannot be a unix socket');
    const wanted = formatIpPort(listen.ip, listen.port === 'auto' ? 0 : listen.port);
    this.#deps.log.notice('net', `Opening DNS listener on ${wanted}`);
    const socket = createSocket(listen.ip.length === 4 ? 'udp4' : 'udp6');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (cause) =>
        reject(new TorError('LISTEN_FAILED', `Could not bind to ${wanted}: ${cause.message}`, { cause })),
      );
      socket.bind({ address: formatIp(listen.ip), port: listen.port === 'auto' ? 0 : listen.port }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#deps.log.warn('net', `DNS listener: ${error.message}`));
    socket.on('message', (packet, from) => {
      void this.#query(packet, from);
    });
    this.#socket = socket;
    const { address, port } = socket.address();
    this.#address = formatIpPort(parseIp(address) ?? listen.ip, port);
    this.#deps.log.notice('net', `Opened DNS listener connection (ready) on ${this.#address}`);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** Never rejects. */
  async #query(packet: Uint8Array, from: RemoteInfo): Promise<void> {
    const key = queryKey(packet, `${from.address}:${from.port}`);
    if (this.#pending.has(key)) return;
    if (!this.#permits(from.address)) {
      this.#refuse(packet, from, DnsRcode.refused);
      return;
    }
    const read = readQuery(packet);
    if (read === undefined) return;
    if ('answer' in read) this.#send(read.answer, from);
    else if (this.#pending.size >= (this.#options.maxPending ?? defaultMaxPending)) {
      this.#refuse(packet, from, DnsRcode.serverFailure);
    } else {
      this.#pending.add(key);
      const resolution = await this.#lookUp(read.lookup, from);
      this.#pending.delete(key);
      this.#send(answerQuery(read.lookup, resolution), from);
    }
  }

  #permits(address: string): boolean {
    const ip = parseIp(address);
    if (ip !== undefined && policyAccepts(this.#policy, ip, 1)) return true;
    this.#deps.log.warn('app', 'Rejecting DNS request from disallowed IP.');
    return false;
  }

  async #lookUp(lookup: DnsLookup, from: RemoteInfo): Promise<Resolution> {
    this.#deps.events.emit('activity', { portKind: 'dns' });
    const request = { command: lookup.command, address: lookup.name, port: 0, ipv4Only: false };
    try {
      return await this.#deps.gateway.resolve(request, this.#context(lookup, from));
    } catch (error) {
      if (error instanceof RefusedRequest) {
        return { kind: error.refusal.resolveError === true ? 'not-found' : 'failed' };
      }
      this.#deps.log.info('app', `A DNS look-up failed: ${TorError.from(error).message}`);
      return { kind: 'failed' };
    }
  }

  /** The family asked for is the family wanted. */
  #context(lookup: DnsLookup, from: RemoteInfo): RequestContext {
    const wantsIpv6 = lookup.question.type === 28;
    const reverse = lookup.command === 'resolve-ptr';
    const flags = {
      ...this.port.entry,
      dnsRequest: true,
      ipv4Traffic: reverse || !wantsIpv6,
      ipv6Traffic: reverse || wantsIpv6,
      preferIpv6: wantsIpv6,
      preferIpv6Automap: wantsIpv6,
    };
    const origin = {
      clientAddress: from.address,
      portKind: this.port.kind,
      protocol: 'dns',
      auth: undefined,
      sessionGroup: this.#options.sessionGroup,
      nymEpoch: this.#options.nymEpoch(),
    };
    return {
      flags,
      isolation: isolationOf(this.port.entry, origin, { address: lookup.name, port: 0 }),
      source: `${from.address}:${from.port}`,
      timeoutMs: this.#options.config.socksTimeoutMs,
      signal: this.#abort.signal,
    };
  }

  #refuse(packet: Uint8Array, from: RemoteInfo, rcode: number): void {
    try {
      const query = decodeDnsMessage(packet);
      if (!query.isResponse) this.#send(respond(query, rcode), from);
    } catch {
      // Not a DNS message: nothing to answer.
    }
  }

  #send(packet: Uint8Array, to: RemoteInfo): void {
    this.#socket?.send(packet, to.port, to.address);
  }
}
