import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import { formatIp, formatIpPort } from '../../base/ip/index.ts';
import { listeningPorts, type PortConfig } from '../../wire/torrc/index.ts';
import { Authentication } from './authentication.ts';
import { ControlConnection } from './connection.ts';
import type { CommandContext } from './context.ts';
import { AuthCookie } from './cookie.ts';
import { BandwidthEvents } from './events/bandwidth.ts';
import { EventHub } from './events/hub.ts';
import { connectEvents } from './events/sources.ts';
import { makeInfoKeys } from './info/index.ts';
import { OnionLedger } from './onion-ledger.ts';
import { StreamTable } from './stream-table.ts';
import type { ControlDeps, ControlOptions } from './types.ts';

interface Listening {
  readonly server: Server;
  readonly port: PortConfig;
  readonly address: string;
}

/** The control port: listens where ControlPort and ControlSocket say. spec: control-spec */
export class ControlServer {
  readonly #deps: ControlDeps;
  readonly #options: ControlOptions;
  readonly #context: CommandContext;
  readonly #connections = new Set<ControlConnection>();
  readonly #listening = new Map<string, Listening>();
  readonly #offs: (() => void)[] = [];
  #cookie: AuthCookie | undefined;
  #closed = false;

  constructor(deps: ControlDeps, options: ControlOptions) {
    this.#deps = deps;
    this.#options = options;
    const { parts, runtime, traffic } = deps;
    const hub = new EventHub();
    const streams = new StreamTable({ circuits: parts.circuits });
    const bandwidth = new BandwidthEvents({ timers: runtime.timers, hub, traffic });
    this.#context = {
      deps,
      options,
      hub,
      streams,
      onions: new OnionLedger(parts.services),
      info: makeInfoKeys(),
      listeners: () => [...this.#listening.values()].map((listening) => listening.address),
      recentBandwidth: () => bandwidth.recent(),
    };
    this.#offs.push(
      connectEvents(deps, hub, streams),
      () => streams.close(),
      () => bandwidth.close(),
    );
  }

  /** Opens and closes ports to fit; open connections stay. Rejects with LISTEN_FAILED, STORAGE_FAILED. */
  async configure(ports: readonly PortConfig[]): Promise<void> {
    const { options } = this.#deps.configuration;
    const wanted = new Map(listeningPorts(ports, 'control').map((port) => [keyOf(port), port]));
    if (!options.get('CookieAuthentication')) {
      this.#cookie?.remove();
      this.#cookie = undefined;
    } else if (wanted.size > 0) {
      this.#cookie ??= AuthCookie.create(options, this.#options.dataDirectory, this.#deps.runtime.random);
    }
    for (const [key, listening] of this.#listening) {
      if (wanted.has(key)) continue;
      this.#listening.delete(key);
      listening.server.close();
    }
    for (const [key, port] of wanted) if (!this.#listening.has(key)) this.#listening.set(key, await this.#open(port));
    this.#writePortFile(options.get('ControlPortWriteToFile'));
  }

  /** Tells controllers of a signal that was taken: SIGNAL events. */
  noteSignal(name: string): void {
    this.#context.hub.send('SIGNAL', name);
  }

  /** The node is ending: commands get no answer any more, and connections end when it has ended. */
  stopListening(): void {
    for (const connection of this.#connections) connection.stopListening();
  }

  /** Closes ports and connections. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const portFile = this.#deps.configuration.options.get('ControlPortWriteToFile');
    if (portFile !== undefined) rmSync(portFile, { force: true });
    this.#cookie?.remove();
    for (const { server } of this.#listening.values()) server.close();
    this.#listening.clear();
    for (const connection of [...this.#connections]) connection.close();
    for (const off of this.#offs) off();
  }

  #open(port: PortConfig): Promise<Listening> {
    const server = createServer((socket) => this.#accept(socket));
    const { listen } = port;
    if (listen.kind === 'unix') rmSync(listen.path, { force: true });
    const { log } = this.#deps;
    const asked =
      listen.kind === 'unix' ? listen.path : formatIpPort(listen.ip, listen.port === 'auto' ? 0 : listen.port);
    log.notice('net', `Opening Control listener on ${asked}`);
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        reject(new TorError('LISTEN_FAILED', `Could not open Control listener: ${cause.message}`, { cause }));
      });
      const opened = (): void => {
        server.on('error', (error) => log.warn('control', error.message));
        const address = describe(server, port);
        const where = address.replace(/^unix:/, '');
        log.notice('net', `Opened Control listener connection (ready) on ${where}`);
        resolve({ server, port, address });
      };
      if (listen.kind === 'unix') {
        server.listen(listen.path, () => {
          chmodSync(listen.path, port.worldWritable ? 0o666 : port.groupWritable ? 0o660 : 0o600);
          opened();
        });
      } else {
        const number = listen.port === 'auto' ? 0 : listen.port;
        server.listen({ host: formatIp(listen.ip), port: number, exclusive: true }, opened);
      }
    });
  }

  #accept(socket: Socket): void {
    const from = socket.remoteAddress === undefined ? '' : ` from ${socket.remoteAddress}`;
    this.#deps.log.notice('control', `New control connection opened${from}.`);
    const connection = new ControlConnection(
      {
        context: this.#context,
        authentication: new Authentication({
          options: () => this.#deps.configuration.options,
          cookie: () => this.#cookie,
          random: this.#deps.runtime.random,
        }),
        onEnd: (ended) => this.#ended(ended),
      },
      socket,
    );
    this.#connections.add(connection);
  }

  #ended(connection: ControlConnection): void {
    this.#connections.delete(connection);
    void this.#context.onions.removeAllOf(connection);
    if (!connection.owner || this.#closed) return;
    this.#deps.log.notice('control', 'Owning controller connection has closed -- exiting now.');
    this.#deps.actions.interrupt();
  }

  /** Other programs learn from it where to connect, above all with `ControlPort auto`. */
  #writePortFile(path: string | undefined): void {
    if (path === undefined) return;
    const lines = [...this.#listening.values()].map(({ port, address }) =>
      port.listen.kind === 'unix' ? `UNIX_PORT=${address.slice('unix:'.length)}\n` : `PORT=${address}\n`,
    );
    try {
      writeFileSync(path, lines.join(''), { mode: 0o600 });
      if (this.#deps.configuration.options.get('ControlPortFileGroupReadable')) chmodSync(path, 0o640);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#deps.log.warn('control', `Writing ${path} failed: ${why}`);
    }
  }
}

function keyOf({ listen, groupWritable, worldWritable }: PortConfig): string {
  const where = listen.kind === 'unix' ? listen.path : `${formatIp(listen.ip)} ${listen.port}`;
  return `${where} ${groupWritable} ${worldWritable}`;
}

function describe(server: Server, { listen }: PortConfig): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return formatIpPort(listen.ip, port);
}
