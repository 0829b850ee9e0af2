import { type IpBytes, isInternalIp } from '../../base/ip/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { TokenBucket } from '../../base/util/index.ts';

/** What one connection moves. Both calls answer how many milliseconds to wait: after reading, or before writing. */
export interface LinkTraffic {
  /** `bytes` came; 0: read on at once. */
  read(bytes: number): number;
  /** `bytes` are to go out; 0: they are counted and may go now, else ask again after the wait. */
  write(bytes: number): number;
}

/** Counts and limits the traffic of a node. */
export interface TrafficControl {
  link(peer: IpBytes | undefined): LinkTraffic;
}

/** Told of all bytes, in pieces as they are read and written. */
export interface TrafficMeter {
  noteRead(bytes: number, ipv6: boolean): void;
  noteWritten(bytes: number, ipv6: boolean): void;
}

/** Bytes a second; 0: no limit of this kind. */
export interface TrafficLimits {
  /** BandwidthRate, BandwidthBurst */
  readonly rate: number;
  readonly burst: number;
  /** RelayBandwidthRate, RelayBandwidthBurst: what is carried for others, which on a relay's links is all. */
  readonly relayRate: number;
  readonly relayBurst: number;
  /** PerConnBWRate, PerConnBWBurst */
  readonly perLinkRate: number;
  readonly perLinkBurst: number;
  /** CountPrivateBandwidth: limit and count traffic with private addresses too. */
  readonly countPrivate: boolean;
}

/** From here on a rate is no limit: C tor's default is 1 GB. */
const unlimitedRate = 2 ** 30;
const longestWaitMs = 1000;

interface Direction {
  readonly buckets: TokenBucket[];
  /** How often something had to wait. */
  limited: number;
}

/** Token buckets over all links, one pair for each direction. C tor connection.c, token_bucket.c */
export class BandwidthLimiter implements TrafficControl {
  readonly #clock: Clock;
  readonly #meter: TrafficMeter | undefined;
  /** Bytes since the start, both ways. */
  readonly total = { read: 0, written: 0 };
  readonly #reading: Direction;
  readonly #writing: Direction;
  #limits: TrafficLimits;

  constructor(deps: { readonly clock: Clock; readonly meter?: TrafficMeter | undefined }, limits: TrafficLimits) {
    this.#clock = deps.clock;
    this.#meter = deps.meter;
    this.#limits = limits;
    this.#reading = { buckets: this.#buckets(), limited: 0 };
    this.#writing = { buckets: this.#buckets(), limited: 0 };
  }

  #buckets(): TokenBucket[] {
    const { rate, burst, relayRate, relayBurst } = this.#limits;
    return [...this.#bucket(rate, burst), ...this.#bucket(relayRate, relayBurst)];
  }

  #bucket(rate: number, burst: number): TokenBucket[] {
    const limits = rate > 0 && rate < unlimitedRate;
    return limits ? [new TokenBucket(rate, Math.max(rate, burst), this.#clock.monotonic())] : [];
  }

  /** New limits for all links, open ones too. */
  setLimits(limits: TrafficLimits): void {
    this.#limits = limits;
    for (const direction of [this.#reading, this.#writing]) {
      direction.buckets.splice(0, direction.buckets.length, ...this.#buckets());
    }
  }

  /** How often reading and writing had to wait: overload-ratelimits. */
  get waits(): { readonly read: number; readonly write: number } {
    return { read: this.#reading.limited, write: this.#writing.limited };
  }

  link(peer: IpBytes | undefined): LinkTraffic {
    const exempt = !this.#limits.countPrivate && peer !== undefined && isInternalIp(peer);
    if (exempt) return freeTraffic;
    const { perLinkRate, perLinkBurst } = this.#limits;
    const ipv6 = peer?.length === 16;
    const ownRead = this.#bucket(perLinkRate, perLinkBurst);
    const ownWrite = this.#bucket(perLinkRate, perLinkBurst);
    return {
      read: (bytes) => {
        this.total.read += bytes;
        this.#meter?.noteRead(bytes, ipv6);
        return this.#afterReading(bytes, ownRead);
      },
      write: (bytes) => {
        const waitMs = this.#beforeWriting(bytes, ownWrite);
        if (waitMs > 0) return waitMs;
        this.total.written += bytes;
        this.#meter?.noteWritten(bytes, ipv6);
        return 0;
      },
    };
  }

  #afterReading(bytes: number, own: readonly TokenBucket[]): number {
    const { buckets } = this.#reading;
    if (buckets.length === 0 && own.length === 0) return 0;
    const nowMs = this.#clock.monotonic();
    for (const bucket of buckets) bucket.spend(bytes, nowMs);
    for (const bucket of own) bucket.spend(bytes, nowMs);
    const waitMs = waitOf(buckets, own, nowMs);
    if (waitMs > 0) this.#reading.limited++;
    return waitMs;
  }

  #beforeWriting(bytes: number, own: readonly TokenBucket[]): number {
    const { buckets } = this.#writing;
    if (buckets.length === 0 && own.length === 0) return 0;
    const nowMs = this.#clock.monotonic();
    const waitMs = waitOf(buckets, own, nowMs);
    if (waitMs > 0) {
      this.#writing.limited++;
      return waitMs;
    }
    for (const bucket of buckets) bucket.spend(bytes, nowMs);
    for (const bucket of own) bucket.spend(bytes, nowMs);
    return 0;
  }
}

/** Until every bucket is out of debt. */
function waitOf(shared: readonly TokenBucket[], own: readonly TokenBucket[], nowMs: number): number {
  let waitMs = 0;
  for (const bucket of shared) waitMs = Math.max(waitMs, bucket.waitMs(1, nowMs));
  for (const bucket of own) waitMs = Math.max(waitMs, bucket.waitMs(1, nowMs));
  return Math.min(waitMs, longestWaitMs);
}

const freeTraffic: LinkTraffic = { read: () => 0, write: () => 0 };
