import { base16Upper } from '../../base/bytes/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timer, Timers } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import { BandwidthLimiter, type ChannelManager, type ChannelManagerOptions } from '../../network/channels/index.ts';
import { circuitParams } from '../../network/circuits/index.ts';
import { type ConsensusParams, defaultParams, type NetDir } from '../../network/netdir/index.ts';
import type { DataStore, StateStore } from '../../network/storage/index.ts';
import type { Channel, LinkChannel, OnCreate } from '../../protocol/channel/index.ts';
import { type CircuitParams, defaultCircuitParams } from '../../protocol/circuit/index.ts';
import { DestroyReason } from '../../wire/cell/index.ts';
import { CircuitServer, type HandshakeName } from './circuit-server.ts';
import type { RelayConfig } from './config.ts';
import { BandwidthHistory } from './descriptor/bandwidth-history.ts';
import type { RelayEvents } from './events.ts';
import { ThreadHandshakeQueue } from './handshake-queue.ts';
import { systemAddresses } from './host-addresses.ts';
import { Accounting, type AccountingState } from './limits/accounting.ts';
import { DosDefence } from './limits/dos-defence.ts';
import { MemoryGuard, memoryLimit } from './limits/memory-guard.ts';
import { LinkKeyHolder } from './link-keys.ts';
import { OnionKeys } from './onion-keys.ts';
import { OrPorts } from './or-ports.ts';
import { type HostAddresses, OwnAddresses, type OwnAddressesOptions } from './own-addresses.ts';
import { type ReachabilityOptions, ReachabilityWatch } from './reachability-watch.ts';
import { type RelayIdentityKeys, writeFingerprints } from './relay-keys.ts';
import type { RelayServices } from './services.ts';

export interface RelayDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly store: DataStore;
  readonly state: StateStore;
  readonly logger?: Logger | undefined;
  /** Interfaces and names of this machine; tests bring their own. */
  readonly host?: HostAddresses;
}

/** What the composition root brings once the node's other parts stand. */
export interface RelayNetwork {
  /** Made with `relay.channelOptions()`. */
  readonly channels: ChannelManager;
  readonly services: RelayServices;
  /** The newest snapshot; a relay works without one, by address and identity alone. */
  readonly netdir: () => NetDir | undefined;
  /** RSA fingerprints (40 upper-case hex) of those who may tell us our address. */
  readonly authorities?: ReadonlySet<string>;
}

const keyCheckMs = 30_000;
const addressCheckMs = 60_000;
/** A quarter of a second for each relay of a test network is spent on a key of full length; every TLS library takes this. */
const testingTlsKeyBits = 1024;

/**
 * A relay: listens for links, answers CREATE, lets circuits pass. The directory's side (descriptor, self-test) is
 * `RelayPublisher`. Life: `Relay.load()`, then the channel manager with `channelOptions()`, then `start()`.
 */
export class Relay {
  readonly events = new Emitter<RelayEvents>();
  readonly addresses: OwnAddresses;
  readonly reachability: ReachabilityWatch;
  readonly onionKeys: OnionKeys;
  readonly history: BandwidthHistory;
  readonly limiter: BandwidthLimiter;
  readonly dos: DosDefence;
  readonly #deps: RelayDeps;
  #config: RelayConfig;
  readonly #keys: LinkKeyHolder;
  readonly #timers = new Set<Timer>();
  readonly #offs: (() => void)[] = [];
  #network: RelayNetwork | undefined;
  #ports: OrPorts | undefined;
  #circuits: CircuitServer | undefined;
  #handshakes: ThreadHandshakeQueue | undefined;
  #memory: MemoryGuard | undefined;
  #accounting: Accounting | undefined;
  #params: CircuitParams = defaultCircuitParams;
  #paramsOf: ConsensusParams | undefined;
  readonly #toldHandshakes = new Map<HandshakeName, { readonly done: number; readonly all: number }>();
  #stopped = false;

  private constructor(deps: RelayDeps, config: RelayConfig, keys: LinkKeyHolder, onionKeys: OnionKeys) {
    this.#deps = deps;
    this.#config = config;
    this.#keys = keys;
    this.onionKeys = onionKeys;
    this.addresses = new OwnAddresses(deps.host ?? systemAddresses, addressOptions(config));
    this.history = new BandwidthHistory(deps, {
      minimumSec: config.minimumReportSec,
      relayRate: config.bandwidth.relayRate,
    });
    this.limiter = new BandwidthLimiter({ clock: deps.clock, meter: this.history }, config.bandwidth);
    this.dos = new DosDefence(deps, config.dos);
    this.reachability = new ReachabilityWatch(reachabilityOptions(config));
  }

  /** Reads or makes all keys and looks for our addresses. Rejects with BAD_KEY_FILE, RELAY_KEY_OFFLINE, STORAGE_FAILED. */
  static async load(deps: RelayDeps, config: RelayConfig): Promise<Relay> {
    const keys = await LinkKeyHolder.load(deps, {
      offlineMaster: config.offlineMaster,
      signingLifetimeMs: config.signingLifetimeMs,
      tlsKeyBits: config.testing ? testingTlsKeyBits : undefined,
    });
    const onionKeys = await OnionKeys.load(deps);
    await writeFingerprints(deps.store, config.nickname, keys.identity);
    const relay = new Relay(deps, config, keys, onionKeys);
    await relay.addresses.refresh();
    return relay;
  }

  get config(): RelayConfig {
    return this.#config;
  }

  /** What a running relay is told anew. Rejects with LISTEN_FAILED or STORAGE_FAILED, and then the old ORPorts stay open. */
  async setConfig(config: RelayConfig): Promise<void> {
    const old = this.#config;
    if (isSame(old, config)) return;
    // Who sleeps opens the new ones on waking up.
    if (this.#accounting?.hibernating !== true) await this.#ports?.change(config.orPorts);
    this.#config = config;
    this.addresses.setOptions(addressOptions(config));
    this.reachability.setOptions(reachabilityOptions(config));
    this.dos.setConfig(config.dos, this.params);
    if (!isSame(old.bandwidth, config.bandwidth)) this.limiter.setLimits(config.bandwidth);
    if (!isSame(old.accounting, config.accounting)) await this.#restartAccounting();
    if (old.nickname !== config.nickname) await writeFingerprints(this.#deps.store, config.nickname, this.identity);
    await this.#refreshAddresses();
    this.events.emit('configured', undefined);
  }

  get identity(): RelayIdentityKeys {
    return this.#keys.identity;
  }

  /** SHA-1 of the RSA identity, 40 upper-case hex. */
  get fingerprint(): string {
    return base16Upper(this.identity.rsaIdentity.publicKey.fingerprint);
  }

  /** Undefined before `start()`. */
  get circuits(): CircuitServer | undefined {
    return this.#circuits;
  }

  get memory(): MemoryGuard | undefined {
    return this.#memory;
  }

  /** Circuits that wait for their handshake. */
  get handshakesWaiting(): number {
    return this.#handshakes?.depth ?? 0;
  }

  get ports(): OrPorts | undefined {
    return this.#ports;
  }

  get params(): ConsensusParams {
    return this.#network?.netdir()?.params ?? defaultParams;
  }

  /** What the node's channel manager must be made with, so that our links are a relay's. */
  channelOptions(): Pick<ChannelManagerOptions, 'credentials' | 'ownAddresses' | 'onCreate' | 'traffic'> {
    return {
      // A bridge stays anonymous toward other relays, like a client.
      ...(this.config.bridge ? {} : { credentials: () => this.#keys.credentials }),
      ownAddresses: () => this.addresses.all,
      onCreate: this.#onCreate,
      traffic: this.limiter,
    };
  }

  /** Opens the ORPorts. Rejects with LISTEN_FAILED. */
  async start(network: RelayNetwork): Promise<void> {
    this.#network = network;
    const { clock, random } = this.#deps;
    this.#handshakes = new ThreadHandshakeQueue(
      { clock, random, later: (callback) => void setImmediate(callback) },
      {
        keys: () => this.#relayKeys(),
        congestion: () => this.#circuitParams().congestion,
        cgo: true,
        threads: this.config.numCpus,
        maxDelayMs: () => this.config.maxOnionQueueDelayMs || this.params.get('MaxOnionQueueDelay'),
      },
    );
    this.#circuits = new CircuitServer(
      { ...this.#deps, ...network, handshakes: this.#handshakes },
      {
        params: () => this.#circuitParams(),
        extend: {
          allowPrivate: this.config.extendAllowPrivate,
          ownRsa: this.identity.rsaIdentity.publicKey.fingerprint,
          ownEd25519: this.identity.ed25519Identity,
          canIpv6: this.config.orPorts.some((port) => port.advertise && port.address.length === 16),
        },
        dos: this.dos,
        created: (channel) => this.#created(channel),
      },
    );
    this.#ports = new OrPorts(
      { ...this.#deps, manager: network.channels },
      {
        credentials: () => this.#keys.credentials,
        onCreate: this.#onCreate,
        ownAddresses: () => this.addresses.all,
        admit: (address) => this.dos.connected(address),
        released: (address) => this.dos.disconnected(address),
      },
    );
    this.#memory = new MemoryGuard(
      {
        ...this.#deps,
        queuedBytes: () => network.channels.buffers.queuedBytes,
        circuits: () => this.#circuits?.circuits ?? [],
      },
      { limitBytes: memoryLimit(this.config.maxQueueBytes) },
    );
    this.#memory.start();
    await this.#ports.open(this.config.orPorts);
    this.#offs.push(network.channels.events.on('opened', (link) => this.#learnAddress(link)));
    this.#startAccounting();
    this.#every(keyCheckMs, () => this.#refreshKeys());
    this.#every(addressCheckMs, () => this.#refreshAddresses());
    this.events.emit('started', { endpoints: this.#ports.endpoints });
  }

  /** AccountingMax, when it is set. */
  get accounting(): Accounting | undefined {
    return this.#accounting;
  }

  #startAccounting(): void {
    const { accounting: config, bandwidth } = this.config;
    if (config.maxBytes <= 0) return;
    this.#accounting = new Accounting(
      { ...this.#deps, traffic: () => this.limiter.total },
      {
        config,
        rate: bandwidth.relayRate || bandwidth.rate,
        rsaId: this.identity.rsaIdentity.publicKey.fingerprint,
        changed: (state) => void this.#hibernate(state),
      },
    );
    this.#accounting.start();
  }

  async #restartAccounting(): Promise<void> {
    const slept = this.#accounting?.hibernating === true;
    this.#accounting?.stop();
    this.#accounting = undefined;
    this.#startAccounting();
    if (slept && this.accounting?.hibernating !== true) await this.#hibernate('awake');
  }

  async #hibernate(state: AccountingState): Promise<void> {
    this.#circuits?.setAccepting(state === 'awake');
    if (state === 'awake') await this.#ports?.open(this.config.orPorts);
    // Links that are open keep the port's connections; to wait for their end would be to never sleep.
    else void this.#ports?.close();
    if (state === 'hard') for (const link of [...(this.#network?.channels.channels ?? [])]) link.close();
    this.events.emit('hibernating', { state });
  }

  /** No new links and circuits; what is open goes on until `close()`. */
  drain(): void {
    this.#circuits?.setAccepting(false);
    void this.#ports?.close();
  }

  /** Ends everything of this role at once; the links belong to the channel manager. */
  async close(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const off of this.#offs) off();
    this.drain();
    this.#handshakes?.close();
    this.#memory?.stop();
    this.#accounting?.stop();
    for (const circuit of [...(this.#circuits?.circuits ?? [])]) circuit.close(DestroyReason.FINISHED);
  }

  /** Lines of the heartbeat that are a relay's own; counts of handshakes are since the last ones. */
  heartbeat(): string[] {
    const counts = this.#circuits?.counts;
    const part = (type: HandshakeName): string => {
      const before = this.#toldHandshakes.get(type) ?? { done: 0, all: 0 };
      const done = counts?.processed[type] ?? 0;
      const all = done + (counts?.dropped[type] ?? 0);
      this.#toldHandshakes.set(type, { done, all });
      return `${done - before.done}/${all - before.all}`;
    };
    return [
      `Circuit handshake stats since last time: ${part('ntor')} NTor, ${part('ntor_v3')} NTorV3, ${part('fast')} fast.`,
      this.dos.heartbeat(),
    ];
  }

  /** An authority told us, in NETINFO or a directory answer, how it sees us. */
  async noteSuggestedAddress(address: Uint8Array, from: Uint8Array): Promise<void> {
    if (this.addresses.suggest(address, from)) this.events.emit('addresses', { addresses: this.addresses.all });
  }

  readonly #onCreate: OnCreate = (channel, circId, command, body) => {
    if (this.#circuits === undefined) channel.destroy(circId, DestroyReason.HIBERNATING);
    else this.#circuits.create(channel, circId, command, body);
  };

  /** NETINFO of an authority that we called says where we seem to be. */
  #learnAddress({ role, peer, peerAddress, result }: LinkChannel): void {
    const { authorities } = this.#network ?? {};
    const own = result?.ownAddressSeen;
    if (role !== 'initiator' || peer.rsa === undefined || peerAddress === undefined || own === undefined) return;
    if (authorities?.has(base16Upper(peer.rsa)) === true) void this.noteSuggestedAddress(own, peerAddress);
  }

  #created(channel: Channel): void {
    const link = this.#network?.channels.byId(channel.id);
    const family = link === undefined ? undefined : this.reachability.note(link, this.addresses);
    if (family !== undefined) this.events.emit('reachable', { family });
  }

  #relayKeys() {
    return {
      rsaId: this.identity.rsaIdentity.publicKey.fingerprint,
      ed25519Id: this.identity.ed25519Identity,
      onionKeys: this.onionKeys.all,
    };
  }

  #circuitParams(): CircuitParams {
    const params = this.params;
    if (params !== this.#paramsOf) {
      this.#paramsOf = params;
      this.#params = circuitParams(params);
      this.dos.setParams(params);
    }
    return this.#params;
  }

  async #refreshKeys(): Promise<void> {
    const newSigningKey = await this.#keys.refresh();
    const newOnionKey = await this.onionKeys.refresh({
      rotationDays: this.params.get('onion-key-rotation-days'),
      graceDays: this.params.get('onion-key-grace-period-days'),
    });
    if (newSigningKey) this.events.emit('keys', { which: 'signing' });
    if (newOnionKey) this.events.emit('keys', { which: 'onion' });
  }

  async #refreshAddresses(): Promise<void> {
    if (await this.addresses.refresh()) this.events.emit('addresses', { addresses: this.addresses.all });
  }

  #every(periodMs: number, work: () => Promise<void>): void {
    const again = (): void => {
      const timer = this.#deps.timers.after(
        periodMs,
        () => {
          this.#timers.delete(timer);
          work()
            .catch((error: unknown) => this.#deps.logger?.warn('or', `a relay's regular work failed: ${String(error)}`))
            .finally(() => {
              if (!this.#stopped) again();
            });
        },
        { background: true },
      );
      this.#timers.add(timer);
    };
    again();
  }
}

const addressOptions = (config: RelayConfig): OwnAddressesOptions => ({
  configured: config.addresses,
  orPorts: config.orPorts,
  disableIpv6: config.addressDisableIpv6,
  ownAuthorities: config.ownAuthorities,
});

const reachabilityOptions = (config: RelayConfig): ReachabilityOptions => ({
  assume: config.assumeReachable,
  assumeIpv6: config.assumeReachableIpv6 === true,
  trustLocal: config.extendAllowPrivate,
});

const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
