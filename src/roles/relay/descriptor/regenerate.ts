import type { NetDir } from '../../../network/netdir/index.ts';

const hourMs = 3600_000;
/** FORCE_REGENERATE_DESCRIPTOR_INTERVAL */
const longestMs = 18 * hourMs;
/** FAST_RETRY_DESCRIPTOR_INTERVAL */
const retryMs = 1.5 * hourMs;
/** MAX_BANDWIDTH_CHANGE_FREQ, MAX_UPTIME_BANDWIDTH_CHANGE, BANDWIDTH_CHANGE_FACTOR */
const bandwidthChangeEveryMs = 3 * hourMs;
const bandwidthChangeUptimeMs = 24 * hourMs;
const bandwidthFactor = 2;

/** Why the authorities must hear of us again though nothing changed; undefined when they need not. C tor router.c */
export function staleReason(
  state: { readonly builtMs: number; readonly nowMs: number; readonly rsaId: Uint8Array },
  netdir: NetDir | undefined,
): string | undefined {
  const { builtMs, nowMs, rsaId } = state;
  const ageMs = nowMs - builtMs;
  if (ageMs > longestMs) return 'time for new descriptor';
  if (ageMs <= retryMs || netdir === undefined || !netdir.isLive(nowMs)) return undefined;
  const entry = netdir.byRsaId(rsaId);
  if (entry === undefined) return 'not listed in consensus';
  return entry.flags.staleDesc && netdir.validAfterMs > builtMs ? 'listed as stale in consensus' : undefined;
}

export interface BandwidthState {
  /** What the descriptor says, bytes a second. */
  readonly published: number;
  readonly measured: number;
  readonly uptimeMs: number;
  /** Since it was last published for this reason; Infinity for never. */
  readonly sinceChangeMs: number;
  readonly testing: boolean;
  readonly hibernating: boolean;
}

/** True when what we can carry differs so much from what we published that a young relay should say so. */
export function bandwidthChanged(state: BandwidthState): boolean {
  const { published, measured, uptimeMs, sinceChangeMs, testing, hibernating } = state;
  if (uptimeMs > bandwidthChangeUptimeMs && !hibernating) return false;
  const fromOrToNothing = published !== measured && (published === 0 || measured === 0);
  const factor = measured > published * bandwidthFactor || measured < Math.floor(published / bandwidthFactor);
  if (!fromOrToNothing && !factor) return false;
  return sinceChangeMs > bandwidthChangeEveryMs || testing || published === 0;
}
