import type { TLSSocket } from 'node:tls';
import { base16, bytesEqual } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIpPort, type IpBytes } from '../../base/ip/index.ts';
import type { Clock, Random, Timer, Timers } from '../../base/runtime/index.ts';
import { type Deferred, deferred, Emitter, LruMap } from '../../base/util/index.ts';
import {
  CellBuffers,
  type ChannelParams,
  defaultChannelParams,
  LinkChannel,
  type LinkCredentials,
  type OnCreate,
} from '../../protocol/channel/index.ts';
import { connectWithTls, dialDirect, startTls } from './connect.ts';
import type { DirectReader } from './direct-reader.ts';
import { LinkCounts } from './link-counts.ts';
import { TlsTransport, tlsBinding } from './tls-transport.ts';
import type { LinkTraffic, TrafficControl } from './traffic.ts';
import type {
  ChannelFailed,
  ChannelLaunched,
  ChannelManagerEvents,
  ChannelRequest,
  ChannelTarget,
  Dial,
  OrEndpoint,
} from './types.ts';

export interface ChannelManagerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly buffers?: CellBuffers;
}

export interface ChannelManagerOptions {
  readonly params?: ChannelParams;
  /** For public relays: authenticates the channels we open. Clients and bridges leave it out. */
  readonly credentials?: () => LinkCredentials;
  /** Our published addresses, for NETINFO; relays only. */
  readonly ownAddresses?: () => readonly IpBytes[];
  /** Relays: circuits that peers open on channels. */
  readonly onCreate?: OnCreate;
  readonly dial?: Dial;
  /** Counts and limits what links move. */
  readonly traffic?: TrafficControl;
  /** Link protocols to offer. */
  readonly versions?: readonly number[];
  /** TCP and TLS; default 30 s. */
  readonly connectTimeoutMs?: number;
  /** VERSIONS to NETINFO; default 30 s. */
  readonly handshakeTimeoutMs?: number;
  /** nf_conntimeout_relays: how long an idle relay-to-relay channel is kept; varied by a quarter. */
  readonly relayIdleTimeoutMs?: number;
  /** How long a failed address is not tried again for others; default 60 s, as C tor. */
  readonly failureMemoryMs?: number;
}

interface Attempt {
  readonly target: ChannelTarget;
  readonly result: Deferred<LinkChannel>;
  readonly abort: AbortController;
}

const weekMs = 7 * 86_400_000;
const housekeepingMs = 1000;
const clientIdleMs = 180_000;
const defaultTimeoutMs = 30_000;

/** All channels of a node: opens, shares, expires them. Spec: tor-spec 5.3.1 for which channel serves a request. */
export class ChannelManager {
  readonly events = new Emitter<ChannelManagerEvents>();
  readonly buffers: CellBuffers;
  readonly counts = new LinkCounts();
  readonly #deps: ChannelManagerDeps;
  readonly #options: ChannelManagerOptions;
  readonly #channels = new Map<number, LinkChannel>();
  /** Idle limit of each channel, drawn when it opened. */
  readonly #idleMs = new Map<LinkChannel, number>();
  readonly #attempts = new Set<Attempt>();
  readonly #failures = new LruMap<string, number>(1024);
  #params: ChannelParams;
  #nextId = 1;
  #housekeeping: Timer | undefined;
  #closed = false;

  constructor(deps: ChannelManagerDeps, options: ChannelManagerOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.buffers = deps.buffers ?? new CellBuffers();
    this.#params = options.params ?? defaultChannelParams;
  }

  get params(): ChannelParams {
    return this.#params;
  }

  /** Channels that are open or shaking hands. */
  get channels(): IterableIterator<LinkChannel> {
    return this.#channels.values();
  }

  setParams(params: ChannelParams): void {
    this.#params = params;
    for (const channel of this.#channels.values()) channel.setParams(params);
  }

  /**
   * An open channel to the target: one that is there, one that somebody is opening already, or a new one.
   * Rejects with CONNECT_FAILED, CONNECT_BACKOFF, CHANNEL_IDENTITY, CHANNEL_TIMEOUT, any handshake error, or ABORTED.
   */
  async get(target: ChannelTarget, request: ChannelRequest = {}): Promise<LinkChannel> {
    if (this.#closed) throw new TorError('ABORTED', 'the channel manager is closed');
    request.signal?.throwIfAborted();
    const ready = this.find(target);
    if (ready !== undefined) return ready;
    if (request.purpose === 'extend' && this.#failedLately(target)) throw new TorError('CONNECT_BACKOFF');
    const attempt = this.#attemptFor(target) ?? this.#launch(target, request);
    return await abortable(attempt.result.promise, request.signal);
  }

  /** The best open channel to the target, without opening one. */
  find(target: ChannelTarget): LinkChannel | undefined {
    let best: LinkChannel | undefined;
    for (const channel of this.#channels.values()) {
      if (channel.state !== 'open' || !this.#serves(channel, target)) continue;
      if (best === undefined || isBetter(channel, best)) best = channel;
    }
    return best;
  }

  byId(id: number): LinkChannel | undefined {
    return this.#channels.get(id);
  }

  #limitsFor(address: IpBytes | undefined): { readonly timers: Timers; readonly traffic: LinkTraffic } | undefined {
    const traffic = this.#options.traffic?.link(address);
    return traffic && { timers: this.#deps.timers, traffic };
  }

  /** For the listener: a peer's share of the node's traffic. */
  trafficOf(address: IpBytes): LinkTraffic | undefined {
    return this.#options.traffic?.link(address);
  }

  /** The next channel's id; for the listener. */
  takeId(): number {
    return this.#nextId++;
  }

  /** Takes over a channel made elsewhere (a listener's), so that it is found, counted and expired. */
  adopt(channel: LinkChannel): void {
    this.#track(channel);
    this.events.emit('accepted', channel);
  }

  /** Closes every channel and refuses further work. */
  close(): void {
    this.#closed = true;
    this.#housekeeping?.cancel();
    for (const attempt of this.#attempts) attempt.abort.abort(new TorError('ABORTED'));
    for (const channel of [...this.#channels.values()]) channel.close();
  }

  // Choosing

  #serves(channel: LinkChannel, target: ChannelTarget): boolean {
    const { peer } = channel;
    const { rsa, ed25519 } = target.identity;
    if (rsa === undefined && ed25519 === undefined) {
      return channel.role === 'initiator' && isAddressOf(channel, target);
    }
    if (!peer.authenticated) return false;
    if (rsa !== undefined && (peer.rsa === undefined || !bytesEqual(rsa, peer.rsa))) return false;
    if (ed25519 !== undefined && (peer.ed25519 === undefined || !bytesEqual(ed25519, peer.ed25519))) return false;
    if (this.#deps.clock.monotonic() - channel.createdMs > weekMs) return false;
    // What the peer calls itself, or the very place asked for; nobody else may stand in between.
    return channel.canonical || isAddressOf(channel, target);
  }

  #attemptFor(target: ChannelTarget): Attempt | undefined {
    for (const attempt of this.#attempts) if (sameTarget(attempt.target, target)) return attempt;
    return undefined;
  }

  #failedLately(target: ChannelTarget): boolean {
    const sinceMs = this.#deps.clock.monotonic() - (this.#options.failureMemoryMs ?? 60_000);
    return target.addresses.every((endpoint) => {
      const failedMs = this.#failures.get(failureKey(target, endpoint));
      return failedMs !== undefined && failedMs > sinceMs;
    });
  }

  // Opening

  #launch(target: ChannelTarget, request: ChannelRequest): Attempt {
    const attempt: Attempt = { target, result: deferred(), abort: new AbortController() };
    this.#attempts.add(attempt);
    this.#open(attempt, request).then(
      (channel) => {
        this.#attempts.delete(attempt);
        attempt.result.resolve(channel);
      },
      (error: unknown) => {
        this.#attempts.delete(attempt);
        attempt.result.reject(error);
      },
    );
    return attempt;
  }

  /** Each address in turn, until one opens. A relay with the wrong keys is not asked again elsewhere. */
  async #open(attempt: Attempt, request: ChannelRequest): Promise<LinkChannel> {
    const { target } = attempt;
    const endpoints = target.addresses.length === 0 ? [undefined] : target.addresses;
    let last = new TorError('CONNECT_FAILED', 'the relay has no address');
    for (const endpoint of endpoints) {
      try {
        return await this.#openAt(attempt, endpoint);
      } catch (error) {
        last = TorError.from(error);
        if (request.purpose === 'extend' && endpoint !== undefined) {
          this.#failures.set(failureKey(target, endpoint), this.#deps.clock.monotonic());
        }
        if (last.code !== 'CONNECT_FAILED' && last.code !== 'TIMEOUT') break;
        if (attempt.abort.signal.aborted) break;
      }
    }
    throw last;
  }

  async #openAt(attempt: Attempt, endpoint: OrEndpoint | undefined): Promise<LinkChannel> {
    const launched: ChannelLaunched = { id: this.takeId(), target: attempt.target, endpoint };
    let stage: ChannelFailed['stage'] = 'connecting';
    this.events.emit('launched', launched);
    if (endpoint !== undefined) this.counts.count('initiated', endpoint.address);
    const deadline = this.#deadline(attempt.abort.signal);
    try {
      const { tls, reader } = await this.#connect(attempt.target, endpoint, deadline.signal, () => {
        stage = 'tls';
        this.events.emit('tcp', launched);
      });
      stage = 'handshake';
      this.events.emit('tls', launched);
      const certificate = tls.getPeerX509Certificate()?.raw;
      if (certificate === undefined) {
        tls.destroy();
        throw new TorError('CHANNEL_PROTOCOL', 'the relay showed no TLS certificate');
      }
      const transport = new TlsTransport(tls, this.#limitsFor(endpoint?.address), reader);
      const credentials = this.#options.credentials?.();
      const channel = new LinkChannel(
        { ...this.#deps, buffers: this.buffers, transport, tls: tlsBinding(tls, new Uint8Array(certificate)) },
        {
          role: 'initiator',
          id: launched.id,
          peerAddress: endpoint?.address,
          peerPort: endpoint?.port ?? 0,
          expected: attempt.target.identity,
          params: this.#params,
          ...(credentials && { credentials }),
          ...(this.#options.ownAddresses && { ownAddresses: this.#options.ownAddresses() }),
          ...(this.#options.versions && { versions: this.#options.versions }),
          ...(this.#options.onCreate && { onCreate: this.#options.onCreate }),
          ...(this.#options.handshakeTimeoutMs && { handshakeTimeoutMs: this.#options.handshakeTimeoutMs }),
        },
      );
      return await this.#shakeHands(channel, transport, attempt.abort.signal);
    } catch (error) {
      const typed = TorError.from(error);
      this.events.emit('failed', { ...launched, error: typed, stage });
      throw typed;
    } finally {
      deadline.end();
    }
  }

  async #connect(
    target: ChannelTarget,
    endpoint: OrEndpoint | undefined,
    signal: AbortSignal,
    onTcp: () => void,
  ): Promise<{ readonly tls: TLSSocket; readonly reader?: DirectReader }> {
    const { random } = this.#deps;
    const dial = target.dial ?? this.#options.dial ?? dialDirect;
    if (dial.outbound !== undefined) return connectWithTls({ random, signal, onTcp }, endpoint, dial.outbound);
    const tcp = await dial(endpoint, signal);
    onTcp();
    return { tls: await startTls(tcp, random, signal) };
  }

  #shakeHands(channel: LinkChannel, transport: TlsTransport, signal: AbortSignal): Promise<LinkChannel> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => channel.close(TorError.from(signal.reason, 'ABORTED'));
      const offOpen = channel.events.on('open', () => {
        settled();
        resolve(channel);
      });
      const offClosed = channel.events.on('closed', (error) => {
        settled();
        reject(error ?? new TorError('CHANNEL_CLOSED', 'the relay ended the link handshake'));
      });
      const settled = (): void => {
        offOpen();
        offClosed();
        signal.removeEventListener('abort', onAbort);
      };
      signal.addEventListener('abort', onAbort);
      this.#track(channel);
      transport.attach(channel);
    });
  }

  /** Aborts with TIMEOUT after the connect timeout, or with the outer signal. */
  #deadline(outer: AbortSignal): { readonly signal: AbortSignal; end(): void } {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(outer.reason);
    const timeoutMs = this.#options.connectTimeoutMs ?? defaultTimeoutMs;
    const timer = this.#deps.timers.after(timeoutMs, () => controller.abort(new TorError('TIMEOUT')));
    if (outer.aborted) onAbort();
    else outer.addEventListener('abort', onAbort);
    return {
      signal: controller.signal,
      end: () => {
        timer.cancel();
        outer.removeEventListener('abort', onAbort);
      },
    };
  }

  // Keeping and expiring

  #track(channel: LinkChannel): void {
    this.#channels.set(channel.id, channel);
    let opened = false;
    channel.events.on('open', () => {
      opened = true;
      this.#idleMs.set(channel, this.#drawIdleMs(channel));
      this.events.emit('opened', channel);
    });
    channel.events.on('closed', (error) => {
      this.#channels.delete(channel.id);
      this.#idleMs.delete(channel);
      this.counts.destroysIn += channel.counters.destroysIn;
      if (opened || channel.role === 'responder') this.events.emit('closed', { channel, error });
    });
    this.#keepHouse();
  }

  #keepHouse(): void {
    if (this.#housekeeping !== undefined || this.#channels.size === 0 || this.#closed) return;
    this.#housekeeping = this.#deps.timers.after(
      housekeepingMs,
      () => {
        this.#housekeeping = undefined;
        this.#expire();
        this.#keepHouse();
      },
      { background: true },
    );
  }

  #expire(): void {
    const nowMs = this.#deps.clock.monotonic();
    for (const [channel, idleMs] of this.#idleMs) {
      const sinceMs = channel.emptySinceMs;
      if (sinceMs !== undefined && nowMs - sinceMs >= idleMs) channel.close();
    }
  }

  /** Three to four and a half minutes for clients and what is not canonical, about an hour between relays. */
  #drawIdleMs(channel: LinkChannel): number {
    const { random } = this.#deps;
    const betweenRelays = this.#options.credentials !== undefined && channel.peer.authenticated && channel.canonical;
    if (betweenRelays) {
      const timeoutMs = this.#options.relayIdleTimeoutMs ?? 3_600_000;
      return (3 * timeoutMs) / 4 + random.below(Math.floor(timeoutMs / 2));
    }
    const timeoutMs = clientIdleMs + random.below(clientIdleMs / 2);
    return this.#params.reducedPadding ? timeoutMs / 2 : timeoutMs;
  }
}

function isBetter(a: LinkChannel, b: LinkChannel): boolean {
  if (a.canonical !== b.canonical) return a.canonical;
  // The older one: nobody can lure circuits over by connecting anew.
  return a.createdMs < b.createdMs;
}

function isAddressOf(channel: LinkChannel, target: ChannelTarget): boolean {
  if (channel.peerAddress === undefined) return target.addresses.length === 0;
  const address = channel.peerAddress;
  return target.addresses.some(
    (endpoint) =>
      bytesEqual(endpoint.address, address) && (channel.role === 'responder' || endpoint.port === channel.peer.port),
  );
}

function sameTarget(a: ChannelTarget, b: ChannelTarget): boolean {
  return a.dial === b.dial && targetKey(a) === targetKey(b);
}

const hex = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : base16(bytes));
const identityKey = (target: ChannelTarget): string => `${hex(target.identity.rsa)} ${hex(target.identity.ed25519)}`;
const failureKey = (target: ChannelTarget, endpoint: OrEndpoint): string =>
  `${identityKey(target)} ${formatIpPort(endpoint.address, endpoint.port)}`;
const targetKey = (target: ChannelTarget): string =>
  `${identityKey(target)} ${target.addresses.map((endpoint) => formatIpPort(endpoint.address, endpoint.port)).join(' ')}`;

/** Rejects when the signal aborts; the promise itself goes on. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(TorError.from(signal.reason, 'ABORTED'));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
