import { TorError } from '../../base/errors/index.ts';
import { DestroyReason } from '../../wire/cell/index.ts';
import type { BuildTimes } from './build-times.ts';
import { type CircuitBuilder, countsForBuildTimes } from './builder.ts';
import type { ManagedCircuit } from './managed-circuit.ts';
import type { CircuitPool } from './pool.ts';
import type { CircuitPurpose } from './types.ts';

export interface ExpiryDeps {
  readonly pool: CircuitPool;
  readonly builder: CircuitBuilder;
  readonly buildTimes: BuildTimes;
}

export interface ExpiryOptions {
  /** CircuitStreamTimeout; 0 for the default. */
  readonly circuitStreamTimeoutMs: number;
}

/**
 * Gives up on circuits that take too long. The learned timeout is for three hops of a general circuit; other circuits
 * take as many times longer as their building crosses links more often. spec: path-spec 2.4; C tor circuit_expire_building
 */
export function expireBuilding(deps: ExpiryDeps, options: ExpiryOptions, nowMs: number): void {
  const anyOpen = deps.pool.anyOpen;
  for (const managed of [...deps.pool]) {
    if (managed.state !== 'building' || managed.beganMs === undefined) continue;
    const ageMs = nowMs - managed.beganMs;
    if (ageMs < buildLimitMs(managed, deps.buildTimes, options)) continue;
    if (!anyOpen && relax(managed, deps.buildTimes, ageMs)) continue;
    expireOne(deps, managed, ageMs, nowMs);
  }
}

/** How long this circuit may take. */
export function buildLimitMs(managed: ManagedCircuit, times: BuildTimes, options: ExpiryOptions): number {
  const { timeoutMs, closeMs } = times;
  if (managed.needs.oneHop) return timeoutMs;
  if (managed.measureOnly) return closeMs;
  if (managed.hasOpened) return Math.max((closeMs * 4) / 6, options.circuitStreamTimeoutMs) + 1000;
  if (managed.purpose === 'hs-service-rend' || managed.hops.length >= 4) return (timeoutMs * 10) / 6 + 1000;
  return timeoutMs;
}

/** Without any open circuit the user may have moved to a slower network: wait as long as measuring would. */
function relax(managed: ManagedCircuit, times: BuildTimes, ageMs: number): boolean {
  if (ageMs >= times.closeMs) return false;
  if (!managed.relaxedTimeout) {
    times.countTimeout(managed.openedHops > 0);
    managed.relaxedTimeout = true;
  }
  return true;
}

function expireOne(deps: ExpiryDeps, managed: ManagedCircuit, ageMs: number, nowMs: number): void {
  const { buildTimes, builder } = deps;
  if (countsForBuildTimes(managed) && buildTimes.enough && buildTimes.enabled) {
    if (!managed.measureOnly) {
      builder.measureOnly(managed);
      return;
    }
    // Twice the limit and more: the machine slept, or the clock jumped.
    if (ageMs <= buildTimes.closeMs * 2 + 1000) buildTimes.countClosed(nowMs - ageMs);
  }
  builder.abandon(managed, new TorError('CIRCUIT_TIMEOUT'), DestroyReason.TIMEOUT);
}

/**
 * Purposes that close when nobody ever used them. A service's introduction and rendezvous circuits are never dirty: the
 * other side decides when they end.
 */
const idleExpires = new Set<CircuitPurpose>([
  'general',
  'dir',
  'hs-client-hsdir',
  'hs-client-intro',
  'hs-client-rend',
  'hs-service-hsdir',
  'hs-vanguards',
  'measure-timeout',
  'testing',
]);

/** Closes what is dirty for too long without a stream, and what was never used in its time. */
export function expireIdle(deps: ExpiryDeps, nowMs: number): void {
  for (const managed of [...deps.pool]) {
    if (managed.openStreams > 0 || managed.state === 'closed') continue;
    const tooDirty = managed.state === 'open' && deps.pool.isTooDirty(managed, nowMs);
    if (tooDirty || isIdle(managed, nowMs)) {
      deps.builder.abandon(managed, new TorError('ABORTED', 'not needed any more'), DestroyReason.FINISHED);
    }
  }
}

function isIdle(managed: ManagedCircuit, nowMs: number): boolean {
  if (managed.dirtySinceMs !== undefined || (managed.state !== 'open' && managed.state !== 'guard-wait')) return false;
  return idleExpires.has(managed.purpose) && nowMs - managed.ageMs > managed.idleTimeoutMs;
}
