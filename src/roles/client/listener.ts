import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { systemErrorCode, TorError } from '../../base/errors/index.ts';
import { formatIp, formatIpPort, type IpBytes, parseIp } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import { type AddressRule, type PortConfig, policyAccepts } from '../../wire/torrc/index.ts';

export interface ListenerDeps {
  readonly log: Logger;
  readonly onConnection: (socket: Socket, listener: StreamListener) => void;
}

export interface ListenerOptions {
  readonly port: PortConfig;
  readonly policy: readonly AddressRule[];
  /** Connections served at once; more are closed as they come. */
  readonly maxConnections: number;
  /** As C tor prints it: `Socks`. */
  readonly title: string;
}

/** A TCP port or unix socket that applications connect to. */
export class StreamListener {
  readonly port: PortConfig;
  readonly #deps: ListenerDeps;
  readonly #title: string;
  readonly #server: Server;
  #policy: readonly AddressRule[];
  #address = '';

  constructor(deps: ListenerDeps, options: ListenerOptions) {
    this.port = options.port;
    this.#deps = deps;
    this.#title = options.title;
    this.#policy = options.policy;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.maxConnections;
  }

  /** Where it listens: `127.0.0.1:9050` or `unix:/path`. */
  get address(): string {
    return this.#address;
  }

  setPolicy(policy: readonly AddressRule[]): void {
    this.#policy = policy;
  }

  /** Rejects with LISTEN_FAILED. */
  async open(): Promise<void> {
    const { listen } = this.port;
    const { log } = this.#deps;
    const wanted =
      listen.kind === 'unix' ? listen.path : formatIpPort(listen.ip, listen.port === 'auto' ? 0 : listen.port);
    log.notice('net', `Opening ${this.#title} listener on ${wanted}`);
    try {
      if (listen.kind === 'unix') await this.#openUnix(listen.path);
      else await this.#listen({ host: formatIp(listen.ip), port: listen.port === 'auto' ? 0 : listen.port });
    } catch (error) {
      throw new TorError('LISTEN_FAILED', `Could not bind to ${wanted}: ${messageOf(error)}. Is Tor already running?`, {
        cause: error,
      });
    }
    const bound = this.#server.address();
    const isTcp = typeof bound === 'object' && bound !== null;
    this.#address = isTcp ? formatIpPort(parseIp(bound.address) ?? new Uint8Array(4), bound.port) : `unix:${wanted}`;
    log.notice('net', `Opened ${this.#title} listener connection (ready) on ${isTcp ? this.#address : wanted}`);
  }

  /** Stops accepting; open connections go on. */
  async close(): Promise<void> {
    const { listen } = this.port;
    // Its callback waits for open connections, which go on: nobody waits for it.
    this.#server.close();
    if (listen.kind === 'unix') await unlink(listen.path).catch(() => undefined);
  }

  async #openUnix(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const known = await lstat(path).catch(() => undefined);
    if (known?.isSocket() === true) await unlink(path);
    await this.#listen({ path });
    const mode = this.port.worldWritable ? 0o666 : this.port.groupWritable ? 0o660 : 0o600;
    await chmod(path, mode);
  }

  #listen(where: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(where, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#deps.log.warn('net', `Accepting failed: ${messageOf(error)}`));
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const ip = clientIp(socket);
    if (ip !== undefined && !policyAccepts(this.#policy, ip, 1)) {
      this.#deps.log.notice('app', `Denying socks connection from untrusted address ${formatIp(ip)}.`);
      socket.destroy();
      return;
    }
    this.#deps.onConnection(socket, this);
  }
}

/** The client's address; undefined on unix sockets. A mapped IPv4 address counts as IPv4. */
function clientIp(socket: Socket): IpBytes | undefined {
  const text = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return text === undefined ? undefined : parseIp(text);
}

function messageOf(error: unknown): string {
  if (systemErrorCode(error) === 'EADDRINUSE') return 'Address already in use';
  return error instanceof Error ? error.message : String(error);
}
