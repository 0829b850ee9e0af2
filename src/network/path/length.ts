import type { PathPurpose } from './types.ts';

const usual = 3;

export const isOnionPurpose = (purpose: PathPurpose): boolean => purpose.startsWith('hs-');

/**
 * How many hops a path has, its target counted. A target that others may have chosen gets one hop more between it and
 * us; sticky third hops (HSLayer3Nodes) are hidden by yet another.
 *
 * spec: path-spec 2.1, vanguards-spec; C tor's route_len_for_purpose
 */
export function pathLength(purpose: PathPurpose, hasTarget: boolean, hasLayer3: boolean): number {
  if (purpose === 'directory') return 1;
  if (isOnionPurpose(purpose) && hasLayer3) {
    const meetsStranger =
      purpose === 'hs-service-rend' || purpose === 'hs-client-hsdir' || purpose === 'hs-client-intro';
    return usual + (meetsStranger ? 2 : 1);
  }
  const ownChoice = purpose === 'testing' || purpose === 'conflux';
  return hasTarget && !ownChoice ? usual + 1 : usual;
}
