import type { Random } from '../../base/runtime/index.ts';
import type { ConsensusParams } from './params.ts';
import type { Relay } from './relay.ts';
import type { BandwidthWeights } from './weights.ts';

/** Which rule weights a choice; `none` leaves the plain consensus weight. */
export type Position = 'guard' | 'middle' | 'exit' | 'dir' | 'none';

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
  /** Blinded key of the service for that period, 32 bytes. */
  readonly blindedKey: Uint8Array;
  readonly periodNumber: number;
  /** Which ring: that of the period with the SRV of its start. 32 bytes. */
  readonly srv: Uint8Array;
  /** `fetch` uses hsdir_spread_fetch, `store` hsdir_spread_store. */
  readonly use: 'fetch' | 'store';
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

  byRsaId(rsaId: Uint8Array): Relay | undefined;
  byFingerprint(fingerprint: string): Relay | undefined;
  byEd25519Id(ed25519Id: Uint8Array): Relay | undefined;
  /** Nickname, `$fingerprint`, fingerprint, `$fp~nick`, `$fp=nick`, as users name relays. */
  byNameOrId(text: string): Relay | undefined;

  /** A relay's weight for a position; only ratios mean anything. */
  weightOf(relay: Relay, position: Position): number;
  /** A weighted choice among all relays that pass `accept`; undefined when none does. Fast for repeated use. */
  pick(position: Position, random: Random, accept: (relay: Relay) => boolean): Relay | undefined;
  /** A weighted choice among `candidates`; uniform when all weigh nothing. */
  pickFrom(candidates: readonly Relay[], position: Position, random: Random): Relay | undefined;

  /** True when both say so (lists), share a family id, or lie in one subnet while subnets are to differ. */
  sameFamily(a: Relay, b: Relay): boolean;
  /** Declared families alone. */
  declaredFamily(a: Relay, b: Relay): boolean;
  sameSubnet(a: Relay, b: Relay): boolean;

  responsibleHsDirs(request: ResponsibleHsDirsRequest): readonly Relay[];
  enoughDirInfo(): DirInfoStatus;
}
