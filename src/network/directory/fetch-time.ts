import type { Random } from '../../base/runtime/index.ts';

/** Who we are to the directories: caches and relays come first, clients later, users of bridges last. */
export type FetchSchedule = 'cache' | 'client' | 'bridge-client' | 'extra-early';

export interface ConsensusTimes {
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
}

const cacheDelaySec = 120;

/**
 * When to fetch the consensus after this one: after caches have had their turn, well before this one runs out, at a
 * random time in between. All in whole seconds. spec: dir-spec 5.1; C tor update_consensus_networkstatus_fetch_time
 */
export function nextFetchMs(times: ConsensusTimes, schedule: FetchSchedule, nowMs: number, random: Random): number {
  const [validAfter, freshUntil, validUntil] = [times.validAfterMs, times.freshUntilMs, times.validUntilMs].map((ms) =>
    Math.floor(ms / 1000),
  ) as [number, number, number];
  if (nowMs < times.validAfterMs || nowMs > times.validUntilMs) return nowMs;
  const interval = freshUntil - validAfter;
  // Two minutes for clocks that disagree, less in fast private networks, never nothing.
  const slack = Math.max(1, Math.min(cacheDelaySec, Math.floor(interval / 16)));
  let { start, spread } = windowOf(schedule, { freshUntil, validUntil, interval, slack });
  spread = Math.max(1, spread);
  if (start + spread >= validUntil) start = validUntil - spread - 1;
  return (start + random.below(spread)) * 1000;
}

function windowOf(
  schedule: FetchSchedule,
  t: { readonly freshUntil: number; readonly validUntil: number; readonly interval: number; readonly slack: number },
): { start: number; spread: number } {
  const half = Math.floor(t.interval / 2);
  if (schedule === 'extra-early') {
    return { start: t.freshUntil + t.slack, spread: t.slack + 60 > t.interval ? half : 60 };
  }
  if (schedule === 'cache') return { start: t.freshUntil + t.slack, spread: half };
  const start = t.freshUntil + Math.floor((t.interval * 3) / 4);
  const spread = Math.floor(((t.validUntil - start) * 7) / 8);
  if (schedule === 'client') return { start, spread };
  const later = start + spread + t.slack;
  return { start: later, spread: t.validUntil - later - t.slack };
}

const maxModifiedDelaySec = 180;

/** If-Modified-Since for a consensus after this one: a little later, half an interval at most. */
export function modifiedSinceMs(times: ConsensusTimes): number {
  const interval = Math.floor((times.freshUntilMs - times.validAfterMs) / 1000);
  const delaySec = interval > 0 ? Math.min(maxModifiedDelaySec, Math.floor(interval / 2)) : maxModifiedDelaySec;
  return times.validAfterMs + delaySec * 1000;
}
