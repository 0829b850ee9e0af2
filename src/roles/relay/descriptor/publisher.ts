import type { Logger } from '../../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../../base/runtime/index.ts';
import type { ExpandedKey } from '../../../crypto/primitives/index.ts';
import type { DirAuthority } from '../../../network/directory/index.ts';
import type { NetDir } from '../../../network/netdir/index.ts';
import type { PolicyRule, PortSummary, ServerDescriptorFields } from '../../../wire/netdoc/index.ts';
import { advertisedBurst, advertisedRate } from '../config.ts';
import type { Relay } from '../relay.ts';
import type { BandwidthHistory } from './bandwidth-history.ts';
import { buildDescriptor, type OwnDescriptor } from './build.ts';
import { declaredFamily } from './family.ts';
import { supportedProtocols } from './protocols.ts';
import { bandwidthChanged, staleReason } from './regenerate.ts';
import { type UploadDeps, uploadDescriptor } from './upload.ts';

/** What an exit role lets the world know. */
export interface ExitAdvertisement {
  readonly policy: readonly PolicyRule[];
  readonly ipv6?: PortSummary | undefined;
}

export interface PublisherDeps extends UploadDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger?: Logger | undefined;
  readonly relay: Relay;
  readonly history: BandwidthHistory;
  readonly netdir: () => NetDir | undefined;
  readonly authorities: readonly DirAuthority[];
}

export interface PublisherOptions {
  /** The `platform` line. */
  readonly platform: string;
  readonly exit?: () => ExitAdvertisement;
  /** Whether BEGIN_DIR is served. */
  readonly servesDirectory: () => boolean;
  readonly familyKeys: readonly ExpandedKey[];
  readonly cgo: boolean;
  /** When a general overload was noticed last, milliseconds. */
  readonly overloadedMs?: () => number | undefined;
  /** Extra-info lines of others: directory requests, overload. */
  readonly statistics?: () => readonly string[];
  readonly cachesExtraInfo?: boolean;
}

const checkMs = 60_000;
/** After an upload that some authority was not there to take: each time twice as long, where C tor waits for a new one. */
const firstRetryMs = { testing: 500, usual: 30_000 } as const;
const maxRetryMs = 5 * 60_000;
const minDirBandwidth = 51_200;

/**
 * Keeps the authorities told of us: builds a descriptor when something in it changed or it grew old, and uploads it once
 * our ORPort is known to be reachable. spec: dir-spec 2.1; C tor router.c
 */
export class RelayPublisher {
  readonly #deps: PublisherDeps;
  readonly #options: PublisherOptions;
  readonly #startedMs: number;
  readonly #offs: (() => void)[] = [];
  /** Authorities that have the current descriptor. */
  readonly #accepted = new Set<string>();
  #descriptor: OwnDescriptor | undefined;
  #dirtyReason: string | undefined = 'Tor just started';
  #reason = 'Tor just started';
  #builtMs = 0;
  #uploadedMs = Number.NEGATIVE_INFINITY;
  #needsUpload = false;
  #retryMs = 0;
  #bandwidthChangedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: PublisherDeps, options: PublisherOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#startedMs = deps.clock.now();
  }

  /** Ours as last built, also when it is not published. */
  get descriptor(): OwnDescriptor | undefined {
    return this.#descriptor;
  }

  start(): void {
    const { events } = this.#deps.relay;
    this.#offs.push(
      events.on('keys', ({ which }) => this.markDirty(`new ${which} key`)),
      events.on('addresses', () => {
        this.#deps.relay.reachability.reset();
        this.markDirty('IP address changed');
      }),
      events.on('configured', () => this.markDirty('config change')),
      events.on('reachable', () => this.markDirty('ORPort found reachable')),
      events.on('hibernating', () => this.markDirty('hibernation changed')),
    );
    this.#check();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const off of this.#offs) off();
  }

  /** Something in the descriptor changed. */
  markDirty(reason: string): void {
    this.#dirtyReason ??= reason;
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#deps.timers.after(delayMs, () => this.#check(), { background: true });
  }

  #check(): void {
    if (this.#working !== undefined) return;
    this.#working = this.#work()
      .then(() => this.#schedule(this.#dirtyReason === undefined ? Math.min(checkMs, this.#retryInMs()) : 0))
      .catch((error: unknown) => {
        this.#deps.logger?.warn('dir', `publishing our descriptor failed: ${String(error)}`);
        this.#schedule(checkMs);
      })
      .finally(() => {
        this.#working = undefined;
      });
  }

  async #work(): Promise<void> {
    this.#lookForChanges();
    if (this.#dirtyReason !== undefined && !this.#rebuild()) {
      // No address yet: ask again in a while, with the same reason.
      const reason = this.#dirtyReason;
      this.#dirtyReason = undefined;
      this.#deps.timers.after(checkMs, () => this.markDirty(reason), { background: true });
      return;
    }
    if (this.#descriptor !== undefined && this.#publishable()) await this.#upload(this.#descriptor);
  }

  #lookForChanges(): void {
    const nowMs = this.#deps.clock.now();
    const { relay, history } = this.#deps;
    const built = this.#descriptor;
    if (built === undefined || this.#dirtyReason !== undefined) return;
    const rsaId = relay.identity.rsaIdentity.publicKey.fingerprint;
    this.#dirtyReason = staleReason({ builtMs: this.#builtMs, nowMs, rsaId }, this.#deps.netdir());
    const hibernating = relay.accounting?.hibernating ?? false;
    const changed = bandwidthChanged({
      published: built.fields.bandwidthObserved,
      measured: hibernating ? 0 : history.assess(),
      uptimeMs: nowMs - this.#startedMs,
      sinceChangeMs: nowMs - this.#bandwidthChangedMs,
      testing: relay.config.testing,
      hibernating,
    });
    if (changed && this.#dirtyReason === undefined) {
      this.#dirtyReason = 'bandwidth has changed';
      this.#bandwidthChangedMs = nowMs;
    }
  }

  /** False when it cannot be built yet: we do not know our address. */
  #rebuild(): boolean {
    const fields = this.#fields();
    if (fields === undefined) {
      this.#deps.logger?.limited(
        'relay-address',
        3600_000,
        'notice',
        'config',
        'Unable to find IPv4 address for ORPort. You might want to set an explicit address or set Address.',
      );
      return false;
    }
    const { relay, history, clock } = this.#deps;
    const { rsaIdentity, ed25519Identity, signingKey, signingCert } = relay.identity;
    const statistics = relay.config.extraInfoStatistics
      ? [...history.lines(), ...(this.#options.statistics?.() ?? [])]
      : [];
    this.#descriptor = buildDescriptor(
      { fields, rsaId: rsaIdentity.publicKey.fingerprint, lines: statistics },
      {
        identityKey: rsaIdentity,
        ed25519Id: ed25519Identity,
        ed25519SigningKey: signingKey,
        ed25519SigningCert: signingCert,
        ntorKey: relay.onionKeys.current,
        familyKeys: this.#options.familyKeys,
        ...(relay.params.get('publish-dummy-tap-key') === 1 && { onionKey: relay.onionKeys.tap }),
      },
    );
    this.#reason = this.#dirtyReason ?? this.#reason;
    this.#dirtyReason = undefined;
    this.#builtMs = clock.now();
    this.#needsUpload = true;
    this.#accepted.clear();
    relay.events.emit('descriptor', { text: this.#descriptor.text, reason: this.#reason });
    return true;
  }

  #fields(): Omit<ServerDescriptorFields, 'extraInfoDigest'> | undefined {
    const { relay, clock, history, netdir } = this.#deps;
    const { config, addresses, ports } = relay;
    const address = addresses.get(4);
    const orPort = ports?.advertised(4);
    if (address === undefined || orPort === undefined) return undefined;
    const nowMs = clock.now();
    const hibernating = relay.accounting?.hibernating ?? false;
    const exit = this.#options.exit?.();
    const ipv6 = this.#ipv6();
    const family = config.bridge || relay.params.get('publish-family-list') === 0 ? [] : config.myFamily;
    return {
      nickname: config.nickname,
      address: address.address,
      orPort,
      dirPort: config.authority && typeof config.dirPort === 'number' ? config.dirPort : 0,
      ...(ipv6 !== undefined && { ipv6 }),
      platform: this.#options.platform,
      protover: supportedProtocols({ cgo: this.#options.cgo }),
      publishedMs: nowMs,
      uptimeSec: Math.floor((nowMs - this.#startedMs) / 1000),
      bandwidthRate: advertisedRate(config.bandwidth),
      bandwidthBurst: advertisedBurst(config.bandwidth),
      bandwidthObserved: hibernating ? 0 : history.assess(),
      hibernating,
      isHsDir: true,
      cachesExtraInfo: this.#options.cachesExtraInfo ?? false,
      ...(config.contact !== undefined && { contact: config.contact }),
      family:
        family.length === 0
          ? []
          : declaredFamily(family, { nickname: config.nickname, fingerprint: relay.fingerprint }, netdir()),
      ...(config.bridge && { bridgeDistribution: (config.bridgeDistribution ?? 'any').toLowerCase() }),
      overloadGeneralMs: this.#recentOverloadMs(nowMs),
      exitPolicy: exit?.policy ?? [],
      ipv6Policy: exit?.ipv6,
      tunnelledDirServer: this.#advertisesDirectory(),
    };
  }

  /** Left out while it is not known to be reachable, unless the operator wrote it down. */
  #ipv6(): { address: Uint8Array; port: number } | undefined {
    const { addresses, ports, reachability, config } = this.#deps.relay;
    const address = addresses.get(6);
    const port = ports?.advertised(6);
    if (address === undefined || port === undefined) return undefined;
    const tested = reachability.isReachable(6) || config.authority || addresses.isConfigured(6);
    const early = this.#deps.clock.now() - this.#startedMs < 20 * 60_000;
    return tested || early ? { address: address.address, port } : undefined;
  }

  #recentOverloadMs(nowMs: number): number | undefined {
    const overloadedMs = this.#options.overloadedMs?.();
    return overloadedMs !== undefined && nowMs - overloadedMs < 72 * 3600_000 ? overloadedMs : undefined;
  }

  /** C tor router_should_be_dirserver() */
  #advertisesDirectory(): boolean {
    const { config } = this.#deps.relay;
    if (!this.#options.servesDirectory()) return false;
    if (config.authority) return true;
    const { rate, relayRate } = config.bandwidth;
    const { maxBytes, rule } = config.accounting;
    if (maxBytes > 0 && rule !== 'in') return false;
    return rate >= minDirBandwidth && (relayRate === 0 || relayRate >= minDirBandwidth);
  }

  #publishable(): boolean {
    const { relay, netdir } = this.#deps;
    const { config, reachability, params } = relay;
    if (config.publishTo === undefined) return false;
    if (config.authority) return true;
    const assume4 = params.get('assume-reachable') === 1;
    const assume6 = assume4 || params.get('assume-reachable-ipv6') === 1;
    if (!reachability.isReachable(4) && !assume4) return false;
    const has6 = this.#descriptor?.fields.ipv6 !== undefined;
    const configured6 = relay.addresses.isConfigured(6);
    if (has6 && configured6 && !reachability.isReachable(6) && !assume6) return false;
    return netdir !== undefined;
  }

  /** Until those that were not there are asked again. */
  #retryInMs(): number {
    const { authorities, clock, relay } = this.#deps;
    const bridge = relay.config.publishTo === 'bridge';
    const missing = authorities.some((each) => each.bridge === bridge && !this.#accepted.has(each.fingerprint));
    if (!missing || this.#retryMs === 0 || !this.#publishable()) return checkMs;
    return Math.max(firstRetryMs.testing, this.#uploadedMs + this.#retryMs - clock.now());
  }

  async #upload(descriptor: OwnDescriptor): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const { relay, authorities } = this.#deps;
    const bridge = relay.config.publishTo === 'bridge';
    const due = this.#needsUpload || nowMs - this.#uploadedMs >= this.#retryMs;
    const targets = authorities.filter(
      (authority) => authority.bridge === bridge && !this.#accepted.has(authority.fingerprint),
    );
    if (!due || targets.length === 0) return;
    const first = relay.config.testing ? firstRetryMs.testing : firstRetryMs.usual;
    this.#retryMs = this.#needsUpload ? first : Math.min(2 * this.#retryMs, maxRetryMs);
    this.#needsUpload = false;
    this.#uploadedMs = nowMs;
    this.#deps.history.save();
    const results = await Promise.all(
      targets.map((authority) =>
        uploadDescriptor(this.#deps, authority, descriptor, { reason: this.#reason, anonymous: bridge }),
      ),
    );
    for (const result of results) {
      // What an authority refuses is not offered again until it has changed.
      if (result.status !== undefined && this.#descriptor === descriptor)
        this.#accepted.add(result.authority.fingerprint);
      relay.events.emit('uploaded', result);
      if (result.seenAddress !== undefined) {
        await relay.noteSuggestedAddress(result.seenAddress.own, result.seenAddress.from);
      }
    }
  }
}
