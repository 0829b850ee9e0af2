import { base16Upper, base64Unpadded } from '../../base/bytes/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { LruMap } from '../../base/util/index.ts';
import { type DirInfoOptions, dirInfoStatus } from './dir-info.ts';
import { listEachOther, shareFamilyId } from './family.ts';
import { HashRing, type RingKey } from './hash-ring.ts';
import { parseRelayName } from './names.ts';
import { type ConsensusParams, consensusParams } from './params.ts';
import type { Relay } from './relay.ts';
import type { RouterSet } from './router-set.ts';
import { disasterSrv, isBetweenPeriodAndSrv, type PeriodRules, periodNumberAt, periodRules } from './time-period.ts';
import type { DirInfoStatus, HsDirRings, NetDir, ResponsibleHsDirsRequest, SharedRandomValue } from './types.ts';
import { WeightTable } from './weight-table.ts';
import { type BandwidthWeights, bandwidthWeights, type Position, positionRule, weightFor } from './weights.ts';

/** What the user's configuration adds to the network's own view. */
export interface NetDirOptions {
  /** EnforceDistinctSubnets; default true. */
  readonly enforceDistinctSubnets?: boolean;
  /** NodeFamily lines. */
  readonly nodeFamilies?: readonly RouterSet[];
  /** TestingTorNetwork: onion service time periods follow the voting interval. */
  readonly testingNetwork?: boolean;
  /** Set in place of the consensus' values. */
  readonly paramOverrides?: ReadonlyMap<string, number>;
  /** What enoughDirInfo looks at. */
  readonly dirInfo?: DirInfoOptions;
}

export interface SnapshotParts {
  readonly flavor: 'microdesc' | 'ns';
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly relays: readonly Relay[];
  readonly params: ReadonlyMap<string, number>;
  readonly bandwidthWeights: ReadonlyMap<string, number>;
  readonly sharedRandomPrevious?: SharedRandomValue | undefined;
  readonly sharedRandomCurrent?: SharedRandomValue | undefined;
}

const dayMs = 86_400_000;
const ringsKept = 4;

export class Snapshot implements NetDir {
  readonly flavor: 'microdesc' | 'ns';
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly relays: readonly Relay[];
  readonly params: ConsensusParams;
  readonly bandwidthWeights: BandwidthWeights;
  readonly sharedRandomPrevious: SharedRandomValue | undefined;
  readonly sharedRandomCurrent: SharedRandomValue | undefined;
  readonly periodRules: PeriodRules;
  readonly timePeriod: number;
  readonly #options: NetDirOptions;
  readonly #byFingerprint = new Map<string, Relay>();
  readonly #byEd25519Id = new Map<string, Relay>();
  readonly #byNickname = new Map<string, Relay>();
  readonly #rules = new Map<Position, ReturnType<typeof positionRule>>();
  readonly #tables = new Map<Position, WeightTable<Relay>>();
  readonly #rings = new LruMap<string, HashRing>(ringsKept);
  readonly #dirInfo = new Map<boolean, DirInfoStatus>();
  readonly #distinctSubnets: boolean;
  readonly #useLists: boolean;
  readonly #useIds: boolean;
  readonly #useGuardFraction: boolean;
  readonly #nodeFamilies: readonly RouterSet[];

  constructor(parts: SnapshotParts, options: NetDirOptions = {}) {
    this.flavor = parts.flavor;
    this.validAfterMs = parts.validAfterMs;
    this.freshUntilMs = parts.freshUntilMs;
    this.validUntilMs = parts.validUntilMs;
    this.relays = parts.relays;
    this.params = consensusParams(parts.params, options.paramOverrides);
    this.bandwidthWeights = bandwidthWeights(parts.bandwidthWeights, this.params.get('bwweightscale'));
    this.sharedRandomPrevious = parts.sharedRandomPrevious;
    this.sharedRandomCurrent = parts.sharedRandomCurrent;
    this.periodRules = periodRules({
      votingIntervalSec: Math.max(1, Math.round((parts.freshUntilMs - parts.validAfterMs) / 1000)),
      hsdirIntervalMinutes: this.params.get('hsdir_interval'),
      testingNetwork: options.testingNetwork === true,
    });
    this.timePeriod = periodNumberAt(parts.validAfterMs / 1000, this.periodRules);
    this.#options = options;
    this.#distinctSubnets = options.enforceDistinctSubnets !== false;
    this.#useLists = this.params.get('use-family-lists') === 1;
    this.#useIds = this.params.get('use-family-ids') === 1;
    this.#useGuardFraction = this.params.get('UseGuardFraction') === 1;
    this.#nodeFamilies = options.nodeFamilies ?? [];
    for (const relay of parts.relays) this.#index(relay);
  }

  #index(relay: Relay): void {
    this.#byFingerprint.set(relay.fingerprint, relay);
    if (!this.#byNickname.has(relay.nicknameLower)) this.#byNickname.set(relay.nicknameLower, relay);
    if (relay.ed25519Id === undefined) return;
    const key = base64Unpadded(relay.ed25519Id);
    if (!this.#byEd25519Id.has(key)) this.#byEd25519Id.set(key, relay);
  }

  isLive(nowMs: number): boolean {
    return this.validAfterMs <= nowMs && nowMs <= this.validUntilMs;
  }

  isReasonablyLive(nowMs: number): boolean {
    return this.validAfterMs - dayMs <= nowMs && nowMs <= this.validUntilMs + dayMs;
  }

  byRsaId(rsaId: Uint8Array): Relay | undefined {
    return this.#byFingerprint.get(base16Upper(rsaId));
  }

  byFingerprint(fingerprint: string): Relay | undefined {
    return this.#byFingerprint.get(fingerprint) ?? this.#byFingerprint.get(fingerprint.toUpperCase());
  }

  byEd25519Id(ed25519Id: Uint8Array): Relay | undefined {
    return this.#byEd25519Id.get(base64Unpadded(ed25519Id));
  }

  byNameOrId(text: string): Relay | undefined {
    const name = parseRelayName(text);
    if (name === undefined) return undefined;
    if (name.kind === 'fingerprint') return name.named ? undefined : this.#byFingerprint.get(name.fingerprint);
    // "Unnamed" is what a relay without a nickname is called; it names nobody.
    const lower = name.nickname.toLowerCase();
    return lower === 'unnamed' ? undefined : this.#byNickname.get(lower);
  }

  #rule(position: Position): ReturnType<typeof positionRule> {
    let rule = this.#rules.get(position);
    if (rule === undefined) {
      rule = positionRule(position, this.bandwidthWeights);
      this.#rules.set(position, rule);
    }
    return rule;
  }

  weightOf(relay: Relay, position: Position): number {
    return weightFor(relay, position, this.#rule(position), this.#useGuardFraction);
  }

  pick(position: Position, random: Random, accept: (relay: Relay) => boolean): Relay | undefined {
    let table = this.#tables.get(position);
    if (table === undefined) {
      table = new WeightTable(this.relays, (relay) => this.weightOf(relay, position));
      this.#tables.set(position, table);
    }
    return table.pickWhere(random, accept);
  }

  pickFrom(candidates: readonly Relay[], position: Position, random: Random): Relay | undefined {
    return new WeightTable(candidates, (relay) => this.weightOf(relay, position)).pick(random);
  }

  sameFamily(a: Relay, b: Relay): boolean {
    if (this.#distinctSubnets && this.sameSubnet(a, b)) return true;
    if (this.declaredFamily(a, b)) return true;
    return this.#nodeFamilies.some((set) => set.has(a) && set.has(b));
  }

  declaredFamily(a: Relay, b: Relay): boolean {
    return (this.#useLists && listEachOther(a, b)) || (this.#useIds && shareFamilyId(a, b));
  }

  sameSubnet(a: Relay, b: Relay): boolean {
    return (a.subnet4 === b.subnet4 && a.subnet4 >= 0) || (a.subnet6 === b.subnet6 && a.subnet6 >= 0);
  }

  hsDirRings(): HsDirRings {
    const now = this.timePeriod;
    const between = isBetweenPeriodAndSrv(this.validAfterMs / 1000, this.periodRules);
    const previous = (periodNumber: number): RingKey => this.#ringKey(periodNumber, this.sharedRandomPrevious);
    const current = (periodNumber: number): RingKey => this.#ringKey(periodNumber, this.sharedRandomCurrent);
    if (between) return { fetch: current(now), storeFirst: previous(now - 1), storeSecond: current(now) };
    return { fetch: previous(now), storeFirst: previous(now), storeSecond: current(now + 1) };
  }

  #ringKey(periodNumber: number, srv: SharedRandomValue | undefined): RingKey {
    return { periodNumber, srv: srv?.value ?? disasterSrv(periodNumber, this.periodRules.lengthMinutes) };
  }

  responsibleHsDirs(request: ResponsibleHsDirsRequest): readonly Relay[] {
    const replicas = this.params.get('hsdir_n_replicas');
    const spread = this.params.get(request.use === 'fetch' ? 'hsdir_spread_fetch' : 'hsdir_spread_store');
    return this.#ring(request.ring).responsible(request.blindedKey, replicas, spread);
  }

  #ring(key: RingKey): HashRing {
    const name = `${key.periodNumber} ${base64Unpadded(key.srv)}`;
    let ring = this.#rings.get(name);
    if (ring === undefined) {
      const directories = this.relays.filter((relay) => relay.flags.hsDir && relay.supports('HSDir', 2));
      ring = new HashRing(directories, key, this.periodRules.lengthMinutes);
      this.#rings.set(name, ring);
    }
    return ring;
  }

  enoughDirInfo(options: { readonly bridgeUsable?: boolean } = {}): DirInfoStatus {
    const bridgeUsable = options.bridgeUsable === true;
    let status = this.#dirInfo.get(bridgeUsable);
    if (status === undefined) {
      status = dirInfoStatus(this, { ...this.#options.dirInfo, bridgeUsable });
      this.#dirInfo.set(bridgeUsable, status);
    }
    return status;
  }
}
