import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { nodeRuntime, type Runtime } from '../../base/runtime/index.ts';
import { writeAuthorityKeys } from './authority-keys.ts';
import { addToBandwidthFile, evenWeightParams, startBandwidthFile } from './bandwidth-file.ts';
import { consensusPath, fetchText, runningRelays } from './consensus.ts';
import { FirstConsensus } from './first-consensus.ts';
import { FreePorts } from './free-ports.ts';
import { type Implementation, implementationName } from './implementation.ts';
import { LabNode, type NodeDescription, type NodeKind } from './lab-node.ts';
import { NodeHost } from './node-host.ts';
import { type Timing, torrc } from './node-torrc.ts';
import {
  authorizeClients,
  clientAuthFolder,
  makeClientKey,
  type OnionServiceDescription,
  writeClientAuth,
} from './onion-files.ts';
import { startService } from './service-ready.ts';
import {
  type ClientOptions,
  givenNames,
  type LabTopology,
  type NodeOptions,
  nodesOf,
  type OnionServiceOptions,
  type RelayOptions,
  withNames,
} from './topology.ts';
import { waitFor } from './wait.ts';
import { startWorld, type World } from './world/index.ts';

/** A service, and who hears its control port until it is published. */
export interface ServiceOptions extends OnionServiceOptions {
  readonly onEvent?: (event: string) => void;
}

export interface LabOptions extends LabTopology {
  readonly onionServices?: number | readonly ServiceOptions[];
  /** Where everything is kept. Default: a temporary folder, removed by `stop()` unless the start failed. */
  readonly folder?: string;
  /** Whether `stop()` leaves the folder. Default: only a folder that was given. */
  readonly keep?: boolean;
  /** Told what is going on while the network starts. */
  readonly progress?: (text: string) => void;
  /** Gives up starting; every process is ended. */
  readonly signal?: AbortSignal;
  readonly runtime?: Runtime;
}

/** What another process needs in order to use a running network. */
export interface LabDescription {
  readonly folder: string;
  readonly dirAuthorities: readonly string[];
  readonly nodes: readonly NodeDescription[];
  readonly onions: Readonly<Record<string, OnionServiceDescription>>;
  readonly timing: Timing;
  readonly httpPort: number;
  readonly echoPort: number;
  readonly dnsPort: number;
}

const address = '127.0.0.1';
const defaultTiming: Timing = { votingIntervalS: 20 };

function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const give = (): void => reject(new TorError('ABORTED', undefined, { cause: signal.reason }));
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

/**
 * A private Tor network on loopback: real processes, each C tor or Tropea, and the servers that stand for the world
 * behind its exits. `stop()` ends every process; they also end with this one, however it ends.
 */
export class Lab {
  readonly folder: string;
  readonly dirAuthorities: readonly string[];
  readonly nodes: LabNode[] = [];
  readonly onions: Record<string, OnionServiceDescription> = {};
  readonly timing: Timing;
  readonly httpPort: number;
  readonly echoPort: number;
  readonly dnsPort: number;
  readonly #world: World | undefined;
  readonly #ports: FreePorts;
  readonly #options: LabOptions;
  readonly #runtime: Runtime;
  readonly #known: readonly NodeDescription[];
  readonly #extra = new Map<LabNode, readonly string[]>();
  #stopped = false;
  #isReady = true;
  readonly #hosts: NodeHost[] = [];
  #hosted = 0;

  private constructor(
    description: LabDescription,
    own: { readonly world?: World; readonly ports: FreePorts; readonly options: LabOptions },
  ) {
    this.folder = description.folder;
    this.dirAuthorities = description.dirAuthorities;
    this.timing = description.timing;
    this.httpPort = description.httpPort;
    this.echoPort = description.echoPort;
    this.dnsPort = description.dnsPort;
    Object.assign(this.onions, description.onions);
    this.#known = description.nodes;
    this.#world = own.world;
    this.#ports = own.ports;
    this.#options = own.options;
    this.#runtime = own.options.runtime ?? nodeRuntime;
  }

  /**
   * Starts a network and resolves when its clients are bootstrapped and its onion services published. Rejects with
   * LAB_FAILED, ABORTED; then nothing is left running.
   */
  static async start(options: LabOptions = {}): Promise<Lab> {
    const started = performance.now();
    const progress = options.progress ?? (() => {});
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tropea-lab-'));
    mkdirSync(folder, { recursive: true });
    const ports = new FreePorts((options.runtime ?? nodeRuntime).random);
    const world = await startWorld();
    const { http, echo, dns } = world;
    await writeFile(join(folder, 'resolv.conf'), `nameserver ${address}:${dns.port}\n`);
    await writeFile(join(folder, 'empty'), '');
    await startBandwidthFile(join(folder, 'bandwidths'), (options.runtime ?? nodeRuntime).clock.now());
    const timing = { ...defaultTiming, ...options.timing };
    const dirAuthorities: string[] = [];
    const network = new Lab(
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
      { world, ports, options },
    );
    const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    try {
      network.#startHosts();
      await unlessAborted(network.#bringUp(dirAuthorities, progress, seconds), options.signal);
      progress(`ready after ${seconds()}`);
      return network;
    } catch (error) {
      const given = options.signal?.aborted === true;
      if (!given) progress(`did not start; logs are kept in ${folder}${network.#lastWords()}`);
      await network.stop(given ? {} : { keep: true });
      throw TorError.from(error, 'LAB_FAILED');
    }
  }
  /** Uses a network that another process started. `stop()` ends only what was added here. */
  static attach(description: LabDescription): Lab {
    return new Lab(description, { ports: new FreePorts(nodeRuntime.random), options: {} });
  }

  describe(): LabDescription {
    const described = this.nodes.map((node) => node.describe());
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
  node(name: string): LabNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new TorError('LAB_FAILED', `no node ${name} was started here`);
    return found;
  }

  /** All nodes of a kind, also those of the process that started the network. */
  descriptions(kind: NodeKind): readonly NodeDescription[] {
    return [...this.#known, ...this.nodes].filter((node) => node.kind === kind);
  }

  /** The address of an onion service: the first, or the one named. */
  onion(name?: string): OnionServiceDescription {
    const found = name === undefined ? Object.values(this.onions)[0] : this.onions[name];
    if (found === undefined) throw new TorError('LAB_FAILED', `no onion service ${name ?? ''}`);
    return found;
  }

  /** The configuration of a node that the test starts itself; ports of 0 leave the port out. */
  torrcFor(
    kind: NodeKind,
    input: { readonly dataDirectory: string; readonly name?: string } & Partial<
      Pick<NodeDescription, 'orPort' | 'dirPort' | 'socksPort' | 'controlPort'>
    > & { readonly extra?: readonly string[]; readonly timing?: Timing | undefined },
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
      bandwidthFile: join(this.folder, 'bandwidths'),
      timing: input.timing ?? this.timing,
      consensusParams: { ...evenWeightParams, ...this.#options.consensusParams },
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
        this.#unlessStopped();
        for (const { dirPort } of this.descriptions('authority')) {
          const running = runningRelays((await fetchText(address, dirPort, consensusPath.ns)) ?? '');
          missing = names.filter((name) => !running.has(name));
          if (missing.length > 0) return undefined;
        }
        return true;
      },
      { timeoutMs, intervalMs: 190 + 5 * names.length, onTimeout: () => `missing: ${missing.join(' ')}` },
    );
  }

  /** Adds a relay, exit or bridge to the running network. Wait for its place in the consensus with `waitForRelays`. */
  async addRelay(kind: 'relay' | 'exit' | 'bridge', options: RelayOptions = {}): Promise<LabNode> {
    const node = await this.#make(kind, options);
    this.#startRelay(node);
    return node;
  }

  /** Adds a client and resolves when it is bootstrapped. */
  async addClient(options: ClientOptions & { readonly bootstrap?: boolean } = {}): Promise<LabNode> {
    const bridges = await this.#bridgeLines(options.bridges ?? []);
    const node = await this.#make('client', options, () => bridges);
    node.start();
    if (options.bootstrap !== false) await node.bootstrapped(this.#patienceMs);
    return node;
  }

  /** Adds an onion service and resolves when its descriptor is uploaded; `onEvent` hears its control port till then. */
  async addOnionService(options: ServiceOptions = {}): Promise<LabNode> {
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
    const clients = (options.clients ?? []).map((client) => makeClientKey(client, this.#runtime.random));
    const service = join(node.folder, 'service');
    if (clients.length > 0) {
      mkdirSync(service, { mode: 0o700 });
      await authorizeClients(service, clients);
    }
    await startService(node, { bootstrapMs: this.#patienceMs, onEvent: options.onEvent });
    const hostname = (await readFile(join(service, 'hostname'), 'latin1')).trim();
    for (const client of clients) await writeClientAuth(clientAuthFolder(node.folder), hostname, client);
    this.onions[node.name] = { hostname, clients };
    return node;
  }

  /** Ends what was started here, services and clients first, and removes the folder unless it is to be kept. */
  async stop(options: { readonly keep?: boolean } = {}): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#hosts, ...this.nodes].map((each) => each.kill()));
    if (this.#world === undefined) return;
    await this.#world.close();
    const keep = options.keep ?? this.#options.keep ?? this.#options.folder !== undefined;
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  async #make(
    kind: NodeKind,
    options: RelayOptions,
    lines: (folder: string) => readonly string[] = () => [],
  ): Promise<LabNode> {
    const relay = kind !== 'client' && kind !== 'onion';
    const ipv6 = options.ipv6 === true ? await this.#ports.take('::1') : 0;
    const [orPort, dirPort, socksPort, controlPort] = await Promise.all([
      relay ? this.freePort() : 0,
      kind === 'authority' ? this.freePort() : 0,
      kind === 'client' ? this.freePort() : 0,
      this.freePort(),
    ]);
    const name = options.name ?? this.#freeName(kind);
    const folder = join(this.folder, name);
    const implementation = options.implementation ?? this.#options.implementation ?? 'tor';
    const description = { kind, name, folder, address, orPort, dirPort, socksPort, controlPort };
    const node = new LabNode(implementation, description, this.#nextHost(implementation));
    this.nodes.push(node);
    const sixth = ipv6 === 0 ? [] : [`ORPort [::1]:${ipv6} IPv6Only`];
    this.#extra.set(node, [...sixth, ...lines(folder), ...(options.torrc ?? [])]);
    await this.#configure(node);
    return node;
  }

  /** They load their code while keys are made. */
  #startHosts(): void {
    const { processes = 0 } = this.#options;
    for (let i = 0; i < processes; i++) this.#hosts.push(new NodeHost(this.folder, `process${i}`));
  }

  #nextHost(implementation: Implementation): NodeHost | undefined {
    return implementation === 'tropea' ? this.#hosts[this.#hosted++ % this.#hosts.length] : undefined;
  }

  #configure(node: LabNode, more: readonly string[] = [], timing?: Timing): Promise<void> {
    const { kind, name, dataDirectory, orPort, dirPort, socksPort, controlPort } = node;
    const extra = [...more, ...(this.#extra.get(node) ?? [])];
    return node.write(
      this.torrcFor(kind, { name, dataDirectory, orPort, dirPort, socksPort, controlPort, extra, timing }),
    );
  }

  async #bridgeLines(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const lines = await Promise.all(
      names.map(async (name) => {
        const node = this.node(name);
        return `Bridge ${node.address}:${node.orPort} ${await node.waitForFingerprint()}`;
      }),
    );
    return ['UseBridges 1', ...lines];
  }

  #freeName(kind: NodeKind): string {
    const there = [...this.#known, ...this.nodes].map((node) => node.name);
    const taken = new Set([...there, ...givenNames(this.#options)]);
    const mark = this.#world === undefined ? `p${process.pid}x` : '';
    for (let number = 0; ; number++) {
      const name = `${kind}${mark}${number}`;
      if (!taken.has(name)) return name;
    }
  }

  /** Keys first, then the torrc files, since each names the fingerprints of all. */
  async #makeAuthorities(lines: string[]): Promise<LabNode[]> {
    const wanted = nodesOf<NodeOptions>(this.#options.authorities, 3);
    const nodes = await Promise.all(wanted.map((options) => this.#make('authority', options)));
    const identities = await Promise.all(
      nodes.map(({ dataDirectory, dirPort }) => writeAuthorityKeys(this.#runtime, { dataDirectory, address, dirPort })),
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

  async #bringUp(dirAuthorities: string[], progress: (text: string) => void, seconds: () => string): Promise<void> {
    this.#isReady = false;
    const authorities = await this.#makeAuthorities(dirAuthorities);
    const relays = await this.#makeRelays();
    progress(`${authorities.length} authorities and ${relays.length} relays in ${this.folder}`);
    const first = new FirstConsensus(
      {
        clock: this.#runtime.clock,
        hosts: this.#hosts,
        timing: this.timing,
        progress,
        configure: (node, lines, timing) => this.#configure(node, lines, timing),
        start: (node) => this.#startRelay(node),
        check: () => this.#unlessStopped(),
      },
      [...authorities, ...relays],
    );
    await first.start();
    const agreed = async (): Promise<void> => {
      await first.callVote();
      await first.published();
      progress(`consensus of ${runningRelays((await this.consensus()) ?? '').size} relays after ${seconds()}`);
      await this.#pokeUntil(first.bootstrapped());
    };
    await Promise.all([agreed(), this.#addEnds('tropea')]);
    await this.#addEnds('others');
    this.#isReady = true;
  }

  /**
   * Services and clients. Ours start before the vote, when nothing is urgent, and ask again when they are told that there
   * is a consensus. Those of C tor wait for relays that know it: asking one without the new documents they try again much later.
   */
  async #addEnds(which: 'tropea' | 'others'): Promise<void> {
    const { clients, onionServices, implementation } = this.#options;
    const given = givenNames(this.#options);
    const named = <T extends NodeOptions>(kind: NodeKind, list: readonly T[]) => withNames(kind, list, given);
    const chosen = (options: NodeOptions): boolean =>
      (which === 'tropea') === (implementationName(options.implementation ?? implementation ?? 'tor') === 'tropea');
    await Promise.all([
      ...named('onion', nodesOf(onionServices, 0)).map((each) => chosen(each) && this.addOnionService(each)),
      ...named('client', nodesOf(clients, 0)).map((each) => chosen(each) && this.addClient(each)),
    ]);
  }

  /**
   * Nodes that asked before there was a consensus, or relays that did not know it yet, would wait before they ask again,
   * each time longer; unless they are told to start afresh.
   */
  async #pokeUntil(done: Promise<void>): Promise<void> {
    let isDone = false;
    const end = done.finally(() => {
      isDone = true;
    });
    end.catch(() => undefined);
    const isWaiting = (node: LabNode): boolean =>
      node.running && node.process.search(/Bootstrapped (75|[89]\d|100)%/).length === 0;
    // Telling them is work too: a busy machine gets less of it.
    const slowness = Math.max(1, ...(await Promise.all(this.#hosts.map((host) => host.ready))));
    for (let pauseMs = Math.max(1000 * slowness, 15 * this.nodes.length); ; pauseMs *= 1.5) {
      for (const node of this.nodes.filter(isWaiting)) node.process.retry();
      if (isDone) break;
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, pauseMs).unref())]);
    }
    await end;
  }

  /** How long a node may take to bootstrap: those started with the network wait for a consensus first. */
  get #patienceMs(): number {
    return this.#isReady ? 60_000 : 180_000 + 2000 * this.nodes.length;
  }

  /** What the nodes are at, unless one ended by itself: then that is the reason, and who ended tells it. */
  #lastWords(): string {
    const running = this.nodes.filter((node) => node.running);
    if (running.length < this.nodes.length) return '';
    return running.map((node) => `\n${node.name}: ${node.process.tail(4)}`).join('');
  }

  #unlessStopped(): void {
    if (this.#stopped) throw new TorError('ABORTED', 'the network was stopped');
  }

  #makeRelays(): Promise<LabNode[]> {
    const { relays, exits, bridges } = this.#options;
    return Promise.all([
      ...nodesOf(relays, 3).map((options) => this.#make('relay', options)),
      ...nodesOf(exits, 2).map((options) => this.#make('exit', options)),
      ...nodesOf(bridges, 0).map((options) => this.#make('bridge', options)),
    ]);
  }

  #startRelay(node: LabNode): void {
    node.start();
    // It makes its keys first of all. Who ends before that is of no consequence here.
    void node
      .waitForFingerprint()
      .then((fingerprint) => addToBandwidthFile(join(this.folder, 'bandwidths'), fingerprint))
      .catch(() => undefined);
  }
}
