import { chmod } from 'node:fs/promises';
import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import { Emitter } from '../../../base/util/index.ts';
import type { Relay } from '../../../network/netdir/index.ts';
import { DataDirectory } from '../../../network/storage/index.ts';
import {
  clientsFolder,
  loadAuthorizedClients,
  loadServiceKey,
  OnionService,
  type OnionServiceDeps,
  type OnionServiceOptions,
  type OnionServiceSettings,
} from '../../../roles/onion/index.ts';
import type { OnionServiceConfig } from './config.ts';

export interface OnionServicesDeps extends OnionServiceDeps {
  readonly log: Logger;
}

export interface OnionServicesEvents {
  added: OnionService;
  removed: OnionService;
}

interface Running {
  readonly service: OnionService;
  readonly store: DataDirectory;
  readonly config: OnionServiceConfig;
}

const markerFile = 'onion_service_non_anonymous';

/** The onion services of this node: those of the torrc, and those that a program or the control port adds. */
export class OnionServices {
  readonly events = new Emitter<OnionServicesEvents>();
  readonly #deps: OnionServicesDeps;
  readonly #excluded: (relay: Relay) => boolean;
  readonly #fromFolders = new Map<string, Running>();
  readonly #others = new Set<OnionService>();
  #closed = false;

  constructor(deps: OnionServicesDeps, options: { readonly excluded: (relay: Relay) => boolean }) {
    this.#deps = deps;
    this.#excluded = options.excluded;
  }

  get all(): readonly OnionService[] {
    return [...[...this.#fromFolders.values()].map((running) => running.service), ...this.#others];
  }

  get count(): number {
    return this.#fromFolders.size + this.#others.size;
  }

  /** One that lives in memory alone. Ends with `remove()`. Throws ONION_SERVICE_EXISTS, ABORTED after `close()`. */
  add(options: OnionServiceOptions): OnionService {
    if (this.#closed) throw new TorError('ABORTED', 'this node was closed');
    const service = new OnionService(this.#deps, { excluded: this.#excluded, ...options });
    if (this.all.some((other) => other.hostname === service.hostname)) {
      throw new TorError('ONION_SERVICE_EXISTS', undefined, { facts: { hostname: service.hostname } });
    }
    this.#others.add(service);
    this.#begin(service);
    return service;
  }

  async remove(service: OnionService): Promise<void> {
    if (!this.#others.delete(service)) return;
    this.events.emit('removed', service);
    await service.close();
  }

  /** Makes the running services those of the configuration. Rejects with BAD_KEY_FILE, STORAGE_FAILED, ONION_*. */
  async configure(configs: readonly OnionServiceConfig[]): Promise<void> {
    const wanted = new Map(configs.map((config) => [config.folder, config]));
    for (const [folder, running] of this.#fromFolders) {
      const config = wanted.get(folder);
      if (config === undefined) await this.#end(folder, running);
    }
    for (const config of configs) {
      const running = this.#fromFolders.get(config.folder);
      if (running === undefined) await this.#open(config);
      else await this.#update(running, config);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const [folder, running] of this.#fromFolders) await this.#end(folder, running);
    for (const service of [...this.#others]) await this.remove(service);
  }

  async #open(config: OnionServiceConfig): Promise<void> {
    try {
      await this.#openFolder(config);
    } catch (thrown) {
      const { code, message, kind, facts } = TorError.from(thrown);
      if (kind === 'bug' || message.includes(config.folder)) throw thrown;
      throw new TorError(code, `Onion service in ${config.folder}: ${message}`, { facts, cause: thrown });
    }
  }

  async #openFolder(config: OnionServiceConfig): Promise<void> {
    const { log, random } = this.#deps;
    const { folder: path, groupReadable: groupMayRead } = config;
    const rules = { groupReadable: groupMayRead, lock: false };
    const store = await DataDirectory.open({ logger: log }, { path, ...rules });
    await noteAnonymity(store, config, log);
    const identity = await loadServiceKey(store, random, (message) => log.notice('rend', `${path}: ${message}`));
    await DataDirectory.open({ logger: log }, { path: store.resolve(clientsFolder), ...rules });
    if (config.groupReadable) await chmod(store.resolve('hostname'), 0o640);

    const service = new OnionService(this.#deps, {
      ...settingsOf(config),
      singleHop: config.singleHop,
      identity,
      excluded: this.#excluded,
      authorizedClients: await this.#authorized(store),
    });
    this.#fromFolders.set(config.folder, { service, store, config });
    this.#begin(service);
  }

  async #update(running: Running, config: OnionServiceConfig): Promise<void> {
    running.service.reconfigure(settingsOf(config));
    try {
      running.service.setAuthorizedClients(await this.#authorized(running.store));
    } catch (thrown) {
      const { message } = TorError.from(thrown);
      this.#deps.log.warn('rend', `${config.folder}: ${message} The clients that were known stay.`);
    }
    this.#fromFolders.set(config.folder, { ...running, config });
  }

  async #end(folder: string, running: Running): Promise<void> {
    this.#fromFolders.delete(folder);
    this.events.emit('removed', running.service);
    await running.service.close();
    await running.store.close();
  }

  #begin(service: OnionService): void {
    service.start();
    this.events.emit('added', service);
  }

  #authorized(store: DataDirectory): Promise<readonly Uint8Array[]> {
    return loadAuthorizedClients(store, (message) => this.#deps.log.warn('rend', message));
  }
}

/** What a running service takes up; where it is and how many hops it has cannot change. */
function settingsOf({ introDos, ...config }: OnionServiceConfig): OnionServiceSettings {
  return { ...config, ...(introDos === undefined ? {} : { introDos }) };
}

/**
 * What was once known to be at one place is not anonymous again. The other way C tor allows, and leaves no mark, so that
 * a folder that comes from there is taken with a warning.
 */
async function noteAnonymity(
  store: DataDirectory,
  { singleHop, folder }: OnionServiceConfig,
  log: Logger,
): Promise<void> {
  const marked = (await store.read(markerFile, { maxBytes: 1024 })) !== undefined;
  if (marked && !singleHop) {
    throw new TorError(
      'ONION_SERVICE_ANONYMITY',
      `The keys in ${folder} were used for a single onion service, whose place is known; they cannot be anonymous.`,
    );
  }
  if (marked || !singleHop) return;
  if ((await store.read('hs_ed25519_secret_key', { maxBytes: 4096 })) !== undefined) {
    log.warn('rend', `The service in ${folder} is not anonymous from now on: it is a single onion service.`);
  }
  await store.write(markerFile, 'This hidden service is non-anonymous.\n');
}
