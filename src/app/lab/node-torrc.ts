import { delayS } from './first-vote.ts';
import type { NodeKind } from './lab-node.ts';

export interface Timing {
  /** Between two consensuses, once there is one. C tor allows no less than 10 s, and it must divide a day. */
  readonly votingIntervalS: number;
}

export interface TorrcInput {
  readonly kind: NodeKind;
  readonly name: string;
  readonly dataDirectory: string;
  readonly address: string;
  readonly orPort: number;
  readonly dirPort: number;
  readonly socksPort: number;
  readonly controlPort: number;
  readonly dirAuthorities: readonly string[];
  readonly resolvConf: string;
  readonly emptyFile: string;
  readonly bandwidthFile: string;
  readonly timing: Timing;
  /** Consensus parameters the authorities vote for. */
  readonly consensusParams: Readonly<Record<string, number>>;
  /** Added last, so that they win over what stands above. */
  readonly extra: readonly string[];
}

const isRelay = (kind: NodeKind): boolean => kind !== 'client' && kind !== 'onion';

function authorityLines({ timing, consensusParams, bandwidthFile }: TorrcInput): string[] {
  const delay = delayS(timing.votingIntervalS);
  const params = Object.entries(consensusParams).map(([name, value]) => `${name}=${value}`);
  return [
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    'ContactInfo authority@example.invalid',
    `V3AuthVotingInterval ${timing.votingIntervalS} seconds`,
    `V3AuthVoteDelay ${delay} seconds`,
    `V3AuthDistDelay ${delay} seconds`,
    'TestingV3AuthInitialVoteDelay 2 seconds',
    'TestingV3AuthInitialDistDelay 2 seconds',
    // A young private network has no history to earn these flags with.
    'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteHSDir *',
    'TestingMinExitFlagThreshold 0',
    'MinUptimeHidServDirectoryV2 0 minutes',
    `V3BandwidthsFile ${bandwidthFile}`,
    ...(params.length === 0 ? [] : [`ConsensusParams ${params.join(' ')}`]),
  ];
}

function relayLines(input: TorrcInput): string[] {
  const { kind, name, address, orPort, dirPort, resolvConf } = input;
  const exits = kind === 'exit';
  return [
    `Nickname ${name}`,
    `Address ${address}`,
    `ORPort ${address}:${orPort} IPv4Only`,
    'AssumeReachable 1',
    'ShutdownWaitLength 0',
    // Documents from the authorities: a relay that asks another too early waits for seconds before it asks again.
    'FetchDirInfoEarly 1',
    ...(dirPort === 0 ? [] : [`DirPort ${address}:${dirPort}`]),
    `ExitRelay ${exits ? 1 : 0}`,
    ...(exits ? ['ExitPolicy accept *:*', 'ExitPolicyRejectPrivate 0', 'IPv6Exit 1'] : []),
    ...(exits ? [`ServerDNSResolvConfFile ${resolvConf}`, 'ServerDNSDetectHijacking 0'] : []),
    ...(kind === 'bridge' ? ['BridgeRelay 1', 'PublishServerDescriptor 0'] : []),
    ...(kind === 'authority' ? authorityLines(input) : []),
  ];
}

/** The configuration of one node of a private network on loopback. */
export function torrc(input: TorrcInput): string {
  const { kind, dataDirectory, address, socksPort, controlPort, dirAuthorities, emptyFile, extra } = input;
  return [
    'TestingTorNetwork 1',
    `DataDirectory ${dataDirectory}`,
    'Log notice stdout',
    'SafeLogging 0',
    'LogTimeGranularity 1',
    'ProtocolWarnings 1',
    'PathsNeededToBuildCircuits 0.67',
    socksPort === 0 ? 'SocksPort 0' : `SocksPort ${address}:${socksPort}`,
    controlPort === 0 ? 'ControlPort 0' : `ControlPort ${address}:${controlPort}`,
    // Reading C tor's tables of countries takes a second of each node's start.
    `GeoIPFile ${emptyFile}`,
    `GeoIPv6File ${emptyFile}`,
    `__OwningControllerProcess ${process.pid}`,
    ...(isRelay(kind) ? relayLines(input) : []),
    ...dirAuthorities,
    ...extra,
    '',
  ].join('\n');
}
