import type { Socket } from 'node:net';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Runtime } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import type { PortConfig } from '../../wire/torrc/index.ts';
import { AddressMap } from './address-map.ts';
import type { ClientConfig } from './config.ts';
import { DestinationChooser, shouldAutomap } from './destination.ts';
import { DnsListener } from './dns/dns-listener.ts';
import type { ClientEvents } from './events.ts';
import { Gateway } from './gateway.ts';
import { StreamListener } from './listener.ts';
import type { ClientNetwork, NameLookup, OnionNetwork } from './network.ts';
import { ProxySession } from './session.ts';

export interface ClientRoleDeps {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly network: ClientNetwork;
  readonly onion?: OnionNetwork;
  /** The fingerprint of a relay named in MapAddress. */
  readonly findExit?: (name: string) => string | undefined;
  /** Names that the user gave to onion addresses. */
  readonly names?: NameLookup;
}

export interface ClientRoleOptions {
  readonly config: ClientConfig;
  /** Told to HTTP clients, such as `tropea 1.0.0`. */
  readonly product: string;
  /** Connections of applications served at once on each port. */
  readonly maxConnections?: number;
}

const defaultMaxConnections = 8192;
const expiryIntervalMs = 60_000;

type Listener = StreamListener | DnsListener;

/** What applications see of Tor: SOCKS, HTTP tunnel and DNS ports, and the address map behind them. */
export class ClientRole {
  readonly events = new Emitter<ClientEvents>();
  readonly addressMap: AddressMap;
  readonly gateway: Gateway;
  readonly #deps: ClientRoleDeps;
  readonly #options: ClientRoleOptions;
  readonly #chooser: DestinationChooser;
  readonly #sessions = new Set<ProxySession>();
  readonly #listeners = new Map<string, Listener>();
  readonly #groups = new Map<string, string>();
  #config: ClientConfig;
  #nymEpoch = 0;
  #stopExpiry: () => void = () => undefined;

  constructor(deps: ClientRoleDeps, options: ClientRoleOptions) {
    const { config } = options;
    const { clock, random } = deps.runtime;
    this.#deps = deps;
    this.#options = options;
    this.#config = config;
    this.addressMap = new AddressMap({ clock, random }, config);
    this.#chooser = new DestinationChooser({ map: this.addressMap, names: deps.names }, config);
    this.gateway = new Gateway(
      {
        clock,
        log: deps.log,
        network: deps.network,
        onion: deps.onion,
        map: this.addressMap,
        chooser: this.#chooser,
        events: this.events,
        findExit:
          deps.findExit ??
          ((name) => (/^\$?[0-9a-f]{40}$/i.test(name) ? name.replace('$', '').toUpperCase() : undefined)),
      },
      config,
    );
    this.#readMapAddress();
  }

  /** Opens every port. Rejects with LISTEN_FAILED, and then none is open. */
  async start(): Promise<void> {
    this.#scheduleExpiry();
    try {
      for (const port of this.#config.ports) await this.#open(port);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Closes ports, then connections. */
  async stop(): Promise<void> {
    this.#stopExpiry();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
    this.#listeners.clear();
    const closed = [...this.#sessions].map((session) => session.closed);
    for (const session of this.#sessions) session.destroy();
    await Promise.all(closed);
  }

  /** Takes a new configuration: ports that stay the same stay open. Rejects with LISTEN_FAILED when one cannot open. */
  async configure(config: ClientConfig): Promise<void> {
    this.#config = config;
    this.addressMap.configure(config);
    this.#chooser.configure(config);
    this.gateway.configure(config);
    this.addressMap.clearConfigured();
    this.#readMapAddress();
    const { automapHostsOnResolve, automapHostsSuffixes } = config;
    this.addressMap.clearAutomaps((name) => automapHostsOnResolve && shouldAutomap(name, automapHostsSuffixes));
    const wanted = new Map(config.ports.map((port) => [portKey(port), port]));
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) {
        listener.setPolicy(config.socksPolicy);
        continue;
      }
      this.#deps.log.notice(
        'net',
        `Closing no-longer-configured ${titleOf(listener.port)} listener on ${listener.address}`,
      );
      await listener.close();
      this.#listeners.delete(key);
    }
    for (const [key, port] of wanted) if (!this.#listeners.has(key)) await this.#open(port);
  }

  /** NEWNYM: streams from now on share no circuit with earlier ones. */
  newIdentity(): void {
    this.#nymEpoch++;
    this.addressMap.clearTransient();
  }

  /** Open ports as the control port tells them: kind and address. */
  get listeners(): readonly { readonly kind: PortConfig['kind']; readonly address: string }[] {
    return [...this.#listeners.values()].map(({ port, address }) => ({ kind: port.kind, address }));
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  async #open(port: PortConfig): Promise<void> {
    const listener = port.kind === 'dns' ? this.#dnsListener(port) : this.#streamListener(port);
    await listener.open();
    this.#listeners.set(portKey(port), listener);
    this.events.emit('listening', { kind: port.kind, address: listener.address });
  }

  #dnsListener(port: PortConfig): DnsListener {
    const { log } = this.#deps;
    return new DnsListener(
      { log, gateway: this.gateway, events: this.events },
      { port, config: this.#config, sessionGroup: this.#groupOf(port), nymEpoch: () => this.#nymEpoch },
    );
  }

  #streamListener(port: PortConfig): StreamListener {
    return new StreamListener(
      { log: this.#deps.log, onConnection: (socket) => this.#serve(socket, port) },
      {
        port,
        policy: this.#config.socksPolicy,
        maxConnections: this.#options.maxConnections ?? defaultMaxConnections,
        title: titleOf(port),
      },
    );
  }

  #serve(socket: Socket, port: PortConfig): void {
    const { runtime, log } = this.#deps;
    const session = new ProxySession(
      {
        clock: runtime.clock,
        timers: runtime.timers,
        log,
        events: this.events,
        map: this.addressMap,
        gateway: this.gateway,
      },
      socket,
      {
        port,
        config: this.#config,
        sessionGroup: this.#groupOf(port),
        nymEpoch: this.#nymEpoch,
        product: this.#options.product,
      },
    );
    this.#sessions.add(session);
    void session.closed.then(() => this.#sessions.delete(session));
  }

  /** A port without SessionGroup is a group of its own. */
  #groupOf(port: PortConfig): string {
    const { sessionGroup } = port.entry;
    if (sessionGroup !== undefined) return `group-${sessionGroup}`;
    const key = portKey(port);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = `port-${this.#groups.size}`;
      this.#groups.set(key, group);
    }
    return group;
  }

  #readMapAddress(): void {
    for (const line of this.#config.mapAddress) {
      const [from, to, ...rest] = line.split(/\s+/).filter((word) => word !== '');
      const problem = this.#mapAddressProblem(line, from, to);
      if (problem !== undefined) this.#deps.log.warn('config', problem);
      else if (rest.length > 0) this.#deps.log.warn('config', 'Ignoring extra arguments to MapAddress.');
    }
  }

  #mapAddressProblem(line: string, from: string | undefined, to: string | undefined): string | undefined {
    if (from === undefined || to === undefined) return `MapAddress '${line}' has too few arguments. Ignoring.`;
    if (from.startsWith('.') || to.startsWith('.')) {
      return `MapAddress '${line}' is ambiguous - address starts with a'.'. Ignoring.`;
    }
    const problem = this.addressMap.map(from, to, 'torrc');
    return problem === undefined ? undefined : `MapAddress '${line}' failed: ${problem}. Ignoring.`;
  }

  #scheduleExpiry(): void {
    const timer = this.#deps.runtime.timers.after(
      expiryIntervalMs,
      () => {
        this.addressMap.expire();
        this.#scheduleExpiry();
      },
      { background: true },
    );
    this.#stopExpiry = () => timer.cancel();
  }
}

/** What makes two ports the same: everything in their line. */
function portKey(port: PortConfig): string {
  const { listen } = port;
  const where = listen.kind === 'unix' ? listen.path : `${listen.ip.join('.')}:${listen.port}`;
  return JSON.stringify([port.kind, where, port.entry, port.groupWritable, port.worldWritable]);
}

function titleOf(port: PortConfig): string {
  switch (port.kind) {
    case 'socks':
      return 'Socks';
    case 'http-tunnel':
      return 'HTTP tunnel';
    case 'dns':
      return 'DNS';
    default:
      throw new TorError('INTERNAL', `the client role does not serve ${port.kind} ports`);
  }
}
