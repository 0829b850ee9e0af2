import type { Random } from '../../base/runtime/index.ts';
import type { RingKey } from './hash-ring.ts';
import type { ConsensusParams } from './params.ts';
import type { Relay } from './relay.ts';
import type { PeriodRules } from './time-period.ts';
import type { BandwidthWeights, Position } from './weights.ts';

export interface SharedRandomValue {
  readonly reveals: number;
  /** 32 bytes. */
  readonly value: Uint8Array;
}

export interface DirInfoStatus {
  readonly enough: boolean;
  /** Share of bandwidth-weighted paths that could be built now, 0 to 1. */
  readonly pathFraction: number;
  /** The share needed. */
  readonly threshold: number;
  /** False when no exit is known: only internal paths can be built. */
  readonly haveExits: boolean;
  readonly guardFraction: number;
  readonly middleFraction: number;
  readonly exitFraction: number;
  readonly usableRelays: number;
  readonly usableDescriptors: number;
  /** What is missing, as C tor says it in its log; empty when `enough`. */
  readonly reason: string;
}

export interface ResponsibleHsDirsRequest {
  /** Blinded key of the service for the ring's period, 32 bytes. */
  readonly blindedKey: Uint8Array;
  readonly ring: RingKey;
  /** `fetch` uses hsdir_spread_fetch, `store` hsdir_spread_store. */
  readonly use: 'fetch' | 'store';
}

/** Which rings count now: clients fetch from one, services store on two. spec: rend-spec-v3 2.2.4 [FETCHUPLOADDESC] */
export interface HsDirRings {
  readonly fetch: RingKey;
  readonly storeFirst: RingKey;
  readonly storeSecond: RingKey;
}

/**
 * The network as one consensus and its descriptors tell it. Immutable: a new consensus or a batch of new
 * microdescriptors makes a new snapshot.
 */
export interface NetDir {
  readonly flavor: 'microdesc' | 'ns';
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  /** In the consensus' order, by RSA identity. */
  readonly relays: readonly Relay[];
  readonly params: ConsensusParams;
  readonly bandwidthWeights: BandwidthWeights;
  readonly sharedRandomPrevious: SharedRandomValue | undefined;
  readonly sharedRandomCurrent: SharedRandomValue | undefined;

  /** Between valid-after and valid-until. */
  isLive(nowMs: number): boolean;
  /** Within a day of that on either side: good enough for clients. */
  isReasonablyLive(nowMs: number): boolean;

  byRsaId(rsaId: Uint8Array): Relay | undefined;
  byFingerprint(fingerprint: string): Relay | undefined;
  byEd25519Id(ed25519Id: Uint8Array): Relay | undefined;
  /** `nick`, `fingerprint`, `$fingerprint`, `$fingerprint~nick`, as users name relays. */
  byNameOrId(text: string): Relay | undefined;

  /** A relay's weight for a position; only ratios within one position mean anything. */
  weightOf(relay: Relay, position: Position): number;
  /** A weighted choice among all relays that pass `accept`; undefined when none does. Fast for repeated use. */
  pick(position: Position, random: Random, accept: (relay: Relay) => boolean): Relay | undefined;
  /** A weighted choice among `candidates`; uniform when all weigh nothing. */
  pickFrom(candidates: readonly Relay[], position: Position, random: Random): Relay | undefined;

  /** True when two different relays must not be on one path: declared, by family id, by subnet, or by NodeFamily. */
  sameFamily(a: Relay, b: Relay): boolean;
  /** Families that relays declare, by list or id. */
  declaredFamily(a: Relay, b: Relay): boolean;
  sameSubnet(a: Relay, b: Relay): boolean;

  readonly periodRules: PeriodRules;
  /** The time period that the consensus lies in. */
  readonly timePeriod: number;
  hsDirRings(): HsDirRings;
  responsibleHsDirs(request: ResponsibleHsDirsRequest): readonly Relay[];

  /** `bridgeUsable`: with bridges, one with a descriptor stands for all guards. */
  enoughDirInfo(options?: { readonly bridgeUsable?: boolean }): DirInfoStatus;
}
