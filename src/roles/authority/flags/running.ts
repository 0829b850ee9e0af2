import type { AuthorityConfig } from '../config.ts';
import type { RouterHistory } from '../history/router-history.ts';
import type { KnownRelay } from '../uploads/router-store.ts';

export const reachableForMs = 45 * 60_000;
/** Every relay is tested once in so much time. */
export const testCycleMs = 128 * 10_000;
const hibernationSkewMs = 3600_000;

export interface RunningRules {
  readonly config: Pick<AuthorityConfig, 'testReachability' | 'hasIpv6'>;
  readonly isMe: (rsaId: Uint8Array) => boolean;
  /** We have been up for long enough to say who is down. */
  readonly canTell: boolean;
}

/** Decides whether a relay runs, and notes it in the history when it does not. */
export function updateRunning(relay: KnownRelay, history: RouterHistory, rules: RunningRules, nowMs: number): void {
  relay.running = isRunning(relay, rules, nowMs);
  if (relay.running || !rules.canTell) return;
  const { lastReachableMs } = relay;
  const missedMs = lastReachableMs + testCycleMs;
  const whenMs = lastReachableMs > 0 && missedMs < nowMs ? missedMs : nowMs;
  history.unreachable(relay.descriptor.rsaId, Math.floor(whenMs / 1000), Math.floor(nowMs / 1000));
}

function isRunning(relay: KnownRelay, { config, isMe }: RunningRules, nowMs: number): boolean {
  const { descriptor, lastReachableMs, lastReachableIpv6Ms } = relay;
  if (isMe(descriptor.rsaId)) return true;
  if (descriptor.hibernating && descriptor.publishedMs + hibernationSkewMs > lastReachableMs) return false;
  if (!config.testReachability) return true;
  return (
    nowMs < lastReachableMs + reachableForMs &&
    (!config.hasIpv6 || descriptor.ipv6 === undefined || nowMs < lastReachableIpv6Ms + reachableForMs)
  );
}
