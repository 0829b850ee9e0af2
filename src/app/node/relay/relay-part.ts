import { readFile } from 'node:fs/promises';
import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { Runtime, Timer } from '../../../base/runtime/index.ts';
import { dialDirect, type OrEndpoint } from '../../../network/channels/index.ts';
import { type DirAuthority, dirPortRequest } from '../../../network/directory/index.ts';
import { type ConsensusParams, defaultParams } from '../../../network/netdir/index.ts';
import type { DataDirectory, StateFile } from '../../../network/storage/index.ts';
import { DirCacheRole, maxVoteBytes } from '../../../roles/dircache/index.ts';
import { ExitRole, exitConfig } from '../../../roles/exit/index.ts';
import { HsDirStore, OnionRelay } from '../../../roles/onion/index.ts';
import {
  keyFolder,
  loadFamilyKeys,
  type OwnDescriptor,
  Relay,
  RelayPublisher,
  relayConfig,
  SelfTest,
} from '../../../roles/relay/index.ts';
import { listeningPorts, type ValidatedOptions } from '../../../wire/torrc/index.ts';
import type { CommonParts } from '../common-parts.ts';
import { tropeaVersion } from '../version.ts';
import type { AuthorityPart } from './authority-part.ts';

export interface RelayPartDeps {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly store: DataDirectory;
  readonly state: StateFile;
}

export interface RelayPartOptions {
  readonly authorities: readonly DirAuthority[];
  /** Where they are reached: no exit stream may go there. */
  readonly endpoints: readonly OrEndpoint[];
}

/** How often descriptors of the hash ring that ran out are dropped. */
const hsDirExpiryMs = 5 * 60_000;
/** Where C tor without MaxHSDirCacheBytes takes a share of the memory for queues. */
const defaultHsDirBytes = 512 * 1024 * 1024;

/** What a running relay does not take up. */
const atNextStart = [
  ['DirPort', 'dirPort'],
  ['AuthoritativeDirectory', 'authority'],
  ['BridgeRelay', 'bridge'],
  ['DirCache', 'dirCache'],
  ['OfflineMasterKey', 'offlineMaster'],
  ['FamilyId', 'familyIds'],
  ['NumCPUs', 'numCpus'],
  ['MaxMemInQueues', 'maxQueueBytes'],
] as const;

/** Everything of a node that others use: ORPorts and the roles behind them, and what makes them known. */
export class RelayPart {
  readonly relay: Relay;
  readonly exit: ExitRole;
  readonly onion: OnionRelay;
  readonly #deps: RelayPartDeps;
  readonly #options: RelayPartOptions;
  readonly #config: ValidatedOptions;
  readonly #hsDir: HsDirStore;
  #directory: DirCacheRole | undefined;
  #authority: AuthorityPart | undefined;
  #hsDirTimer: Timer | undefined;
  #parts: CommonParts | undefined;
  #publisher: RelayPublisher | undefined;
  #selfTest: SelfTest | undefined;

  /** What it published last. */
  get descriptor(): OwnDescriptor | undefined {
    return this.#publisher?.descriptor;
  }

  private constructor(deps: RelayPartDeps, relay: Relay, config: ValidatedOptions, options: RelayPartOptions) {
    this.relay = relay;
    this.#deps = deps;
    this.#options = options;
    this.#config = config;
    this.#hsDir = new HsDirStore(deps.runtime, {
      maxDescriptorBytes: () => this.#params.get('HSV3MaxDescriptorSize'),
      maxBytes: config.options.get('MaxHSDirCacheBytes') || defaultHsDirBytes,
    });
    this.exit = new ExitRole(
      { ...deps.runtime, log: deps.log, netdir: () => this.#parts?.directory.netdir },
      {
        config: exitConfig(config.options, config.ports),
        authorities: options.endpoints,
      },
    );
    this.onion = new OnionRelay(deps.runtime, { introDos: () => this.#introDos() });
  }

  /** Reads or makes keys. Rejects with BAD_KEY_FILE, RELAY_KEY_OFFLINE, STORAGE_FAILED. */
  static async load(deps: RelayPartDeps, config: ValidatedOptions, options: RelayPartOptions): Promise<RelayPart> {
    const relay = await Relay.load(
      { ...deps.runtime, store: deps.store, state: deps.state, logger: deps.log },
      relayConfig(config.options, config.ports),
    );
    return new RelayPart(deps, relay, config, options);
  }

  get publisher(): RelayPublisher | undefined {
    return this.#publisher;
  }

  /** Opens the ORPorts and begins to publish. Rejects with LISTEN_FAILED, BAD_KEY_FILE. */
  async start(parts: CommonParts): Promise<void> {
    const options = this.#options;
    this.#parts = parts;
    this.#authority = await this.#loadAuthority(parts);
    const served = this.#makeDirectory(parts, await this.#frontPage());
    this.#directory = served;
    const { log, runtime, store } = this.#deps;
    const { relay, exit, onion } = this;
    const { channels, circuits, directory, dirRequest } = parts;
    const netdir = () => directory.netdir;
    const { familyIds, familyKeyDirectory: folder } = relay.config;
    const familyKeys = await loadFamilyKeys(folder ? keyFolder(folder) : store, familyIds, { logger: log });
    const advertise = (): void => exit.setAdvertisedAddresses(relay.addresses.all);
    relay.events.on('addresses', advertise);
    relay.events.on('hibernating', ({ state }) => exit.setHibernating(state !== 'awake'));
    advertise();
    await relay.start({
      channels,
      netdir,
      authorities: new Set(options.authorities.map(({ fingerprint }) => fingerprint)),
      services: { exit, onion, ...(served && { directory: served }) },
    });
    await served?.start();
    exit.start();
    this.#expireDescriptors();
    const publisher = new RelayPublisher(
      {
        ...runtime,
        logger: log,
        relay,
        history: relay.history,
        netdir,
        authorities: options.authorities,
        circuits,
        dirRequest,
        dirPort: (endpoint, request) => dirPortRequest({ ...runtime, dial: dialDirect }, endpoint, request),
      },
      {
        platform: `Tropea ${tropeaVersion()} on ${platformName()}`,
        exit: () => ({ policy: exit.policy.descriptorRules, ipv6: exit.policy.ipv6Summary }),
        servesDirectory: () => served !== undefined,
        familyKeys,
        cgo: true,
        cachesExtraInfo: false,
      },
    );
    this.#publisher = publisher;
    exit.events.on('policyChanged', () => publisher.markDirty('exit policy changed'));
    const selfTest = new SelfTest({ ...runtime, logger: log, relay, circuits, netdir });
    this.#selfTest = selfTest;
    directory.events.on('netdir', () => selfTest.poke());
    publisher.start();
    selfTest.start();
    this.#authority?.start();
  }

  /** Rejects with LISTEN_FAILED when a new ORPort is taken. */
  async reload(config: ValidatedOptions): Promise<void> {
    const wanted = relayConfig(config.options, config.ports);
    const late = atNextStart.filter(
      ([, key]) => JSON.stringify(this.relay.config[key]) !== JSON.stringify(wanted[key]),
    );
    if (late.length > 0) {
      const names = late.map(([option]) => option).join(', ');
      this.#deps.log.warn('config', `What changed in ${names} takes effect when the relay is started the next time.`);
    }
    await this.relay.setConfig(wanted);
    this.exit.setConfig(exitConfig(config.options, config.ports));
    this.#authority?.reload(config.options).catch((error: unknown) => {
      this.#deps.log.warn('dir', `The authority keeps its old options: ${TorError.from(error).message}`);
    });
  }

  /** Takes no new circuits, as a relay does while it waits to shut down. */
  async drain(): Promise<void> {
    this.#publisher?.stop();
    this.#selfTest?.stop();
    this.exit.setHibernating(true);
    this.relay.drain();
  }

  async close(): Promise<void> {
    this.#publisher?.stop();
    this.#selfTest?.stop();
    this.#hsDirTimer?.cancel();
    this.exit.stop();
    await this.#directory?.stop();
    await this.#authority?.stop();
    await this.relay.close();
  }

  /** Only a v3 authority loads the code of authorities. */
  async #loadAuthority({ channels, directory }: CommonParts): Promise<AuthorityPart | undefined> {
    const { options } = this.#config;
    if (!options.get('V3AuthoritativeDirectory')) return undefined;
    const { AuthorityPart: part } = await import('./authority-part.ts');
    const { relay } = this;
    const orPort = relay.config.orPorts.find((each) => each.advertise && each.address.length === 4)?.port;
    const { dirPort } = relay.config;
    return part.load(
      { ...this.#deps, channels, directory },
      {
        options,
        authorities: this.#options.authorities,
        rsaId: relay.identity.rsaIdentity.publicKey.fingerprint,
        where: () => ({
          address: relay.addresses.get(4)?.address ?? Uint8Array.of(127, 0, 0, 1),
          orPort: typeof orPort === 'number' ? orPort : 0,
          dirPort: typeof dirPort === 'number' ? dirPort : 0,
        }),
      },
    );
  }

  /** What a DirPort shows to a browser. */
  async #frontPage(): Promise<string | undefined> {
    const path = this.#config.options.get('DirPortFrontPage');
    if (!path) return undefined;
    return await readFile(path, 'utf8').catch(() => {
      this.#deps.log.warn('config', `DirPortFrontPage file '${path}' not found. Continuing anyway.`);
      return undefined;
    });
  }

  /** The directory at BEGIN_DIR and DirPort; none with `DirCache 0`. */
  #makeDirectory({ directory, store }: CommonParts, frontPage: string | undefined): DirCacheRole | undefined {
    const { options, ports } = this.#config;
    if (!options.get('DirCache')) return undefined;
    const { log, runtime } = this.#deps;
    const own = () => this.#publisher?.descriptor;
    const served = (text: string | undefined, publishedMs: number | undefined) =>
      text === undefined || publishedMs === undefined
        ? undefined
        : { text, publishedMs, confidential: options.get('BridgeRelay') };
    const dirPorts = listeningPorts(ports, 'dir').flatMap(({ listen }) =>
      listen.kind === 'tcp' ? [{ address: listen.ip, port: listen.port === 'auto' ? 0 : listen.port }] : [],
    );
    return new DirCacheRole(
      {
        ...runtime,
        store,
        directory,
        logger: log,
        hooks: {
          hsDir: this.#hsDir,
          ownRsaId: this.relay.identity.rsaIdentity.publicKey.fingerprint,
          ownDescriptor: () => served(own()?.text, own()?.fields.publishedMs),
          ownExtraInfo: () => served(own()?.extraInfo, own()?.fields.publishedMs),
          ...this.#authority?.hooks,
        },
        ...(this.#authority && { overlay: this.#authority.overlay }),
      },
      {
        dirPorts,
        bridge: options.get('BridgeRelay'),
        ...(frontPage !== undefined && { frontPage }),
        ...(this.#authority && { maxBodyBytes: maxVoteBytes }),
        stallTimeoutMs: options.get('TestingDirConnectionMaxStall') * 1000,
      },
    );
  }

  #expireDescriptors(): void {
    const again = (): void => {
      this.#hsDir.expire();
      this.#expireDescriptors();
    };
    this.#hsDirTimer = this.#deps.runtime.timers.after(hsDirExpiryMs, again, { background: true });
  }

  get #params(): ConsensusParams {
    return this.#parts?.directory.netdir?.params ?? defaultParams;
  }

  #introDos() {
    const params = this.#params;
    return {
      enabled: params.get('HiddenServiceEnableIntroDoSDefense') === 1,
      ratePerSec: params.get('HiddenServiceEnableIntroDoSRatePerSec'),
      burstPerSec: params.get('HiddenServiceEnableIntroDoSBurstPerSec'),
    };
  }
}

/** The system's name as the `platform` line of C tor has it. */
function platformName(): string {
  const names: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };
  return names[process.platform] ?? process.platform;
}
