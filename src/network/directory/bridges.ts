import { base16Upper, bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIpPort } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { parseServerDescriptor } from '../../wire/netdoc/index.ts';
import type { ChannelManager } from '../channels/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { BridgeInfo, GuardManager } from '../guard/index.ts';
import { bridgeRelay, type Relay } from '../netdir/index.ts';
import type { BridgeLine } from './bridge-lines.ts';
import { dirRequest, formatDirHost } from './dir-stream.ts';
import { DownloadStatus } from './download-status.ts';

export interface BridgeDescriptorsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly circuits: Pick<CircuitManager, 'circuitTo'>;
  /** Finds out who a bridge without a fingerprint is. */
  readonly channels?: Pick<ChannelManager, 'get'> | undefined;
  readonly guards: Pick<GuardManager, 'options' | 'setOptions' | 'noteBridge' | 'noteBridgeIdentity' | 'usableBridges'>;
  readonly logger?: Logger | undefined;
  /** The first bridge that can be used: everything else may be asked for now. */
  readonly onFirstUsable: () => void;
}

export interface BridgeDescriptorsOptions {
  readonly bridges: readonly BridgeLine[];
  /** TestingBridgeBootstrapDownloadInitialDelay; default 0. */
  readonly bootstrapDelaySec?: number | undefined;
  /** TestingBridgeDownloadInitialDelay; default 3 hours. */
  readonly delaySec?: number | undefined;
  readonly stallTimeoutMs?: number | undefined;
}

interface Bridge {
  readonly line: BridgeLine;
  readonly status: DownloadStatus;
  rsaId: Uint8Array | undefined;
  relay: Relay | undefined;
  busy: boolean;
}

const maxDescriptorBytes = 1 << 20;
const defaultDelaySec = 10_800;

/** Asks each configured bridge for its own descriptor and makes guards of those that answer. C tor bridges.c */
export class BridgeDescriptors {
  readonly #deps: BridgeDescriptorsDeps;
  readonly #options: BridgeDescriptorsOptions;
  readonly #bridges: readonly Bridge[];
  readonly #abort = new AbortController();

  constructor(deps: BridgeDescriptorsDeps, options: BridgeDescriptorsOptions) {
    this.#deps = deps;
    this.#options = options;
    const initialDelaySec = (): number =>
      deps.guards.usableBridges() > 0 ? (options.delaySec ?? defaultDelaySec) : (options.bootstrapDelaySec ?? 0);
    this.#bridges = options.bridges
      .filter((line) => this.#isSpoken(line))
      .map((line) => ({
        line,
        status: new DownloadStatus(deps.random, 'attempt', initialDelaySec),
        rsaId: line.rsaId,
        relay: undefined,
        busy: false,
      }));
  }

  /** Tells the guards who the bridges are. */
  start(): void {
    this.#tellGuards();
  }

  /** Asks those whose turn it is. */
  update(): void {
    const nowMs = this.#deps.clock.now();
    for (const bridge of this.#bridges) {
      if (bridge.busy || !bridge.status.isReady(nowMs) || this.#abort.signal.aborted) continue;
      bridge.status.noteAttempt(nowMs);
      bridge.busy = true;
      this.#fetch(bridge)
        .catch((error: unknown) => this.#failed(bridge, TorError.from(error)))
        .finally(() => {
          bridge.busy = false;
        });
    }
  }

  /** Forgets the back-off. */
  reset(): void {
    const nowMs = this.#deps.clock.now();
    for (const { status, relay } of this.#bridges) if (relay === undefined) status.reset(nowMs);
  }

  abort(): void {
    this.#abort.abort(new TorError('ABORTED'));
  }

  #isSpoken({ transport, address, port }: BridgeLine): boolean {
    if (transport === undefined) return true;
    this.#deps.logger?.warn(
      'config',
      `We were supposed to connect to bridge '${formatIpPort(address, port)}' using pluggable transport '${transport}', ` +
        `but we can't find a pluggable transport proxy supporting '${transport}'. The bridge is left out.`,
    );
    return false;
  }

  #tellGuards(): void {
    const { guards } = this.#deps;
    const bridges: BridgeInfo[] = this.#bridges.map(({ line, rsaId, relay }) => ({
      address: line.address,
      port: line.port,
      rsaId,
      relay,
    }));
    guards.setOptions({ ...guards.options, useBridges: true, bridges });
  }

  async #fetch(bridge: Bridge): Promise<void> {
    const { address, port } = bridge.line;
    const { signal } = this.#abort;
    const rsa = bridge.rsaId ?? (await this.#identify(bridge));
    const target = { identity: { rsa }, addresses: [{ address, port }] };
    const circuit = await this.#deps.circuits.circuitTo('dir', target, { signal });
    const { stallTimeoutMs } = this.#options;
    const response = await dirRequest(this.#deps, circuit, {
      method: 'GET',
      path: '/tor/server/authority.z',
      host: formatDirHost(address, port),
      maxBytes: maxDescriptorBytes,
      signal,
      ...(stallTimeoutMs === undefined ? {} : { stallTimeoutMs }),
    });
    if (response.status !== 200) throw new TorError('DIR_STATUS', `${response.status} ${response.reason}`);
    this.#learned(bridge, response.body, rsa);
  }

  /** Its certificates say who it is; from now on it must be the same. */
  async #identify(bridge: Bridge): Promise<Uint8Array> {
    const { channels, guards } = this.#deps;
    const { address, port } = bridge.line;
    const where = formatIpPort(address, port);
    if (channels === undefined) throw new TorError('BAD_BRIDGE_LINE', `the bridge at ${where} has no fingerprint`);
    const { signal } = this.#abort;
    const channel = await channels.get({ identity: {}, addresses: [{ address, port }] }, { signal });
    const { rsa } = channel.peer;
    if (rsa === undefined) throw new TorError('CHANNEL_IDENTITY', `the bridge at ${where} proved no identity`);
    bridge.rsaId = rsa;
    this.#deps.logger?.notice('dir', `Learned identity ${base16Upper(rsa)} for bridge at ${where}`);
    guards.noteBridgeIdentity(address, port, rsa);
    this.#tellGuards();
    return rsa;
  }

  #learned(bridge: Bridge, body: Uint8Array, rsa: Uint8Array): void {
    const descriptor = parseServerDescriptor(body);
    if (!bytesEqual(descriptor.rsaId, rsa)) throw new TorError('NETDOC_SYNTAX', "another relay's descriptor");
    const { address, port } = bridge.line;
    const { guards, logger, clock } = this.#deps;
    const isFirst = guards.usableBridges() === 0;
    const isNew = bridge.relay === undefined;
    bridge.relay = bridgeRelay(descriptor, { address, port });
    this.#tellGuards();
    guards.noteBridge(address, port, 'up');
    // After this one: the long delay, now that there is a usable bridge.
    bridge.status.reset(clock.now());
    if (isNew) {
      const name = `$${base16Upper(rsa)}~${descriptor.nickname} at ${formatIpPort(address, port)}`;
      logger?.notice('dir', `new bridge descriptor '${descriptor.nickname}' (fresh): ${name}`);
    }
    if (isFirst) this.#deps.onFirstUsable();
  }

  #failed(bridge: Bridge, error: TorError): void {
    if (this.#abort.signal.aborted) return;
    const { address, port } = bridge.line;
    this.#deps.guards.noteBridge(address, port, 'down');
    bridge.status.noteFailure(this.#deps.clock.now());
    const where = formatIpPort(address, port);
    this.#deps.logger?.info('dir', `Couldn't get the descriptor of the bridge at ${where}: ${error.message}`);
  }
}
