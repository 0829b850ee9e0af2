import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../base/log/index.ts';
import type { Runtime } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import { ChannelManager } from '../../network/channels/index.ts';
import {
  channelCircuitMaker,
  channelParams,
  circuitParams,
  PooledCircuitManager,
} from '../../network/circuits/index.ts';
import { type DirRequester, dirRequester, TorDirectoryManager } from '../../network/directory/index.ts';
import { GuardManager, Vanguards } from '../../network/guard/index.ts';
import { type ConsensusParams, defaultParams } from '../../network/netdir/index.ts';
import { PathSelector } from '../../network/path/index.ts';
import { DataDirectory, StateFile } from '../../network/storage/index.ts';
import { type CircuitParams, defaultCircuitParams } from '../../protocol/circuit/index.ts';
import { ClientRole, clientConfig } from '../../roles/client/index.ts';
import { OnionClient } from '../../roles/onion/index.ts';
import type { PortConfig, TorOptions, ValidatedOptions } from '../../wire/torrc/index.ts';
import type { NodeEvents } from './events.ts';
import { readClientCredentials } from './onion/client-auth.ts';
import { onionServiceConfigs } from './onion/config.ts';
import { OnionServices } from './onion/services.ts';
import {
  channelBase,
  circuitOptions,
  directoryOptions,
  directoryServers,
  guardOptions,
  type NodeFacts,
  pathOptions,
  reachable,
  routerSets,
  vanguardsOptions,
} from './settings/index.ts';
import { torVersion, tropeaVersion } from './version.ts';

export interface NodeDeps {
  readonly runtime: Runtime;
  readonly log: Logger;
}

/** The parts of a node, for views and for the library. */
export interface NodeParts {
  readonly store: DataDirectory;
  readonly state: StateFile;
  readonly channels: ChannelManager;
  readonly guards: GuardManager;
  readonly vanguards: Vanguards;
  readonly paths: PathSelector;
  readonly circuits: PooledCircuitManager;
  readonly directory: TorDirectoryManager;
  readonly dirRequest: DirRequester;
  readonly onionClient: OnionClient;
  readonly services: OnionServices;
  readonly client: ClientRole;
}

/** Checks what `validateOptions` leaves to us, without touching the disk beyond the lists that are named. */
export async function checkConfig({ options, ports }: ValidatedOptions, log: Logger): Promise<void> {
  onionServiceConfigs(options);
  await directoryServers(options);
  await routerSets(options, log);
  reachable(options, false);
  clientConfig(options, ports);
}

/**
 * One node: everything the configuration asks for, composed. Life: `create()` opens the data directory and reads keys
 * and state, `start()` opens ports and begins to bootstrap, `reload()` takes a new configuration, `stop()` ends it all.
 */
export class TorNode {
  readonly events = new Emitter<NodeEvents>();
  readonly parts: NodeParts;
  readonly #deps: NodeDeps;
  #options: TorOptions;
  #ports: readonly PortConfig[];
  #directoryStarted = false;
  #stopping: Promise<void> | undefined;

  private constructor(deps: NodeDeps, config: ValidatedOptions, parts: NodeParts) {
    this.#deps = deps;
    this.#options = config.options;
    this.#ports = config.ports;
    this.parts = parts;
    parts.directory.events.on('progress', (status) => this.events.emit('bootstrap', status));
    this.#reportBugs();
  }

  /** Rejects with DATA_DIRECTORY_LOCKED, STORAGE_FAILED, TORRC_VALUE, BAD_DIR_SERVER, BAD_ROUTERSET. */
  static async create(deps: NodeDeps, config: ValidatedOptions): Promise<TorNode> {
    const { options } = config;
    onionServiceConfigs(options);
    const servers = await directoryServers(options);
    const facts: NodeFacts = {
      options,
      sets: await routerSets(options, deps.log),
      reachable: reachable(options, false),
    };
    const store = await DataDirectory.open({ logger: deps.log }, dataFolders(options));
    try {
      const box: { node?: TorNode } = {};
      const parts = await compose(deps, config, facts, store, servers, () => box.node?.options ?? options);
      box.node = new TorNode(deps, config, parts);
      return box.node;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get options(): TorOptions {
    return this.#options;
  }

  /** Opens ports, reads caches, begins to bootstrap. Rejects with LISTEN_FAILED, BAD_KEY_FILE, STORAGE_FAILED. */
  async start(): Promise<void> {
    const { client } = this.parts;
    await this.#startNetwork();
    await client.start();
    await this.#configureOnions();
  }

  /** Resolves when circuits can be built. Rejects with ABORTED. */
  async whenReady(signal?: AbortSignal): Promise<void> {
    await this.parts.directory.whenReady(signal);
  }

  /** Takes up a new configuration as far as it can change while running. Rejects and changes nothing when it is bad. */
  async reload({ options, ports }: ValidatedOptions): Promise<void> {
    const { client, guards, paths, vanguards } = this.parts;
    onionServiceConfigs(options);
    const facts: NodeFacts = {
      options,
      sets: await routerSets(options, this.#deps.log),
      reachable: reachable(options, false),
    };
    this.#options = options;
    this.#ports = ports;
    guards.setOptions(guardOptions(facts));
    vanguards.options = vanguardsOptions(facts);
    paths.options = pathOptions(facts);
    this.#setChannelParams();
    await this.#startNetwork();
    await client.configure(this.#clientConfig());
    await this.#configureOnions();
    this.events.emit('reloaded', undefined);
  }

  /** NEWNYM: nothing from now on can be linked with what was before. */
  newIdentity(): void {
    const { circuits, client, onionClient } = this.parts;
    client.newIdentity();
    circuits.newIdentity();
    onionClient.newIdentity();
  }

  /** Ends everything; harmless twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { channels, circuits, client, directory, services, state, store } = this.parts;
    await client.stop();
    await services.close();
    await directory.stop();
    circuits.closeAll();
    channels.close();
    await state.save().catch(() => undefined);
    await store.close();
    this.events.emit('stopped', undefined);
  }

  async #startNetwork(): Promise<void> {
    if (this.#directoryStarted || this.#options.get('DisableNetwork')) return;
    this.#directoryStarted = true;
    const { circuits, directory } = this.parts;
    directory.events.on('netdir', () => this.#setChannelParams());
    circuits.start();
    await directory.start();
  }

  async #configureOnions(): Promise<void> {
    const { onionClient, services } = this.parts;
    onionClient.setCredentials(await readClientCredentials(this.#options.get('ClientOnionAuthDir'), this.#deps.log));
    await services.configure(onionServiceConfigs(this.#options));
  }

  #clientConfig(): ReturnType<typeof clientConfig> {
    return clientConfig(this.#options, this.#options.get('DisableNetwork') ? [] : this.#ports);
  }

  #setChannelParams(): void {
    const { channels, directory } = this.parts;
    channels.setParams(channelParams(directory.netdir?.params ?? defaultParams, channelBase(this.#options)));
  }

  /** A listener that throws is a bug of ours; it is told and nothing else suffers. */
  #reportBugs(): void {
    const { channels, circuits, client, directory, guards, onionClient, services } = this.parts;
    const report = (error: unknown): void => {
      this.#deps.log.err('bug', error instanceof Error ? (error.stack ?? error.message) : String(error));
    };
    for (const { events } of [channels, circuits, client, directory, guards, onionClient, services]) {
      events.onListenerError = report;
    }
    services.events.on('added', (service) => {
      service.events.onListenerError = report;
    });
  }
}

const defaultFolder = (): string => join(homedir(), '.tor');

function dataFolders(options: TorOptions) {
  const cachePath = options.get('CacheDirectory');
  const keyPath = options.get('KeyDirectory');
  return {
    path: options.get('DataDirectory') ?? defaultFolder(),
    ...(cachePath === undefined ? {} : { cachePath }),
    ...(keyPath === undefined ? {} : { keyPath }),
    groupReadable: options.get('DataDirectoryGroupReadable'),
  };
}

async function compose(
  { runtime, log }: NodeDeps,
  { options, ports }: ValidatedOptions,
  facts: NodeFacts,
  store: DataDirectory,
  servers: Awaited<ReturnType<typeof directoryServers>>,
  current: () => TorOptions,
): Promise<NodeParts> {
  const own = tropeaVersion();
  const state = await StateFile.load({ ...runtime, store, logger: log }, { version: `Tor ${torVersion}` });
  const channels = new ChannelManager(runtime, { params: channelParams(defaultParams, channelBase(options)) });
  const guards = new GuardManager(
    { ...runtime, state, logger: log },
    { ...guardOptions(facts), version: `tropea-${own}` },
  );
  const vanguards = new Vanguards({ ...runtime, logger: log }, vanguardsOptions(facts));
  const paths = new PathSelector({ ...runtime, guards, vanguards }, pathOptions(facts));
  const later: { directory?: TorDirectoryManager; services?: OnionServices } = {};
  const params = newestCircuitParams(() => later.directory?.netdir?.params);
  const circuits = new PooledCircuitManager(
    { ...runtime, maker: channelCircuitMaker({ ...runtime, channels, params }), paths, guards, state, logger: log },
    { ...circuitOptions(facts), serviceCount: () => later.services?.count ?? 0 },
  );
  const directory = new TorDirectoryManager(
    { ...runtime, store, circuits, guards, channels, logger: log },
    directoryOptions(facts, servers, {
      isRelay: false,
      isCache: false,
      mayFetch: () => !current().get('DisableNetwork'),
    }),
  );
  later.directory = directory;
  const dirRequest = dirRequester(runtime);
  const excluded = (relay: Parameters<NonNullable<typeof facts.sets.exclude>['has']>[0]): boolean =>
    facts.sets.exclude?.has(relay) === true;
  const onionDeps = { ...runtime, circuits, directory, dirRequest };
  const onionClient = new OnionClient(onionDeps, {
    excluded,
    strict: options.get('StrictNodes'),
    ...(options.get('TestingTorNetwork') ? { requeryMs: 5000 } : {}),
  });
  const services = new OnionServices({ ...onionDeps, log }, { excluded });
  later.services = services;
  const client = new ClientRole(
    {
      runtime,
      log,
      network: circuits,
      onion: onionClient,
      findExit: (name) => directory.netdir?.byNameOrId(name)?.fingerprint,
    },
    {
      config: clientConfig(options, options.get('DisableNetwork') ? [] : ports),
      product: `tropea ${own}`,
    },
  );
  return {
    store,
    state,
    channels,
    guards,
    vanguards,
    paths,
    circuits,
    directory,
    dirRequest,
    onionClient,
    services,
    client,
  };
}

/** Reads the circuits' parameters once for each consensus. */
function newestCircuitParams(params: () => ConsensusParams | undefined): () => CircuitParams {
  let from: ConsensusParams | undefined;
  let made = defaultCircuitParams;
  return () => {
    const newest = params();
    if (newest !== undefined && newest !== from) {
      from = newest;
      made = circuitParams(newest);
    }
    return made;
  };
}
