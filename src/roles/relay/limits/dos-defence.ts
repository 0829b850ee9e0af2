import { formatIp, type IpBytes } from '../../../base/ip/index.ts';
import type { Clock, Random } from '../../../base/runtime/index.ts';
import { TokenBucket } from '../../../base/util/index.ts';
import { type ConsensusParams, defaultParams } from '../../../network/netdir/index.ts';
import type { Channel } from '../../../protocol/channel/index.ts';
import type { DosConfig } from '../config.ts';
import { type DosParams, dosParams } from './dos-params.ts';

/** Since the start; names as the heartbeat tells them. */
export interface DosCounts {
  circuitsRejected: number;
  addressesMarked: number;
  addressesMarkedForQueues: number;
  connectionsRejected: number;
  connectsRejected: number;
  streamsRejected: number;
  singleHopRefused: number;
}

/** One address that clients come from. */
interface Client {
  connections: number;
  readonly connects: TokenBucket;
  readonly circuits: TokenBucket;
  /** Monotonic. */
  circuitsMarkedUntilMs: number;
  connectsMarkedUntilMs: number;
  fullQueues: number;
}

const maxClients = 65_536;
const unmarked = Number.NEGATIVE_INFINITY;

/**
 * Keeps single addresses from using up a relay: how fast they connect, how many links they hold, how many circuits they
 * make, how many streams a circuit opens. spec: dos-spec; C tor dos.c
 */
export class DosDefence {
  readonly counts: DosCounts = {
    circuitsRejected: 0,
    addressesMarked: 0,
    addressesMarkedForQueues: 0,
    connectionsRejected: 0,
    connectsRejected: 0,
    streamsRejected: 0,
    singleHopRefused: 0,
  };
  readonly #clock: Clock;
  readonly #random: Random;
  #config: DosConfig;
  readonly #clients = new Map<string, Client>();
  readonly #streams = new WeakMap<object, TokenBucket>();
  #params: DosParams;

  constructor(deps: { readonly clock: Clock; readonly random: Random }, config: DosConfig) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#config = config;
    this.#params = dosParams(config, defaultParams);
  }

  setConfig(config: DosConfig, consensus: ConsensusParams): void {
    this.#config = config;
    this.setParams(consensus);
  }

  /** With each new consensus. */
  setParams(consensus: ConsensusParams): void {
    this.#params = dosParams(this.#config, consensus);
    const { circuitRate, circuitBurst, connectRate, connectBurst } = this.#params;
    for (const client of this.#clients.values()) {
      client.circuits.adjust(circuitRate, circuitBurst);
      client.connects.adjust(connectRate, connectBurst);
    }
  }

  get params(): DosParams {
    return this.#params;
  }

  /** A TCP connection was accepted: false ends it. `disconnected()` must follow in the end only when this said true. */
  connected(address: IpBytes): boolean {
    const nowMs = this.#clock.monotonic();
    const client = this.#client(formatIp(address), nowMs);
    client.connections++;
    if (!client.connects.take(1, nowMs) && client.connectsMarkedUntilMs === unmarked) {
      client.connectsMarkedUntilMs = this.#until(nowMs, this.#params.connectDefenseMs);
    }
    if (!this.#params.connectionEnabled || this.#mayStay(client, nowMs)) return true;
    client.connections--;
    return false;
  }

  #mayStay(client: Client, nowMs: number): boolean {
    const { connectionRefuses, connectionMax } = this.#params;
    if (client.connectsMarkedUntilMs >= nowMs) {
      this.counts.connectsRejected++;
      return !connectionRefuses;
    }
    client.connectsMarkedUntilMs = unmarked;
    if (client.connections <= connectionMax) return true;
    this.counts.connectionsRejected++;
    return !connectionRefuses;
  }

  disconnected(address: IpBytes): void {
    const client = this.#clients.get(formatIp(address));
    if (client !== undefined && client.connections > 0) client.connections--;
  }

  /** A CREATE cell came: false refuses it. Relays that proved who they are make as many as they like. */
  admitsCircuit(channel: Channel): boolean {
    const client = this.#clientOf(channel);
    if (client === undefined) return true;
    const nowMs = this.#clock.monotonic();
    client.circuits.take(1, nowMs);
    const exhausted = client.circuits.available(nowMs) < 1;
    if (exhausted && client.connections >= this.#params.circuitMinConnections) {
      if (client.circuitsMarkedUntilMs === unmarked) this.counts.addressesMarked++;
      client.circuitsMarkedUntilMs = this.#until(nowMs, this.#params.circuitDefenseMs);
    }
    if (client.circuitsMarkedUntilMs < nowMs) return true;
    this.counts.circuitsRejected++;
    return !this.#params.circuitRefuses;
  }

  /** A circuit of this channel was closed because its queue was full. */
  noteFullQueue(channel: Channel): void {
    const client = this.#clientOf(channel);
    const { maxFullQueues, circuitDefenseMs } = this.#params;
    const nowMs = this.#clock.monotonic();
    if (client === undefined || maxFullQueues === 0 || client.circuitsMarkedUntilMs >= nowMs) return;
    client.fullQueues++;
    if (client.fullQueues < maxFullQueues) return;
    client.fullQueues = 0;
    if (client.circuitsMarkedUntilMs === unmarked) this.counts.addressesMarkedForQueues++;
    client.circuitsMarkedUntilMs = this.#until(nowMs, circuitDefenseMs);
  }

  /** BEGIN, BEGIN_DIR or RESOLVE came on this circuit. */
  admitsStream(circuit: object): 'accept' | 'refuse' | 'close' {
    const { streamEnabled, streamRate, streamBurst, streamDefense } = this.#params;
    if (!streamEnabled) return 'accept';
    const nowMs = this.#clock.monotonic();
    let bucket = this.#streams.get(circuit);
    if (bucket === undefined) {
      bucket = new TokenBucket(streamRate, streamBurst, nowMs);
      this.#streams.set(circuit, bucket);
    }
    if (bucket.take(1, nowMs)) return 'accept';
    this.counts.streamsRejected++;
    return streamDefense === 'none' ? 'accept' : streamDefense;
  }

  /** ESTABLISH_RENDEZVOUS straight from a client, without a relay between: false refuses it. */
  admitsRendezvous(channel: Channel): boolean {
    if (!this.#params.refuseSingleHopRendezvous || !isClientLink(channel)) return true;
    this.counts.singleHopRefused++;
    return false;
  }

  /** One line of the heartbeat. */
  heartbeat(): string {
    const { circuitEnabled, connectionEnabled, streamEnabled, refuseSingleHopRendezvous } = this.#params;
    const n = this.counts;
    const parts = [
      circuitEnabled
        ? `${n.circuitsRejected} circuits rejected, ${n.addressesMarked} marked addresses, ` +
          `${n.addressesMarkedForQueues} marked addresses for max queue`
        : '[DoSCircuitCreationEnabled disabled]',
      connectionEnabled
        ? `${n.connectionsRejected} same address concurrent connections rejected, ${n.connectsRejected} connections rejected`
        : '[DoSConnectionEnabled disabled]',
      refuseSingleHopRendezvous
        ? `${n.singleHopRefused} single hop clients refused`
        : '[DoSRefuseSingleHopClientRendezvous disabled]',
      streamEnabled ? `${n.streamsRejected} stream rejected` : '[DoSStreamCreationEnabled disabled]',
    ];
    return `DoS mitigation since startup: ${parts.join(', ')}.`;
  }

  #clientOf(channel: Channel): Client | undefined {
    if (!this.#params.circuitEnabled || !isClientLink(channel)) return undefined;
    return this.#clients.get(channel.peer.address);
  }

  /** Half as long again at most, so that nobody can count on the hour. */
  #until(nowMs: number, periodMs: number): number {
    return nowMs + periodMs + this.#random.below(Math.max(1, Math.floor(periodMs / 2)));
  }

  #client(key: string, nowMs: number): Client {
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    if (this.#clients.size >= maxClients) this.#forgetIdle(nowMs);
    const { circuitRate, circuitBurst, connectRate, connectBurst } = this.#params;
    const client: Client = {
      connections: 0,
      connects: new TokenBucket(connectRate, connectBurst, nowMs),
      circuits: new TokenBucket(circuitRate, circuitBurst, nowMs),
      circuitsMarkedUntilMs: unmarked,
      connectsMarkedUntilMs: unmarked,
      fullQueues: 0,
    };
    this.#clients.set(key, client);
    return client;
  }

  /** Addresses without links; marked ones are kept while their time runs, unless nothing else can go. */
  #forgetIdle(nowMs: number): void {
    for (const keepMarked of [true, false]) {
      for (const [key, client] of this.#clients) {
        const marked = Math.max(client.circuitsMarkedUntilMs, client.connectsMarkedUntilMs) >= nowMs;
        if (client.connections === 0 && !(keepMarked && marked)) this.#clients.delete(key);
      }
      if (this.#clients.size < maxClients) return;
    }
  }
}

/** Nobody proved to be a relay there. */
export const isClientLink = (channel: Channel): boolean => channel.role === 'responder' && !channel.peer.authenticated;
