import type { ConsensusParams } from '../netdir/index.ts';
import type { GuardOptions, GuardUse } from './types.ts';

const daySec = 86_400;

/** The numbers of guard-spec A, from options, consensus and defaults. */
export interface GuardSettings {
  readonly maxSampleThreshold: number;
  readonly maxSampleSize: number;
  readonly minFilteredSample: number;
  readonly removeUnlistedAfterSec: number;
  readonly lifetimeSec: number;
  readonly confirmedMinLifetimeSec: number;
  readonly primaryGuards: number;
  readonly internetLikelyDownSec: number;
  readonly nonprimaryConnectTimeoutSec: number;
  readonly nonprimaryIdleTimeoutSec: number;
  readonly meaningfulRestriction: number;
  readonly extremeRestriction: number;
  guardsToUse(use: GuardUse): number;
}

export function guardSettings(params: ConsensusParams, options: GuardOptions): GuardSettings {
  const ownLifetime = options.guardLifetimeSec !== undefined && options.guardLifetimeSec >= daySec;
  const lifetime = (name: 'guard-lifetime-days' | 'guard-confirmed-min-lifetime-days'): number =>
    ownLifetime ? (options.guardLifetimeSec ?? 0) : params.get(name) * daySec;
  return {
    maxSampleThreshold: params.get('guard-max-sample-threshold-percent') / 100,
    maxSampleSize: params.get('guard-max-sample-size'),
    minFilteredSample: params.get('guard-min-filtered-sample-size'),
    removeUnlistedAfterSec: params.get('guard-remove-unlisted-guards-after-days') * daySec,
    lifetimeSec: lifetime('guard-lifetime-days'),
    confirmedMinLifetimeSec: lifetime('guard-confirmed-min-lifetime-days'),
    primaryGuards: options.numPrimaryGuards || params.get('guard-n-primary-guards'),
    internetLikelyDownSec: params.get('guard-internet-likely-down-interval'),
    nonprimaryConnectTimeoutSec: params.get('guard-nonprimary-guard-connect-timeout'),
    nonprimaryIdleTimeoutSec: params.get('guard-nonprimary-guard-idle-timeout'),
    meaningfulRestriction: params.get('guard-meaningful-restriction-percent') / 100,
    extremeRestriction: params.get('guard-extreme-restriction-percent') / 100,
    guardsToUse: (use) =>
      use === 'directory'
        ? options.numDirectoryGuards || params.get('guard-n-primary-dir-guards-to-use')
        : options.numEntryGuards || params.get('guard-n-primary-guards-to-use'),
  };
}

const hourSec = 3600;

/** How long after the last try a guard that has been failing is tried again. spec: guard-spec 4.5, A.1 */
export function retryDelaySec(failingForSec: number, isPrimary: boolean): number {
  const delay = (primary: number, other: number): number => (isPrimary ? primary : other);
  if (failingForSec <= 6 * hourSec) return delay(600, hourSec);
  if (failingForSec <= 4 * daySec) return delay(5400, 4 * hourSec);
  if (failingForSec <= 7 * daySec) return delay(4 * hourSec, 18 * hourSec);
  return delay(9 * hourSec, 36 * hourSec);
}
