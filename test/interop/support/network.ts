import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthorityKeys } from './authority-keys.ts';
import { consensusPath, fetchText, runningRelays } from './consensus.ts';
import type { ControlClient } from './control-client.ts';
import { startDnsServer, type TestDnsServer } from './dns-server.ts';
import { startEchoServer, type TestEchoServer } from './echo-server.ts';
import { startHttpServer, type TestHttpServer } from './http-server.ts';
import type { Implementation } from './implementation.ts';
import { type NodeDescription, type NodeKind, TorNode } from './node.ts';
import { authorizeClients, makeClientKey, type OnionPort, type OnionServiceDescription } from './onion-service.ts';
import { FreePorts } from './ports.ts';
import { type Timing, torrc } from './torrc.ts';
import { waitFor } from './wait.ts';

export interface NodeOptions {
  readonly name?: string;
  /** The program in this seat. Default: the network's. */
  readonly implementation?: Implementation;
  /** Lines added at the end of the torrc. */
  readonly torrc?: readonly string[];
}

export interface OnionServiceOptions extends NodeOptions {
  /** Default: 80 to the network's web server, 7 to its echo server. */
  readonly ports?: readonly OnionPort[];
  /** Names of the clients that may read the descriptor; keys are made for each. Default: everybody may. */
  readonly clients?: readonly string[];
  /** More lines of the service, such as `HiddenServiceNumIntroductionPoints 4`. */
  readonly service?: readonly string[];
}

export interface NetworkOptions {
  /** Each count may be a list that says more about each node. Default: 3 authorities. */
  readonly authorities?: number | readonly NodeOptions[];
  /** Relays that are no exits. Default: 3. */
  readonly relays?: number | readonly NodeOptions[];
  /** Default: 2. */
  readonly exits?: number | readonly NodeOptions[];
  /** Default: none. */
  readonly bridges?: number | readonly NodeOptions[];
  readonly onionServices?: number | readonly OnionServiceOptions[];
  readonly clients?: number | readonly NodeOptions[];
  /** The program of every node that does not name its own. Default: `tor`. */
  readonly implementation?: Implementation;
  /** Lines for every torrc. */
  readonly torrc?: readonly string[];
  readonly consensusParams?: Readonly<Record<string, number>>;
  readonly timing?: Partial<Timing>;
  /** Where everything is kept. Default: a temporary folder, removed by `stop()` unless a test failed. */
  readonly folder?: string;
  /** Told what is going on while the network starts. Default: standard error. */
  readonly progress?: (text: string) => void;
}

/** What another process needs in order to use a running network. */
export interface NetworkDescription {
  readonly folder: string;
  readonly dirAuthorities: readonly string[];
  readonly nodes: readonly NodeDescription[];
  readonly onions: Readonly<Record<string, OnionServiceDescription>>;
  readonly timing: Timing;
  readonly httpPort: number;
  readonly echoPort: number;
  readonly dnsPort: number;
}

interface Servers {
  readonly http: TestHttpServer;
  readonly echo: TestEchoServer;
  readonly dns: TestDnsServer;
}

const address = '127.0.0.1';
const defaultTiming: Timing = { votingIntervalS: 20 };

function listOf<T extends NodeOptions>(
  wanted: number | readonly T[] | undefined,
  fallback: number,
): readonly NodeOptions[] {
  const list = wanted ?? fallback;
  return typeof list === 'number' ? Array.from({ length: list }, () => ({})) : list;
}

/**
 * The authorities' lines for a first vote just after every descriptor has arrived. They vote at fixed times of the day;
 * the offset moves those to where we want them. A relay that misses the first vote costs a whole voting interval, so a
 * busy machine gets more time.
 */
function firstVote(nodeCount: number): readonly string[] {
  const busy = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
  const uploadsMs = (2000 + 150 * nodeCount) * Math.min(busy, 2);
  // C tor votes two quarters of the interval before the consensus, at most 4 s; no earlier vote may come in between.
  const [intervalS, voteBeforeS] = uploadsMs < 4500 ? [5, 2] : [10, 4];
  const consensusAtS = Math.ceil((Date.now() + uploadsMs) / 1000) + voteBeforeS;
  return [
    `TestingV3AuthInitialVotingInterval ${intervalS} seconds`,
    `TestingV3AuthVotingStartOffset ${consensusAtS % intervalS} seconds`,
  ];
}

/**
 * A private Tor network on loopback: real processes, each C tor or Tropea, and the servers that stand for the world
 * behind its exits. `stop()` ends every process; they also end with this one, however it ends.
 */
export class TorNetwork {
  readonly folder: string;
  readonly dirAuthorities: readonly string[];
  readonly nodes: TorNode[] = [];
  readonly onions: Record<string, OnionServiceDescription> = {};
  readonly timing: Timing;
  readonly httpPort: number;
  readonly echoPort: number;
  readonly dnsPort: number;
  readonly #servers: Servers | undefined;
  readonly #ports: FreePorts;
  readonly #options: NetworkOptions;
  readonly #known: readonly NodeDescription[];
  readonly #extra = new Map<TorNode, readonly string[]>();

  private constructor(
    description: NetworkDescription,
    own: { readonly servers?: Servers; readonly ports: FreePorts; readonly options: NetworkOptions },
  ) {
    this.folder = description.folder;
    this.dirAuthorities = description.dirAuthorities;
    this.timing = description.timing;
    this.httpPort = description.httpPort;
    this.echoPort = description.echoPort;
    this.dnsPort = description.dnsPort;
    Object.assign(this.onions, description.onions);
    this.#known = description.nodes;
    this.#servers = own.servers;
    this.#ports = own.ports;
    this.#options = own.options;
  }

  /** Starts a network and resolves when its clients are bootstrapped and its onion services published. */
  static async start(options: NetworkOptions = {}): Promise<TorNetwork> {
    const started = performance.now();
    const progress = options.progress ?? ((text) => process.stderr.write(`network: ${text}\n`));
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tropea-network-'));
    mkdirSync(folder, { recursive: true });
    const ports = new FreePorts();
    const [http, echo, dns] = await Promise.all([startHttpServer(), startEchoServer(), startDnsServer()]);
    await writeFile(join(folder, 'resolv.conf'), `nameserver ${address}:${dns.port}\n`);
    await writeFile(join(folder, 'empty'), '');
    const timing = { ...defaultTiming, ...options.timing };
    const dirAuthorities: string[] = [];
    const network = new TorNetwork(
      {
        folder,
        dirAuthorities,
        nodes: [],
        onions: {},
        timing,
        httpPort: http.port,
        echoPort: echo.port,
        dnsPort: dns.port,
      },
      { servers: { http, echo, dns }, ports, options },
    );
    try {
      const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
      const authorities = await network.#makeAuthorities(dirAuthorities);
      const relays = await network.#makeRelays();
      progress(`${authorities.length} authorities and ${relays.length} relays in ${folder}`);
      await network.#startVoting([...authorities, ...relays], progress);
      progress(`consensus of ${runningRelays((await network.consensus()) ?? '').size} relays after ${seconds()}`);
      await Promise.all([
        ...listOf(options.onionServices, 0).map((service) => network.addOnionService(service)),
        ...listOf(options.clients, 0).map((client) => network.addClient(client)),
      ]);
      progress(`ready after ${seconds()}`);
      return network;
    } catch (error) {
      const said = network.nodes.filter((node) => node.running).map((node) => `${node.name}: ${node.process.tail(4)}`);
      progress(`did not start; logs are kept in ${folder}\n${said.join('\n')}`);
      await network.stop({ keep: true });
      throw error;
    }
  }

  /** Uses a network that another process started. `stop()` ends only what was added here. */
  static attach(description: NetworkDescription): TorNetwork {
    return new TorNetwork(description, { ports: new FreePorts(), options: {} });
  }

  describe(): NetworkDescription {
    const described = this.nodes.map((node) => ({
      kind: node.kind,
      name: node.name,
      implementation: node.implementation,
      folder: node.folder,
      address: node.address,
      orPort: node.orPort,
      dirPort: node.dirPort,
      socksPort: node.socksPort,
      controlPort: node.controlPort,
    }));
    const { folder, dirAuthorities, onions, timing, httpPort, echoPort, dnsPort } = this;
    return {
      folder,
      dirAuthorities,
      nodes: [...this.#known, ...described],
      onions,
      timing,
      httpPort,
      echoPort,
      dnsPort,
    };
  }

  /** A node started here. */
  node(name: string): TorNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name} was started here`);
    return found;
  }

  /** All nodes of a kind, also those of the process that started the network. */
  descriptions(kind: NodeKind): readonly NodeDescription[] {
    return [...this.#known, ...this.nodes].filter((node) => node.kind === kind);
  }

  /** The address of an onion service: the first, or the one named. */
  onion(name?: string): OnionServiceDescription {
    const found = name === undefined ? Object.values(this.onions)[0] : this.onions[name];
    if (found === undefined) throw new Error(`no onion service ${name ?? ''}`);
    return found;
  }

  /** The configuration of a node that the test starts itself; ports of 0 leave the port out. */
  torrcFor(
    kind: NodeKind,
    input: { readonly dataDirectory: string; readonly name?: string } & Partial<
      Pick<NodeDescription, 'orPort' | 'dirPort' | 'socksPort' | 'controlPort'>
    > & { readonly extra?: readonly string[] },
  ): string {
    return torrc({
      kind,
      name: input.name ?? kind,
      dataDirectory: input.dataDirectory,
      address,
      orPort: input.orPort ?? 0,
      dirPort: input.dirPort ?? 0,
      socksPort: input.socksPort ?? 0,
      controlPort: input.controlPort ?? 0,
      dirAuthorities: this.dirAuthorities,
      resolvConf: join(this.folder, 'resolv.conf'),
      emptyFile: join(this.folder, 'empty'),
      timing: this.timing,
      consensusParams: this.#options.consensusParams ?? {},
      extra: [...(this.#options.torrc ?? []), ...(input.extra ?? [])],
    });
  }

  freePort(): Promise<number> {
    return this.#ports.take(address);
  }

  /** The current consensus of the first authority that has one (`ns` flavour unless told). */
  async consensus(flavor: 'ns' | 'microdesc' = 'ns'): Promise<string | undefined> {
    for (const { dirPort } of this.descriptions('authority')) {
      const text = await fetchText(address, dirPort, consensusPath[flavor]);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /** Resolves when every authority's current consensus calls all of these relays running. */
  async waitForRelays(names: readonly string[], timeoutMs = 90_000): Promise<void> {
    let missing: readonly string[] = names;
    await waitFor(
      'a consensus with every relay',
      async () => {
        for (const { dirPort } of this.descriptions('authority')) {
          const running = runningRelays((await fetchText(address, dirPort, consensusPath.ns)) ?? '');
          missing = names.filter((name) => !running.has(name));
          if (missing.length > 0) return undefined;
        }
        return true;
      },
      { timeoutMs, intervalMs: 200, onTimeout: () => `missing: ${missing.join(' ')}` },
    );
  }

  /** Adds a relay, exit or bridge to the running network. Wait for its place in the consensus with `waitForRelays`. */
  async addRelay(kind: 'relay' | 'exit' | 'bridge', options: NodeOptions = {}): Promise<TorNode> {
    const node = await this.#make(kind, options);
    node.start();
    return node;
  }

  /** Adds a client and resolves when it is bootstrapped. */
  async addClient(options: NodeOptions & { readonly bootstrap?: boolean } = {}): Promise<TorNode> {
    const node = await this.#make('client', options);
    node.start();
    if (options.bootstrap !== false) await node.bootstrapped();
    return node;
  }

  /** Adds an onion service and resolves when its descriptor is uploaded. */
  async addOnionService(options: OnionServiceOptions = {}): Promise<TorNode> {
    const node = await this.#make('onion', options, (folder) => {
      const ports = options.ports ?? [
        { virtualPort: 80, target: `${address}:${this.httpPort}` },
        { virtualPort: 7, target: `${address}:${this.echoPort}` },
      ];
      return [
        `HiddenServiceDir ${join(folder, 'service')}`,
        ...ports.map(({ virtualPort, target }) => `HiddenServicePort ${virtualPort} ${target}`),
        ...(options.service ?? []),
      ];
    });
    const clients = (options.clients ?? []).map(makeClientKey);
    const service = join(node.folder, 'service');
    if (clients.length > 0) {
      mkdirSync(service, { mode: 0o700 });
      await authorizeClients(service, clients);
    }
    node.start();
    const control = await node.control();
    try {
      await control.command('SETEVENTS HS_DESC');
      await node.bootstrapped();
      await this.#published(node, control);
    } finally {
      control.close();
    }
    const hostname = (await readFile(join(service, 'hostname'), 'latin1')).trim();
    this.onions[node.name] = { hostname, clients };
    return node;
  }

  /** Ends what was started here, services and clients first, and removes the folder unless it is to be kept. */
  async stop(options: { readonly keep?: boolean } = {}): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    if (this.#servers === undefined) return;
    const { http, echo, dns } = this.#servers;
    await Promise.all([http.close(), echo.close(), dns.close()]);
    const keep = options.keep ?? (this.#options.folder !== undefined || process.env.TROPEA_TEST_KEEP !== undefined);
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  async #make(
    kind: NodeKind,
    options: NodeOptions,
    lines: (folder: string) => readonly string[] = () => [],
  ): Promise<TorNode> {
    const relay = kind !== 'client' && kind !== 'onion';
    const [orPort, dirPort, socksPort, controlPort] = await Promise.all([
      relay ? this.freePort() : 0,
      kind === 'authority' ? this.freePort() : 0,
      kind === 'client' ? this.freePort() : 0,
      this.freePort(),
    ]);
    const name = options.name ?? this.#freeName(kind);
    const folder = join(this.folder, name);
    const node = new TorNode(options.implementation ?? this.#options.implementation ?? 'tor', {
      ...{ kind, name, folder, address },
      ...{ orPort, dirPort, socksPort, controlPort },
    });
    this.nodes.push(node);
    this.#extra.set(node, [...lines(folder), ...(options.torrc ?? [])]);
    await this.#configure(node);
    return node;
  }

  #configure(node: TorNode, more: readonly string[] = []): Promise<void> {
    const { kind, name, dataDirectory, orPort, dirPort, socksPort, controlPort } = node;
    const extra = [...more, ...(this.#extra.get(node) ?? [])];
    return node.write(this.torrcFor(kind, { name, dataDirectory, orPort, dirPort, socksPort, controlPort, extra }));
  }

  #freeName(kind: NodeKind): string {
    const taken = new Set([...this.#known, ...this.nodes].map((node) => node.name));
    const mark = this.#servers === undefined ? `p${process.pid}x` : '';
    for (let number = 0; ; number++) {
      const name = `${kind}${mark}${number}`;
      if (!taken.has(name)) return name;
    }
  }

  /** Keys first, then the torrc files, since each names the fingerprints of all. */
  async #makeAuthorities(lines: string[]): Promise<TorNode[]> {
    const wanted = listOf(this.#options.authorities, 3);
    const nodes = await Promise.all(wanted.map((options) => this.#make('authority', options)));
    const identities = await Promise.all(
      nodes.map(({ name, dataDirectory, orPort, dirPort }, index) =>
        makeAuthorityKeys({
          implementation: wanted[index]?.implementation ?? this.#options.implementation ?? 'tor',
          ...{ name, dataDirectory, address, orPort, dirPort },
        }),
      ),
    );
    nodes.forEach((node, index) => {
      const identity = identities[index];
      if (identity === undefined) return;
      const { v3Identity, fingerprint } = identity;
      const orPort = `orport=${node.orPort} v3ident=${v3Identity}`;
      lines.push(`DirAuthority ${node.name} ${orPort} ${address}:${node.dirPort} ${fingerprint}`);
    });
    return nodes;
  }

  #makeRelays(): Promise<TorNode[]> {
    const { relays, exits, bridges } = this.#options;
    return Promise.all([
      ...listOf(relays, 3).map((options) => this.#make('relay', options)),
      ...listOf(exits, 2).map((options) => this.#make('exit', options)),
      ...listOf(bridges, 0).map((options) => this.#make('bridge', options)),
    ]);
  }

  /** Starts the relays and waits for a consensus that has them all. */
  async #startVoting(nodes: readonly TorNode[], progress: (text: string) => void): Promise<void> {
    const lines = firstVote(nodes.length);
    for (const node of nodes) if (node.kind === 'authority') await this.#configure(node, lines);
    for (const node of nodes) node.start();
    progress('waiting for the first consensus');
    const listed = nodes.filter((node) => node.kind !== 'bridge').map((node) => node.name);
    await this.waitForRelays(listed);
    // A client that asks a relay without the new documents tries again much later; so do relays that asked before there
    // was a consensus, unless they are told to start afresh.
    for (const node of nodes) if (node.process.search(/Bootstrapped 100%/).length === 0) node.reload();
    await Promise.all(nodes.map((node) => node.bootstrapped()));
  }

  /**
   * Resolves when the service's descriptors, one for each of two time periods, are at all the directories they go to:
   * a client that asks too early remembers the failure.
   */
  async #published(node: TorNode, control: ControlClient): Promise<void> {
    const uploads = (action: string): string[] =>
      control.events
        .filter((event) => event.startsWith(`HS_DESC ${action} `))
        .map((event) => event.split(' ')[4] ?? '');
    await waitFor(
      `publishing of ${node.name}`,
      () => {
        const begun = uploads('UPLOAD');
        const ended = uploads('UPLOADED').length + uploads('FAILED').length;
        return new Set(uploads('UPLOAD')).size >= 2 && ended >= begun.length ? true : undefined;
      },
      { timeoutMs: 60_000, onTimeout: () => [...control.events, node.process.tail()].join('\n') },
    );
  }
}
