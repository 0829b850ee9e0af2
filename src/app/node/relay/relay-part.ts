import type { Logger } from '../../../base/log/index.ts';
import type { Runtime } from '../../../base/runtime/index.ts';
import { dialDirect, type OrEndpoint } from '../../../network/channels/index.ts';
import { type DirAuthority, dirPortRequest } from '../../../network/directory/index.ts';
import { defaultParams } from '../../../network/netdir/index.ts';
import type { DataDirectory, StateFile } from '../../../network/storage/index.ts';
import { ExitRole, exitConfig } from '../../../roles/exit/index.ts';
import { OnionRelay } from '../../../roles/onion/index.ts';
import {
  loadFamilyKeys,
  Relay,
  RelayPublisher,
  type RelayServices,
  relayConfig,
  SelfTest,
} from '../../../roles/relay/index.ts';
import type { ValidatedOptions } from '../../../wire/torrc/index.ts';
import type { CommonParts } from '../common-parts.ts';
import { tropeaVersion } from '../version.ts';

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
  /** What this node answers at BEGIN_DIR. */
  readonly directory?: RelayServices['directory'];
  readonly cachesExtraInfo?: boolean;
}

/** Everything of a node that others use: ORPorts and the roles behind them, and what makes them known. */
export class RelayPart {
  readonly relay: Relay;
  readonly exit: ExitRole;
  readonly onion: OnionRelay;
  readonly #deps: RelayPartDeps;
  readonly #options: RelayPartOptions;
  #parts: CommonParts | undefined;
  #publisher: RelayPublisher | undefined;
  #selfTest: SelfTest | undefined;

  private constructor(deps: RelayPartDeps, relay: Relay, config: ValidatedOptions, options: RelayPartOptions) {
    this.relay = relay;
    this.#deps = deps;
    this.#options = options;
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
    const { log, runtime, store } = this.#deps;
    const { relay, exit, onion } = this;
    const { channels, circuits, directory, dirRequest } = parts;
    const netdir = () => directory.netdir;
    const familyKeys = await loadFamilyKeys(store, relay.config.familyIds, { logger: log });
    const advertise = (): void => exit.setAdvertisedAddresses(relay.addresses.all);
    relay.events.on('addresses', advertise);
    advertise();
    await relay.start({
      channels,
      netdir,
      services: { exit, onion, ...(options.directory && { directory: options.directory }) },
    });
    exit.start();
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
        servesDirectory: () => options.directory !== undefined,
        familyKeys,
        cgo: false,
        cachesExtraInfo: options.cachesExtraInfo === true,
      },
    );
    this.#publisher = publisher;
    exit.events.on('policyChanged', () => publisher.markDirty('exit policy changed'));
    const selfTest = new SelfTest({ ...runtime, logger: log, relay, circuits, netdir });
    this.#selfTest = selfTest;
    directory.events.on('netdir', () => selfTest.poke());
    publisher.start();
    selfTest.start();
  }

  reload(config: ValidatedOptions): void {
    this.exit.setConfig(exitConfig(config.options, config.ports));
  }

  /** Takes no new circuits, as a relay does while it waits to shut down. */
  async drain(): Promise<void> {
    this.#publisher?.stop();
    this.#selfTest?.stop();
    await this.relay.drain();
  }

  async close(): Promise<void> {
    this.#publisher?.stop();
    this.#selfTest?.stop();
    this.exit.stop();
    await this.relay.close();
  }

  #introDos() {
    const params = this.#parts?.directory.netdir?.params ?? defaultParams;
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
