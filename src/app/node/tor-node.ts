import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import { Emitter } from '../../base/util/index.ts';
import { channelParams } from '../../network/circuits/index.ts';
import { parseBridgeLine } from '../../network/directory/index.ts';
import { defaultParams } from '../../network/netdir/index.ts';
import { DataDirectory } from '../../network/storage/index.ts';
import { clientConfig } from '../../roles/client/index.ts';
import { isRelay, type PortConfig, type TorOptions, type ValidatedOptions } from '../../wire/torrc/index.ts';
import { compose, dataFolders, type NodeDeps } from './compose.ts';
import type { NodeEvents } from './events.ts';
import { checkOnions } from './onion/check.ts';
import { readClientCredentials } from './onion/client-auth.ts';
import { onionServiceConfigs } from './onion/config.ts';
import type { NodeParts } from './parts.ts';
import {
  channelBase,
  directoryServers,
  guardOptions,
  type NodeFacts,
  outboundForLinks,
  pathOptions,
  reachable,
  routerSets,
  vanguardsOptions,
} from './settings/index.ts';

/** Checks what `validateOptions` leaves to us, without touching the disk beyond the lists that are named. */
export async function checkConfig({ options, ports }: ValidatedOptions, log: Logger): Promise<void> {
  await checkOnions(options, log);
  await directoryServers(options);
  await routerSets(options, log);
  reachable(options, false);
  clientConfig(options, ports);
  checkBridges(options.lines('Bridge'), log);
}

/** Whether they are used or not, as in C tor. */
function checkBridges(lines: readonly string[], log: Logger): void {
  for (const line of lines) {
    try {
      parseBridgeLine(line);
    } catch (cause) {
      log.warn('config', TorError.from(cause).message);
      throw new TorError('TORRC_VALUE', 'Bridge line did not parse. See logs for details.', { cause });
    }
  }
}

/** What C tor takes and we cannot do yet, and must not ignore. Throws TORRC_VALUE. */
export function checkSupport({ options }: ValidatedOptions): void {
  outboundForLinks(options);
  if (onionServiceConfigs(options).some(({ proofOfWork }) => proofOfWork)) {
    throw new TorError(
      'TORRC_VALUE',
      'HiddenServicePoWDefensesEnabled: the proof-of-work defence is not there yet in this release.',
      { facts: { option: 'HiddenServicePoWDefensesEnabled' } },
    );
  }
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
  #isShut = false;
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
    const facts = await readFacts(config, deps.log);
    const store = await DataDirectory.open({ logger: deps.log }, dataFolders(options));
    try {
      const box: { node?: TorNode } = {};
      const current = (): TorOptions => box.node?.options ?? options;
      const parts = await compose(deps, { config, facts, servers, current }, store);
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
    const { client, relay } = this.parts;
    await relay?.start(this.parts);
    await this.#startNetwork();
    await client.start();
    await this.#configureOnions();
  }

  /** Resolves when circuits can be built. Rejects with ABORTED. */
  async whenReady(signal?: AbortSignal): Promise<void> {
    await this.parts.directory.whenReady(signal);
  }

  /** Takes up a new configuration as far as it can change while running. Rejects and changes nothing when it is bad. */
  async reload(config: ValidatedOptions): Promise<void> {
    const { options, ports } = config;
    const { client, guards, paths, relay, vanguards } = this.parts;
    onionServiceConfigs(options);
    const own = relay === undefined ? {} : { ownFingerprint: relay.relay.fingerprint };
    const facts = { ...(await readFacts(config, this.#deps.log)), ...own };
    this.#options = options;
    this.#ports = ports;
    guards.setOptions(guardOptions(facts));
    vanguards.options = vanguardsOptions(facts);
    paths.options = pathOptions(facts);
    this.#setChannelParams();
    if ((relay !== undefined) !== isRelay(ports)) {
      this.#deps.log.warn('config', 'To become a relay, or to be one no more, takes a restart.');
    } else await relay?.reload(config);
    await this.#startNetwork();
    await client.configure(this.#clientConfig());
    await this.#configureOnions();
    this.events.emit('reloaded', undefined);
  }

  /** SIGHUP: what was used carries nothing new, and downloads that failed begin anew at once. C tor do_hup() */
  retry(): void {
    this.parts.circuits.retireDirty();
    this.parts.directory.poke();
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
    const { channels, circuits, client, directory, relay, services, state, store } = this.parts;
    await client.stop();
    await services.close();
    await directory.stop();
    await relay?.close();
    circuits.closeAll();
    channels.close();
    await state.save().catch(() => undefined);
    await store.close();
    this.events.emit('stopped', undefined);
  }

  async #startNetwork(): Promise<void> {
    if (this.#options.get('DisableNetwork')) this.#shutNetwork();
    else await this.#openNetwork();
  }

  /** What is open ends at once, and nothing is begun while the option stands. C tor options_act() */
  #shutNetwork(): void {
    if (this.#isShut) return;
    this.#isShut = true;
    this.#deps.log.notice(
      'net',
      'DisableNetwork is set. Tor will not make or accept non-control network connections. Shutting down all existing ' +
        'connections.',
    );
    for (const channel of [...this.parts.channels.channels]) channel.close();
  }

  async #openNetwork(): Promise<void> {
    this.#isShut = false;
    if (this.#directoryStarted) return;
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

async function readFacts({ options, ports }: ValidatedOptions, log: Logger): Promise<NodeFacts> {
  return { options, sets: await routerSets(options, log), reachable: reachable(options, isRelay(ports)) };
}
