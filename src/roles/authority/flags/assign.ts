import { compareText } from '../compute/statistics.ts';
import type { AuthorityConfig, FlagConfig } from '../config.ts';
import type { RouterHistory } from '../history/router-history.ts';
import type { KnownRelay } from '../uploads/router-store.ts';
import { type Bandwidths, isActive, statedUptimeSec, type Thresholds } from './thresholds.ts';

const staleMs = 18 * 3600_000;

export interface FlagInput {
  readonly thresholds: Thresholds;
  readonly bandwidth: Bandwidths;
  readonly history: RouterHistory;
  readonly config: Pick<AuthorityConfig, 'listBadExits' | 'listMiddleOnly' | 'flags'>;
  readonly isExit: (relay: KnownRelay) => boolean;
  readonly isAuthority: (rsaId: Uint8Array) => boolean;
  readonly isSybil: (relay: KnownRelay) => boolean;
  /** How long this authority has been up, seconds. */
  readonly ownUptimeSec: number;
  /** Running is voted on. */
  readonly voteRunning: boolean;
  readonly nowMs: number;
}

/** The flags of one relay, sorted. spec: dir-spec 3.4.2 */
export function assignFlags(relay: KnownRelay, input: FlagInput): string[] {
  const { rules } = relay;
  const { config } = input;
  const stable = isStable(relay, input);
  const fast = input.bandwidth.credibleKb(relay) >= input.thresholds.fastKb;
  const middleOnly = config.listMiddleOnly && rules.middleOnly;
  const flags: Flags = {
    Authority: input.isAuthority(relay.descriptor.rsaId),
    BadExit: config.listBadExits && (rules.badExit || middleOnly),
    Exit: input.isExit(relay) && !middleOnly,
    Fast: fast,
    Guard: !middleOnly && !rules.stripGuard && stable && fast && isGuard(relay, input),
    HSDir: !middleOnly && !rules.stripHsDir && stable && fast && isHsDir(relay, input),
    MiddleOnly: middleOnly,
    Running: relay.running && input.voteRunning,
    Stable: stable,
    StaleDesc: relay.descriptor.publishedMs + staleMs < input.nowMs,
    Sybil: false,
    V2Dir: relay.descriptor.tunnelledDirServer && !middleOnly && !rules.stripV2Dir,
    Valid: !rules.invalid,
  };
  override(flags, relay, config.flags);
  return namesOf(input.isSybil(relay) ? sybilFlags(flags) : flags);
}

type FlagName =
  | 'Authority'
  | 'BadExit'
  | 'Exit'
  | 'Fast'
  | 'Guard'
  | 'HSDir'
  | 'MiddleOnly'
  | 'Running'
  | 'Stable'
  | 'StaleDesc'
  | 'Sybil'
  | 'V2Dir'
  | 'Valid';
type Flags = Record<FlagName, boolean>;

/** What a relay keeps that looks like part of a Sybil attack. */
const sybilFlags = ({ BadExit, MiddleOnly, StaleDesc }: Flags): Partial<Flags> => ({
  BadExit,
  MiddleOnly,
  StaleDesc,
  Sybil: true,
});

const namesOf = (flags: Partial<Flags>): string[] =>
  Object.entries(flags)
    .flatMap(([name, set]) => (set ? [name] : []))
    .sort(compareText);

function isStable(relay: KnownRelay, { thresholds, history, config, nowMs }: FlagInput): boolean {
  if (thresholds.enoughMtbf) {
    const mtbf = history.mtbfSec(relay.descriptor.rsaId, Math.floor(nowMs / 1000));
    return mtbf >= thresholds.stableMtbfSec || mtbf >= config.flags.stableMtbfSec;
  }
  const uptime = statedUptimeSec(relay, nowMs);
  return uptime >= thresholds.stableUptimeSec || uptime >= config.flags.stableUptimeSec;
}

function isGuard(relay: KnownRelay, { thresholds, bandwidth, history, config, nowMs }: FlagInput): boolean {
  const { rsaId, tunnelledDirServer } = relay.descriptor;
  const kb = bandwidth.credibleKb(relay);
  const guaranteed = config.flags.guardBandwidthGuarantee;
  const isQuick =
    (guaranteed > 0 && kb >= Math.floor(guaranteed / 1000)) ||
    kb >= Math.min(thresholds.guardKbWithExits, thresholds.guardKbWithoutExits);
  const nowSec = Math.floor(nowMs / 1000);
  return (
    tunnelledDirServer &&
    isQuick &&
    history.uptimeFraction(rsaId, nowSec) >= thresholds.guardUptimeFraction &&
    history.timeKnownSec(rsaId, nowSec) >= thresholds.guardTimeKnownSec
  );
}

function isHsDir(relay: KnownRelay, { history, config, ownUptimeSec, nowMs }: FlagInput): boolean {
  const { rsaId, isHsDir: wants, tunnelledDirServer } = relay.descriptor;
  const needed = config.flags.hsDirUptimeSec;
  const stated = statedUptimeSec(relay, nowMs);
  const seen = ownUptimeSec > needed * 1.1 ? history.uptimeSec(rsaId, Math.floor(nowMs / 1000)) : stated;
  return wants && tunnelledDirServer && Math.min(seen, stated) >= needed && isActive(relay, nowMs);
}

/** What options give or take, whatever the relay is like. */
function override(flags: Flags, { descriptor }: KnownRelay, config: FlagConfig): void {
  const { testing } = config;
  if (testing === undefined) {
    if (config.voteGuard.has(descriptor)) flags.Guard = true;
    return;
  }
  if (testing.exit.has(descriptor)) flags.Exit = true;
  else if (testing.exitIsStrict) flags.Exit = false;
  if (testing.guard.has(descriptor)) flags.Guard = true;
  else if (testing.guardIsStrict) flags.Guard = false;
  if (testing.hsDir.has(descriptor)) flags.HSDir = true;
  else if (testing.hsDirIsStrict) flags.HSDir = false;
}

/** The `known-flags` of our votes. */
export function knownFlags(
  config: Pick<AuthorityConfig, 'listBadExits' | 'listMiddleOnly'>,
  voteRunning: boolean,
): string[] {
  const always = ['Authority', 'Exit', 'Fast', 'Guard', 'HSDir', 'Stable', 'StaleDesc', 'Sybil', 'V2Dir', 'Valid'];
  const optional = [
    ...(voteRunning ? ['Running'] : []),
    ...(config.listBadExits ? ['BadExit'] : []),
    ...(config.listMiddleOnly ? ['MiddleOnly'] : []),
  ];
  return [...always, ...optional].sort(compareText);
}
