import { type AddressRule, parseAddressPolicy, type TorOptions } from '../../wire/torrc/index.ts';
import { RelayNames } from './flags/relay-names.ts';

/** What makes a flag. Bandwidths in bytes a second, durations in seconds. */
export interface FlagConfig {
  readonly fastGuarantee: number;
  readonly guardBandwidthGuarantee: number;
  readonly guardFraction: number;
  readonly guardTimeKnownSec: number;
  readonly guardUptimeFraction: number;
  readonly stableUptimeSec: number;
  readonly stableMtbfSec: number;
  readonly minMeasuredToIgnoreAdvertised: number;
  readonly hsDirUptimeSec: number;
  /** TestingMinExitFlagThreshold: relays below it do not count towards thresholds. Undefined outside test networks. */
  readonly testingMinCounted: number | undefined;
  readonly testingMinFast: number | undefined;
  readonly voteGuard: RelayNames;
  readonly testing:
    | {
        readonly exit: RelayNames;
        readonly exitIsStrict: boolean;
        readonly guard: RelayNames;
        readonly guardIsStrict: boolean;
        readonly hsDir: RelayNames;
        readonly hsDirIsStrict: boolean;
      }
    | undefined;
}

/** What an authority does, all of it from the torrc. Durations in seconds. */
export interface AuthorityConfig {
  readonly nickname: string;
  readonly contact: string | undefined;
  readonly votingIntervalSec: number;
  readonly voteDelaySec: number;
  readonly distDelaySec: number;
  readonly intervalsValid: number;
  readonly initialIntervalSec: number;
  readonly initialVoteDelaySec: number;
  readonly initialDistDelaySec: number;
  readonly startOffsetSec: number;
  readonly useLegacyKey: boolean;
  readonly bandwidthFile: string | undefined;
  /** Undefined: no opinion on versions. */
  readonly clientVersions: string | undefined;
  readonly serverVersions: string | undefined;
  readonly consensusParams: readonly string[];
  readonly sharedRandomness: boolean;
  readonly listBadExits: boolean;
  readonly listMiddleOnly: boolean;
  readonly maxServersPerAddress: number;
  readonly pinKeys: boolean;
  readonly testEd25519LinkKeys: boolean;
  readonly testReachability: boolean;
  readonly hasIpv6: boolean;
  /** Time to learn who is reachable before Running is voted on. */
  readonly learnReachabilitySec: number;
  readonly minimalVersion: string;
  readonly allowPrivateAddresses: boolean;
  readonly rejectAddresses: readonly AddressRule[];
  readonly invalidAddresses: readonly AddressRule[];
  readonly badExitAddresses: readonly AddressRule[];
  readonly middleOnlyAddresses: readonly AddressRule[];
  readonly testingNetwork: boolean;
  readonly flags: FlagConfig;
}

/** Throws TORRC_VALUE. */
export function authorityConfig(options: TorOptions): AuthorityConfig {
  const versioning = options.get('VersioningAuthoritativeDirectory');
  const versions = (lines: readonly string[]): string | undefined =>
    versioning ? [...lines, ...options.lines('RecommendedVersions')].join(',') : undefined;
  const addresses = (lines: readonly string[]): AddressRule[] =>
    parseAddressPolicy(lines.flatMap((line) => line.split(',')).map((each) => `reject ${each.trim()}`));
  return {
    nickname: options.get('Nickname') ?? 'Unnamed',
    contact: options.get('ContactInfo'),
    votingIntervalSec: options.get('V3AuthVotingInterval'),
    voteDelaySec: options.get('V3AuthVoteDelay'),
    distDelaySec: options.get('V3AuthDistDelay'),
    intervalsValid: options.get('V3AuthNIntervalsValid'),
    initialIntervalSec: options.get('TestingV3AuthInitialVotingInterval'),
    initialVoteDelaySec: options.get('TestingV3AuthInitialVoteDelay'),
    initialDistDelaySec: options.get('TestingV3AuthInitialDistDelay'),
    startOffsetSec: options.get('TestingV3AuthVotingStartOffset'),
    useLegacyKey: options.get('V3AuthUseLegacyKey'),
    bandwidthFile: options.get('V3BandwidthsFile'),
    clientVersions: versions(options.lines('RecommendedClientVersions')),
    serverVersions: versions(options.lines('RecommendedServerVersions')),
    consensusParams: options.lines('ConsensusParams'),
    sharedRandomness: options.get('AuthDirSharedRandomness'),
    listBadExits: options.get('AuthDirListBadExits'),
    listMiddleOnly: options.get('AuthDirListMiddleOnly'),
    maxServersPerAddress: options.get('AuthDirMaxServersPerAddr'),
    pinKeys: options.get('AuthDirPinKeys'),
    testEd25519LinkKeys: options.get('AuthDirTestEd25519LinkKeys'),
    testReachability: options.get('AuthDirTestReachability'),
    hasIpv6: options.get('AuthDirHasIPv6Connectivity'),
    learnReachabilitySec: options.get('TestingAuthDirTimeToLearnReachability'),
    minimalVersion: options.get('MinimalAcceptedServerVersion') ?? '',
    allowPrivateAddresses: options.get('DirAllowPrivateAddresses'),
    rejectAddresses: addresses(options.lines('AuthDirReject')),
    invalidAddresses: addresses(options.lines('AuthDirInvalid')),
    badExitAddresses: addresses(options.lines('AuthDirBadExit')),
    middleOnlyAddresses: addresses(options.lines('AuthDirMiddleOnly')),
    testingNetwork: options.get('TestingTorNetwork'),
    flags: flagConfig(options),
  };
}

function flagConfig(options: TorOptions): FlagConfig {
  const testing = options.get('TestingTorNetwork');
  const names = (items: readonly string[]): RelayNames => new RelayNames(items.join(','));
  return {
    fastGuarantee: options.get('AuthDirFastGuarantee'),
    guardBandwidthGuarantee: options.get('AuthDirGuardBWGuarantee'),
    guardFraction: options.get('AuthDirVoteGuardBwThresholdFraction'),
    guardTimeKnownSec: options.get('AuthDirVoteGuardGuaranteeTimeKnown'),
    guardUptimeFraction: options.get('AuthDirVoteGuardGuaranteeWFU'),
    stableUptimeSec: options.get('AuthDirVoteStableGuaranteeMinUptime'),
    stableMtbfSec: options.get('AuthDirVoteStableGuaranteeMTBF'),
    minMeasuredToIgnoreAdvertised: options.get('MinMeasuredBWsForAuthToIgnoreAdvertised'),
    hsDirUptimeSec: options.get('MinUptimeHidServDirectoryV2'),
    testingMinCounted: testing ? options.get('TestingMinExitFlagThreshold') : undefined,
    testingMinFast: testing ? options.get('TestingMinFastFlagThreshold') : undefined,
    voteGuard: names(options.get('AuthDirVoteGuard')),
    testing: testing
      ? {
          exit: names(options.get('TestingDirAuthVoteExit')),
          exitIsStrict: options.get('TestingDirAuthVoteExitIsStrict'),
          guard: names(options.get('TestingDirAuthVoteGuard')),
          guardIsStrict: options.get('TestingDirAuthVoteGuardIsStrict'),
          hsDir: names(options.get('TestingDirAuthVoteHSDir')),
          hsDirIsStrict: options.get('TestingDirAuthVoteHSDirIsStrict'),
        }
      : undefined,
  };
}
