import { capBandwidth } from './general.ts';
import type { Validation } from './validation.ts';

/** What C tor's directory authority module looks at before everything else. */
export function checkAuthorityOptions(v: Validation): void {
  capBandwidth(v, 'AuthDirFastGuarantee');
  capBandwidth(v, 'AuthDirGuardBWGuarantee');
  v.rejectIf(
    v.get('VersioningAuthoritativeDirectory') &&
      !v.has('RecommendedVersions') &&
      !(v.has('RecommendedClientVersions') && v.has('RecommendedServerVersions')),
    'Versioning authoritative dir servers must set Recommended*Versions.',
  );
  const fraction = v.get('AuthDirVoteGuardBwThresholdFraction');
  v.rejectIf(fraction > 1 || fraction < 0, 'Guard bandwdith threshold fraction is invalid.');
  v.rejectIf(
    !/^(?:Tor )?\d+\.\d+\.\d+(?:[.-].*)?$/.test(v.get('MinimalAcceptedServerVersion') ?? ''),
    'Invalid MinimalAcceptedServerVersion',
  );
}

export function checkAuthorityMode(v: Validation): void {
  if (!v.isAuthority) return;
  v.rejectIf(
    !v.has('ContactInfo') && !v.get('TestingTorNetwork'),
    'Authoritative directory servers must set ContactInfo',
  );
  if (v.isV3Authority && !v.get('DownloadExtraInfo')) v.set('DownloadExtraInfo', '1');
  v.rejectIf(
    !v.get('BridgeAuthoritativeDir') && !v.get('V3AuthoritativeDirectory'),
    'AuthoritativeDir is set, but none of (Bridge/V3)AuthoritativeDir is set.',
  );
  v.rejectIf(!v.opens('dir'), 'Running as authoritative directory, but no DirPort set.');
  v.rejectIf(!v.opens('or'), 'Running as authoritative directory, but no ORPort set.');
  v.rejectIf(v.get('ClientOnly'), 'Running as authoritative directory, but ClientOnly also set.');
}

const minSeconds = 2;
const minInterval = 300;

export function checkVotingSchedule(v: Validation): void {
  if (!v.isV3Authority) return;
  const interval = v.get('V3AuthVotingInterval');
  v.rejectIf(
    v.get('V3AuthVoteDelay') + v.get('V3AuthDistDelay') >= Math.floor(interval / 2),
    'V3AuthVoteDelay plus V3AuthDistDelay must be less than half V3AuthVotingInterval',
  );
  v.rejectIf(v.get('V3AuthVoteDelay') < minSeconds, 'V3AuthVoteDelay is way too low.');
  v.rejectIf(v.get('V3AuthDistDelay') < minSeconds, 'V3AuthDistDelay is way too low.');
  v.rejectIf(v.get('V3AuthNIntervalsValid') < 2, 'V3AuthNIntervalsValid must be at least 2.');
  if (interval < minInterval) {
    v.rejectIf(!v.get('TestingTorNetwork'), 'V3AuthVotingInterval is insanely low.');
    v.warn('V3AuthVotingInterval is very low. This may lead to failure to synchronise for a consensus.');
  } else if (interval > 86400) v.reject('V3AuthVotingInterval is insanely high.');
  else if (86400 % interval !== 0) v.warn('V3AuthVotingInterval does not divide evenly into 24 hours.');
}

export function checkInitialVoting(v: Validation): void {
  if (!v.isV3Authority) return;
  const interval = v.get('TestingV3AuthInitialVotingInterval');
  const vote = v.get('TestingV3AuthInitialVoteDelay');
  const dist = v.get('TestingV3AuthInitialDistDelay');
  v.rejectIf(interval < 5, 'TestingV3AuthInitialVotingInterval is insanely low.');
  v.rejectIf(1800 % interval !== 0, 'TestingV3AuthInitialVotingInterval does not divide evenly into 30 minutes.');
  v.rejectIf(vote < minSeconds, 'TestingV3AuthInitialVoteDelay is way too low.');
  v.rejectIf(dist < minSeconds, 'TestingV3AuthInitialDistDelay is way too low.');
  v.rejectIf(
    vote + dist >= interval,
    'TestingV3AuthInitialVoteDelay plus TestingV3AuthInitialDistDelay must be less than ' +
      'TestingV3AuthInitialVotingInterval',
  );
  v.rejectIf(
    v.get('TestingV3AuthVotingStartOffset') > Math.min(interval, v.get('V3AuthVotingInterval')),
    'TestingV3AuthVotingStartOffset is higher than the voting interval.',
  );
}
