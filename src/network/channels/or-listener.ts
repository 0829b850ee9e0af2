import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { base16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIp, type IpBytes, parseIp, unmapIp } from '../../base/ip/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { LinkChannel, type OnCreate } from '../../protocol/channel/index.ts';
import type { ChannelManager } from './channel-manager.ts';
import type { LinkCredentialSet } from './link-credentials.ts';
import { serverTlsSettings } from './tls-settings.ts';
import { TlsTransport, tlsBinding } from './tls-transport.ts';
import type { OrEndpoint } from './types.ts';

export interface OrListenerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly manager: ChannelManager;
}

export interface OrListenerOptions {
  /** The set in force; asked for each connection, so that new ones take effect at once. */
  readonly credentials: () => LinkCredentialSet;
  readonly onCreate: OnCreate;
  readonly ownAddresses?: () => readonly IpBytes[];
  readonly versions?: readonly number[];
  /** Connections of all peers together; more are refused at once. Default 8192. */
  readonly maxConnections?: number;
  /** Connections of one address; default 512. A relay's DoS defence lowers it for clients through `admit`. */
  readonly maxPerAddress?: number;
  /** Asked before TLS: false ends the connection. */
  readonly admit?: (address: IpBytes) => boolean;
  /** An admitted connection is gone. */
  readonly released?: (address: IpBytes) => void;
  /** TLS; default 30 s. */
  readonly tlsTimeoutMs?: number;
  readonly handshakeTimeoutMs?: number;
}

/** Accepts links from clients and relays on one ORPort. */
export class OrListener {
  readonly #deps: OrListenerDeps;
  readonly #options: OrListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  #context: { readonly set: LinkCredentialSet; readonly secure: SecureContext } | undefined;

  constructor(deps: OrListenerDeps, options: OrListenerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Connections that are not closed yet. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Listens; port 0 takes a free one. Resolves to the endpoint. Rejects with CONNECT_FAILED. */
  listen(endpoint: OrEndpoint): Promise<OrEndpoint> {
    return new Promise((resolve, reject) => {
      const onError = (cause: Error): void => {
        reject(new TorError('LISTEN_FAILED', undefined, { cause, facts: { address: formatIp(endpoint.address) } }));
      };
      this.#server.once('error', onError);
      this.#server.listen({ host: formatIp(endpoint.address), port: endpoint.port, ipv6Only: true }, () => {
        this.#server.off('error', onError);
        // Running out of descriptors fails single accepts, not the listener.
        this.#server.on('error', () => undefined);
        const bound = this.#server.address();
        const port = typeof bound === 'object' && bound !== null ? bound.port : endpoint.port;
        resolve({ address: endpoint.address, port });
      });
    });
  }

  /** Stops listening; open channels stay. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      if (!this.#server.listening) resolve();
    });
  }

  #accept(socket: Socket): void {
    // Whatever happens to a connection, nobody else is to hear of it.
    socket.on('error', () => undefined);
    const remote = socket.remoteAddress === undefined ? undefined : parseIp(socket.remoteAddress);
    if (remote === undefined) {
      socket.destroy();
      return;
    }
    const address = unmapIp(remote);
    const admitted = this.#admit(socket, address);
    this.#deps.manager.counts.count(admitted ? 'received' : 'rejected', address);
    if (!admitted) {
      socket.destroy();
      return;
    }
    this.#secure(socket, address);
  }

  #admit(socket: Socket, address: IpBytes): boolean {
    const key = base16(address);
    const count = this.#perAddress.get(key) ?? 0;
    if (this.#sockets.size >= (this.#options.maxConnections ?? 8192)) return false;
    if (count >= (this.#options.maxPerAddress ?? 512)) return false;
    if (this.#options.admit?.(address) === false) return false;
    this.#perAddress.set(key, count + 1);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#options.released?.(address);
      const left = (this.#perAddress.get(key) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(key);
      else this.#perAddress.set(key, left);
    });
    return true;
  }

  #secure(socket: Socket, address: IpBytes): void {
    const credentials = this.#options.credentials();
    const tls = new TLSSocket(socket, { isServer: true, secureContext: this.#secureContext(credentials) });
    tls.on('error', () => tls.destroy());
    const timer = this.#deps.timers.after(this.#options.tlsTimeoutMs ?? 30_000, () => tls.destroy());
    tls.once('close', () => timer.cancel());
    tls.once('secure', () => {
      timer.cancel();
      this.#open(tls, address, socket.remotePort ?? 0, credentials);
    });
  }

  #open(tls: TLSSocket, address: IpBytes, port: number, credentials: LinkCredentialSet): void {
    const { clock, timers, random, manager } = this.#deps;
    const transport = new TlsTransport(tls, { timers, traffic: manager.trafficOf(address) });
    const options = this.#options;
    const channel = new LinkChannel(
      { clock, timers, random, buffers: manager.buffers, transport, tls: tlsBinding(tls, credentials.tlsCert) },
      {
        role: 'responder',
        id: manager.takeId(),
        peerAddress: address,
        peerPort: port,
        credentials,
        params: manager.params,
        onCreate: options.onCreate,
        ...(options.ownAddresses && { ownAddresses: options.ownAddresses() }),
        ...(options.versions && { versions: options.versions }),
        ...(options.handshakeTimeoutMs && { handshakeTimeoutMs: options.handshakeTimeoutMs }),
      },
    );
    manager.adopt(channel);
    transport.attach(channel);
  }

  #secureContext(set: LinkCredentialSet): SecureContext {
    if (this.#context?.set !== set) {
      const secure = createSecureContext({ ...serverTlsSettings(), key: set.tlsKeyPem, cert: set.tlsCertPem });
      this.#context = { set, secure };
    }
    return this.#context.secure;
  }
}
