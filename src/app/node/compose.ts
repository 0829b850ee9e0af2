import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseIp } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Runtime } from '../../base/runtime/index.ts';
import { ChannelManager, dialFrom } from '../../network/channels/index.ts';
import {
  channelCircuitMaker,
  channelParams,
  circuitParams,
  PooledCircuitManager,
} from '../../network/circuits/index.ts';
import { dirRequester, TorDirectoryManager } from '../../network/directory/index.ts';
import { GuardManager, Vanguards } from '../../network/guard/index.ts';
import { type ConsensusParams, defaultParams, type Relay } from '../../network/netdir/index.ts';
import { PathSelector } from '../../network/path/index.ts';
import { type DataDirectory, StateFile } from '../../network/storage/index.ts';
import { type CircuitParams, defaultCircuitParams } from '../../protocol/circuit/index.ts';
import { ClientRole, clientConfig, type NameLookup } from '../../roles/client/index.ts';
import { BookFile, petnameSuffix, resolvePetname } from '../../roles/names/index.ts';
import { OnionClient } from '../../roles/onion/index.ts';
import { isRelay, type TorOptions, type ValidatedOptions } from '../../wire/torrc/index.ts';
import { OnionServices } from './onion/services.ts';
import type { NodeParts } from './parts.ts';
import type { RelayPart } from './relay/relay-part.ts';
import {
  channelBase,
  circuitOptions,
  type DirectoryServers,
  directoryOptions,
  guardOptions,
  liveCircuitOptions,
  type NodeFacts,
  outboundForLinks,
  pathOptions,
  vanguardsOptions,
} from './settings/index.ts';
import { torVersion, tropeaVersion } from './version.ts';

export interface NodeDeps {
  readonly runtime: Runtime;
  readonly log: Logger;
}

export interface ComposeInput {
  readonly config: ValidatedOptions;
  readonly facts: NodeFacts;
  readonly servers: DirectoryServers;
  /** The options in force, which a reload replaces. */
  readonly current: () => TorOptions;
}

/** The folders of a configuration. */
export function dataFolders(options: TorOptions) {
  const cachePath = options.get('CacheDirectory');
  const keyPath = options.get('KeyDirectory');
  return {
    path: options.get('DataDirectory') ?? join(homedir(), '.tor'),
    ...(cachePath === undefined ? {} : { cachePath }),
    ...(keyPath === undefined ? {} : { keyPath }),
    groupReadable: options.get('DataDirectoryGroupReadable'),
  };
}

/** Makes every part and ties them together; nothing is started. Rejects with what reading keys and state can bring. */
export async function compose(deps: NodeDeps, input: ComposeInput, store: DataDirectory): Promise<NodeParts> {
  const { runtime, log } = deps;
  const { config, servers } = input;
  const { options } = config;
  const state = await StateFile.load({ ...runtime, store, logger: log }, { version: `Tor ${torVersion}` });
  const relay = await loadRelay({ ...deps, store, state }, input);
  const facts = relay === undefined ? input.facts : { ...input.facts, ownFingerprint: relay.relay.fingerprint };
  const channels = new ChannelManager(runtime, {
    params: channelParams(defaultParams, channelBase(options)),
    dial: dialFrom(outboundForLinks(options)),
    ...relay?.relay.channelOptions(),
  });
  const guards = new GuardManager(
    { ...runtime, state, logger: log },
    { ...guardOptions(facts), version: `tropea-${tropeaVersion()}` },
  );
  const vanguards = new Vanguards({ ...runtime, logger: log }, vanguardsOptions(facts));
  const paths = new PathSelector({ ...runtime, guards, vanguards }, pathOptions(facts));
  const later: { directory?: TorDirectoryManager; services?: OnionServices } = {};
  const params = newestCircuitParams(() => later.directory?.netdir?.params);
  const circuits = new PooledCircuitManager(
    { ...runtime, maker: channelCircuitMaker({ ...runtime, channels, params }), paths, guards, state, logger: log },
    {
      ...circuitOptions(facts),
      serviceCount: () => later.services?.count ?? 0,
      live: () => liveCircuitOptions(input.current()),
    },
  );
  const directory = new TorDirectoryManager(
    { ...runtime, store, circuits, guards, channels, logger: log },
    directoryOptions(facts, servers, {
      isRelay: relay !== undefined,
      isCache: relay !== undefined && options.get('DirCache'),
      mayFetch: () => !input.current().get('DisableNetwork'),
      isIdle: () => circuits.isIdle,
    }),
  );
  later.directory = directory;
  const names = new BookFile(store.resolve('petnames'));
  const network = { store, state, names, channels, guards, vanguards, paths, circuits, directory, relay };
  const onion = composeOnion(deps, input, network);
  later.services = onion.services;
  return { ...network, ...onion, client: composeClient(deps, config, network, onion.onionClient) };
}

type Network = Omit<NodeParts, 'client' | 'dirRequest' | 'onionClient' | 'services'>;

function composeOnion({ runtime, log }: NodeDeps, { config, facts }: ComposeInput, { circuits, directory }: Network) {
  const { options } = config;
  const dirRequest = dirRequester(runtime);
  const excluded = (relay: Relay): boolean => facts.sets.exclude?.has(relay) === true;
  const needs = { ...runtime, circuits, directory, dirRequest };
  const onionClient = new OnionClient(needs, {
    excluded,
    strict: options.get('StrictNodes'),
    ...(options.get('TestingTorNetwork') ? { requeryMs: 5000 } : {}),
  });
  return { dirRequest, onionClient, services: new OnionServices({ ...needs, log }, { excluded }) };
}

function composeClient(
  { runtime, log }: NodeDeps,
  { options, ports }: ValidatedOptions,
  { circuits, directory, names }: Network,
  onion: OnionClient,
): ClientRole {
  const lookUp: NameLookup = (host) =>
    host.endsWith(petnameSuffix) ? resolvePetname(names.readSync(), host) : undefined;
  const findExit = (name: string): string | undefined => directory.netdir?.byNameOrId(name)?.fingerprint;
  return new ClientRole(
    { runtime, log, network: circuits, onion, findExit, names: lookUp },
    {
      config: clientConfig(options, options.get('DisableNetwork') ? [] : ports),
      product: `tropea ${tropeaVersion()}`,
    },
  );
}

/** A client never loads the code of relays. */
async function loadRelay(
  deps: NodeDeps & { readonly store: DataDirectory; readonly state: StateFile },
  { config, servers }: ComposeInput,
): Promise<RelayPart | undefined> {
  if (!isRelay(config.ports)) return undefined;
  const { RelayPart: part } = await import('./relay/relay-part.ts');
  const authorities = servers.authorities.flatMap(({ address, orPort, dirPort }) => {
    const ip = parseIp(address);
    return ip === undefined
      ? []
      : [orPort, dirPort].filter((port) => port !== 0).map((port) => ({ address: ip, port }));
  });
  return part.load(deps, config, { authorities: servers.authorities, endpoints: authorities });
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
