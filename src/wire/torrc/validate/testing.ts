import { TorOptions } from '../options.ts';
import type { OptionName } from '../table/index.ts';
import type { Validation } from './validation.ts';

const onlyInTestingNetworks: readonly OptionName[] = [
  'TestingV3AuthInitialVotingInterval',
  'TestingV3AuthInitialVoteDelay',
  'TestingV3AuthInitialDistDelay',
  'TestingV3AuthVotingStartOffset',
  'TestingAuthDirTimeToLearnReachability',
  'TestingServerDownloadInitialDelay',
  'TestingClientDownloadInitialDelay',
  'TestingServerConsensusDownloadInitialDelay',
  'TestingClientConsensusDownloadInitialDelay',
  'TestingBridgeDownloadInitialDelay',
  'TestingBridgeBootstrapDownloadInitialDelay',
  'TestingClientMaxIntervalWithoutRequest',
  'TestingDirConnectionMaxStall',
  'TestingAuthKeyLifetime',
  'TestingLinkCertLifetime',
  'TestingSigningKeySlop',
  'TestingAuthKeySlop',
  'TestingLinkKeySlop',
  'TestingMinTimeToReportBandwidth',
];

export function checkTestingNetwork(v: Validation): void {
  const ownAuthorities = v.has('DirAuthority') || (v.has('AlternateDirAuthority') && v.has('AlternateBridgeAuthority'));
  const testing = v.get('TestingTorNetwork');
  v.rejectIf(
    testing && !ownAuthorities,
    'TestingTorNetwork may only be configured in combination with a non-default set of DirAuthority or both of ' +
      'AlternateDirAuthority and AlternateBridgeAuthority configured.',
  );
  if (!testing && !v.get('___UsingTestNetworkDefaults')) {
    const defaults = TorOptions.defaults();
    for (const name of onlyInTestingNetworks) {
      if (!v.options.same(defaults, name)) v.reject(`${name} may only be changed in testing Tor networks!`);
    }
  }
  v.rejectIf(
    !v.get('ClientDNSRejectInternalAddresses') && !ownAuthorities,
    'ClientDNSRejectInternalAddresses used for default network.',
  );
}

export function checkTestingValues(v: Validation): void {
  bounds(v, 'TestingClientMaxIntervalWithoutRequest', 1);
  bounds(v, 'TestingDirConnectionMaxStall', 5);
  const tries = v.get('ClientBootstrapConsensusMaxInProgressTries');
  v.rejectIf(tries < 1, 'ClientBootstrapConsensusMaxInProgressTries must be greater than 0.');
  if (tries > 100) v.warn('ClientBootstrapConsensusMaxInProgressTries is insanely high.');
  const testing = v.get('TestingTorNetwork') || v.get('___UsingTestNetworkDefaults');
  for (const name of ['TestingEnableConnBwEvent', 'TestingEnableCellStatsEvent'] as const) {
    v.rejectIf(v.get(name) && !testing, `${name} may only be changed in testing Tor networks!`);
  }
  if (v.get('TestingTorNetwork')) {
    v.warn(
      'TestingTorNetwork is set. This will make your node almost unusable in the public Tor network, and is therefore ' +
        'only advised if you are building a testing Tor network!',
    );
  }
}

type Bounded = 'TestingClientMaxIntervalWithoutRequest' | 'TestingDirConnectionMaxStall';

function bounds(v: Validation, name: Bounded, least: number): void {
  v.rejectIf(v.get(name) < least, `${name} is way too low.`);
  if (v.get(name) > 3600) v.warn(`${name} is insanely high.`);
}
