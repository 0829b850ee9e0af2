import type { FlagConfig } from '../config.ts';
import type { RouterHistory } from '../history/router-history.ts';
import { maxAgeToPublishMs } from '../uploads/judge.ts';
import type { KnownRelay } from '../uploads/router-store.ts';

/** From what on a relay gets a flag. Bandwidths in kilobytes a second, times in seconds. */
export interface Thresholds {
  readonly stableUptimeSec: number;
  readonly stableMtbfSec: number;
  readonly enoughMtbf: boolean;
  readonly fastKb: number;
  readonly guardUptimeFraction: number;
  readonly guardTimeKnownSec: number;
  readonly guardKbWithExits: number;
  readonly guardKbWithoutExits: number;
  /** So many are measured that what relays say of themselves does not count. */
  readonly ignoringAdvertised: boolean;
}

export interface ThresholdInput {
  readonly relays: readonly KnownRelay[];
  /** Relays that look like a Sybil attack do not count. */
  readonly isSybil: (relay: KnownRelay) => boolean;
  readonly isExit: (relay: KnownRelay) => boolean;
  readonly bandwidth: Bandwidths;
  readonly history: RouterHistory;
  readonly config: FlagConfig;
  /** FastFlagMinThreshold and FastFlagMaxThreshold of the consensus. */
  readonly fastMin: number | undefined;
  readonly fastMax: number | undefined;
  readonly nowMs: number;
}

/** What we believe of a relay's bandwidth. */
export interface Bandwidths {
  readonly ignoringAdvertised: boolean;
  measuredKb(relay: KnownRelay): number | undefined;
  /** Measured, or what the relay says when that may count. */
  credibleKb(relay: KnownRelay): number;
}

const minCountedKb = 4;
const requiredBandwidth = 75 * 1024;
const int32Max = 2 ** 31 - 1;
const leastFast = 4;

/** The relay's uptime as it said, and the time since. */
export function statedUptimeSec({ descriptor }: KnownRelay, nowMs: number): number {
  const said = descriptor.uptimeSec ?? 0;
  return nowMs < descriptor.publishedMs ? said : said + Math.floor(nowMs / 1000) - descriptor.publishedMs / 1000;
}

/** Running, valid, awake, and heard of within a day. */
export const isActive = ({ descriptor, running, rules }: KnownRelay, nowMs: number): boolean =>
  descriptor.publishedMs >= nowMs - maxAgeToPublishMs && running && !rules.invalid && !descriptor.hibernating;

const ordered = (values: number[]): number[] => values.sort((a, b) => a - b);
const nth = (sorted: readonly number[], index: number): number => sorted[index] ?? 0;
const median = (values: number[]): number => nth(ordered(values), (values.length - 1) >> 1);

/** spec: dir-spec 3.4.2 */
export function computeThresholds(input: ThresholdInput): Thresholds {
  const { bandwidth, history, config, nowMs } = input;
  const nowSec = Math.floor(nowMs / 1000);
  const counted = input.relays.filter((relay) => counts(relay, input));
  const rates = ordered(counted.map((relay) => bandwidth.credibleKb(relay)));
  const ratesWithoutExits = ordered(
    counted.filter((relay) => !input.isExit(relay) || relay.rules.badExit).map((relay) => bandwidth.credibleKb(relay)),
  );
  const known = ordered(counted.map(({ descriptor }) => history.timeKnownSec(descriptor.rsaId, nowSec)));
  const guardTimeKnownSec = Math.min(nth(known, Math.floor(known.length / 8)), config.guardTimeKnownSec);
  const familiar = counted.filter(
    ({ descriptor }) => history.timeKnownSec(descriptor.rsaId, nowSec) >= guardTimeKnownSec,
  );
  const fractions = familiar.map(({ descriptor }) => history.uptimeFraction(descriptor.rsaId, nowSec));
  return {
    stableUptimeSec: counted.length === 0 ? 0 : median(counted.map((relay) => statedUptimeSec(relay, nowMs))),
    stableMtbfSec:
      counted.length === 0 ? 0 : median(counted.map(({ descriptor }) => history.mtbfSec(descriptor.rsaId, nowSec))),
    enoughMtbf: history.hasEnough(nowSec),
    fastKb: fastThreshold(rates, input),
    guardUptimeFraction: Math.min(fractions.length === 0 ? 0 : median(fractions), config.guardUptimeFraction),
    guardTimeKnownSec,
    guardKbWithExits: nth(rates, Math.trunc(rates.length * config.guardFraction)),
    guardKbWithoutExits: nth(ratesWithoutExits, Math.trunc(ratesWithoutExits.length * config.guardFraction)),
    ignoringAdvertised: bandwidth.ignoringAdvertised,
  };
}

function counts(relay: KnownRelay, input: ThresholdInput): boolean {
  const { bandwidth, config } = input;
  const leastKb = config.testingMinCounted === undefined ? minCountedKb : Math.floor(config.testingMinCounted / 1000);
  return (
    isActive(relay, input.nowMs) &&
    !input.isSybil(relay) &&
    bandwidth.credibleKb(relay) >= leastKb &&
    (!bandwidth.ignoringAdvertised || bandwidth.measuredKb(relay) !== undefined)
  );
}

/** All but the slowest eighth are fast, within limits that the consensus and the operator set. */
function fastThreshold(rates: readonly number[], { config, fastMin, fastMax }: ThresholdInput): number {
  let fast = nth(rates, Math.floor(rates.length / 8));
  if (fast < Math.floor(requiredBandwidth / 2000)) fast = nth(rates, Math.floor(rates.length / 4));
  const min = config.testingMinFast ?? clamp(fastMin ?? leastFast, leastFast, int32Max);
  const max = clamp(fastMax ?? int32Max, min, int32Max);
  fast = Math.max(fast, Math.floor(min / 1000));
  fast = Math.min(fast, Math.floor(max / 1000));
  const guaranteed = Math.floor(config.fastGuarantee / 1000);
  return config.fastGuarantee > 0 && fast > guaranteed ? guaranteed : fast;
}

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** The `flag-thresholds` line of a vote. */
export function formatThresholds(t: Thresholds): string {
  return (
    `stable-uptime=${Math.trunc(t.stableUptimeSec)} stable-mtbf=${Math.trunc(t.stableMtbfSec)} ` +
    `fast-speed=${t.fastKb * 1000} guard-wfu=${(t.guardUptimeFraction * 100).toFixed(3)}% ` +
    `guard-tk=${Math.trunc(t.guardTimeKnownSec)} guard-bw-inc-exits=${t.guardKbWithExits * 1000} ` +
    `guard-bw-exc-exits=${t.guardKbWithoutExits * 1000} enough-mtbf=${t.enoughMtbf ? 1 : 0} ` +
    `ignoring-advertised-bws=${t.ignoringAdvertised ? 1 : 0}`
  );
}
