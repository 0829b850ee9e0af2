import { type IpBytes, parseIp } from '../../base/ip/index.ts';
import { listeningPorts, type PortConfig, type TorOptions } from '../../wire/torrc/index.ts';

/** One address and port to take links on, or only to advertise (NoListen), or only to listen on (NoAdvertise). */
export interface OrPort {
  readonly address: IpBytes;
  readonly port: number | 'auto';
  /** The address stood in the torrc. */
  readonly explicit: boolean;
  readonly listen: boolean;
  readonly advertise: boolean;
}

/** Bytes a second; 0 for what is not set. */
export interface BandwidthConfig {
  readonly rate: number;
  readonly burst: number;
  readonly relayRate: number;
  readonly relayBurst: number;
  readonly perLinkRate: number;
  readonly perLinkBurst: number;
  readonly maxAdvertised: number;
  /** CountPrivateBandwidth. */
  readonly countPrivate: boolean;
}

export interface AccountingConfig {
  /** 0: no accounting. */
  readonly maxBytes: number;
  readonly rule: 'sum' | 'max' | 'in' | 'out';
  readonly start: string | undefined;
}

/** `auto` asks the consensus. Numbers of 0 ask it too. */
export interface DosConfig {
  readonly circuitEnabled: boolean | 'auto';
  readonly circuitMinConnections: number;
  readonly circuitRate: number;
  readonly circuitBurst: number;
  readonly circuitDefense: number;
  readonly circuitDefenseMs: number;
  readonly connectionEnabled: boolean | 'auto';
  readonly connectionMax: number;
  readonly connectionDefense: number;
  readonly connectRate: number;
  readonly connectBurst: number;
  readonly connectDefenseMs: number;
  readonly streamEnabled: boolean | 'auto';
  readonly streamRate: number;
  readonly streamBurst: number;
  readonly streamDefense: number;
  readonly refuseSingleHopRendezvous: boolean | 'auto';
}

/** What the relay role does; everything comes from the torrc. */
export interface RelayConfig {
  readonly nickname: string;
  readonly contact: string | undefined;
  /** `Address` lines: IP addresses or host names. */
  readonly addresses: readonly string[];
  readonly addressDisableIpv6: boolean;
  readonly orPorts: readonly OrPort[];
  /** Advertised by authorities only. */
  readonly dirPort: number | 'auto' | undefined;
  readonly authority: boolean;
  readonly bridge: boolean;
  /** Kinds of authorities that hear of us. */
  readonly publishTo: 'v3' | 'bridge' | undefined;
  readonly bridgeDistribution: string | undefined;
  readonly dirCache: boolean;
  readonly myFamily: readonly string[];
  /** Ed25519 family ids in base64, or `*`. */
  readonly familyIds: readonly string[];
  /** Where their keys are, when that is not the key folder. */
  readonly familyKeyDirectory: string | undefined;
  readonly testing: boolean;
  /** Private addresses may be published: only in a network with authorities of its own. */
  readonly ownAuthorities: boolean;
  readonly assumeReachable: boolean;
  readonly assumeReachableIpv6: boolean | 'auto';
  readonly extendAllowPrivate: boolean;
  readonly offlineMaster: boolean;
  readonly signingLifetimeMs: number;
  readonly extraInfoStatistics: boolean;
  /** TestingMinTimeToReportBandwidth. */
  readonly minimumReportSec: number;
  readonly bandwidth: BandwidthConfig;
  readonly accounting: AccountingConfig;
  readonly dos: DosConfig;
  /** MaxMemInQueues; 0: from the machine's memory. */
  readonly maxQueueBytes: number;
  /** 0: from the consensus. */
  readonly maxOnionQueueDelayMs: number;
  /** Threads for handshakes; 0: as many as there are processors to spare. */
  readonly numCpus: number;
  readonly shutdownWaitMs: number;
  /** 0: no heartbeat. */
  readonly heartbeatMs: number;
}

export function relayConfig(options: TorOptions, ports: readonly PortConfig[]): RelayConfig {
  const bridge = options.get('BridgeRelay');
  const authorityLines = [
    options.lines('DirAuthority'),
    options.lines('AlternateDirAuthority'),
    options.lines('AlternateBridgeAuthority'),
  ];
  return {
    nickname: options.get('Nickname') ?? 'Unnamed',
    contact: options.get('ContactInfo'),
    addresses: options.lines('Address'),
    addressDisableIpv6: options.get('AddressDisableIPv6'),
    orPorts: orPorts(ports),
    dirPort: advertisedDirPort(ports),
    authority: options.get('AuthoritativeDirectory'),
    bridge,
    publishTo: publishTarget(options.get('PublishServerDescriptor'), bridge),
    bridgeDistribution: options.get('BridgeDistribution'),
    dirCache: options.get('DirCache'),
    myFamily: splitNames(options.lines('MyFamily')),
    familyIds: options.lines('FamilyId'),
    familyKeyDirectory: options.get('FamilyKeyDirectory'),
    testing: options.get('TestingTorNetwork'),
    ownAuthorities: authorityLines.some((lines) => lines.length > 0),
    assumeReachable: options.get('AssumeReachable'),
    assumeReachableIpv6: options.get('AssumeReachableIPv6'),
    extendAllowPrivate: options.get('ExtendAllowPrivateAddresses'),
    offlineMaster: options.get('OfflineMasterKey'),
    signingLifetimeMs: options.get('SigningKeyLifetime') * 1000,
    extraInfoStatistics: options.get('ExtraInfoStatistics'),
    minimumReportSec: options.get('TestingMinTimeToReportBandwidth'),
    bandwidth: bandwidthConfig(options),
    accounting: {
      maxBytes: options.get('AccountingMax'),
      rule: accountingRule(options.get('AccountingRule')),
      start: options.get('AccountingStart'),
    },
    dos: dosConfig(options),
    maxQueueBytes: options.get('MaxMemInQueues'),
    maxOnionQueueDelayMs: options.get('MaxOnionQueueDelay'),
    numCpus: options.get('NumCPUs'),
    shutdownWaitMs: options.get('ShutdownWaitLength') * 1000,
    heartbeatMs: options.get('HeartbeatPeriod') * 1000,
  };
}

function orPorts(ports: readonly PortConfig[]): OrPort[] {
  const out: OrPort[] = [];
  for (const { kind, listen, server } of ports) {
    if (kind !== 'or' || listen.kind !== 'tcp') continue;
    out.push({
      address: listen.ip,
      port: listen.port,
      explicit: listen.explicit,
      listen: !server.noListen,
      advertise: !server.noAdvertise,
    });
  }
  return out;
}

function advertisedDirPort(ports: readonly PortConfig[]): number | 'auto' | undefined {
  for (const { kind, listen, server } of ports) {
    if (kind === 'dir' && listen.kind === 'tcp' && !server.noAdvertise) return listen.port;
  }
  return undefined;
}

/** True when there is an ORPort to run. */
export const wantsRelay = (ports: readonly PortConfig[]): boolean =>
  listeningPorts(ports, 'or').some((port) => port.listen.kind === 'tcp');

function publishTarget(words: readonly string[], bridge: boolean): 'v3' | 'bridge' | undefined {
  for (const word of words.map((text) => text.toLowerCase())) {
    if (word === '1') return bridge ? 'bridge' : 'v3';
    if (word === 'v3' || word === 'bridge') return word;
  }
  return undefined;
}

const splitNames = (lines: readonly string[]): string[] =>
  lines
    .flatMap((line) => line.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');

function accountingRule(text: string | undefined): AccountingConfig['rule'] {
  return text === 'sum' || text === 'in' || text === 'out' ? text : 'max';
}

function bandwidthConfig(options: TorOptions): BandwidthConfig {
  return {
    rate: options.get('BandwidthRate'),
    burst: options.get('BandwidthBurst'),
    relayRate: options.get('RelayBandwidthRate'),
    relayBurst: options.get('RelayBandwidthBurst'),
    perLinkRate: options.get('PerConnBWRate'),
    perLinkBurst: options.get('PerConnBWBurst'),
    maxAdvertised: options.get('MaxAdvertisedBandwidth'),
    countPrivate: options.get('CountPrivateBandwidth'),
  };
}

/** What the descriptor tells: the least of the limits. C tor relay_get_effective_bwrate(). */
export function advertisedRate({ rate, relayRate, maxAdvertised }: BandwidthConfig): number {
  const limited = Math.min(rate, maxAdvertised);
  return relayRate > 0 ? Math.min(limited, relayRate) : limited;
}

export function advertisedBurst({ burst, relayBurst }: BandwidthConfig): number {
  return relayBurst > 0 ? Math.min(burst, relayBurst) : burst;
}

function dosConfig(options: TorOptions): DosConfig {
  return {
    circuitEnabled: options.get('DoSCircuitCreationEnabled'),
    circuitMinConnections: options.get('DoSCircuitCreationMinConnections'),
    circuitRate: options.get('DoSCircuitCreationRate'),
    circuitBurst: options.get('DoSCircuitCreationBurst'),
    circuitDefense: options.get('DoSCircuitCreationDefenseType'),
    circuitDefenseMs: options.get('DoSCircuitCreationDefenseTimePeriod') * 1000,
    connectionEnabled: options.get('DoSConnectionEnabled'),
    connectionMax: options.get('DoSConnectionMaxConcurrentCount'),
    connectionDefense: options.get('DoSConnectionDefenseType'),
    connectRate: options.get('DoSConnectionConnectRate'),
    connectBurst: options.get('DoSConnectionConnectBurst'),
    connectDefenseMs: options.get('DoSConnectionConnectDefenseTimePeriod') * 1000,
    streamEnabled: options.get('DoSStreamCreationEnabled'),
    streamRate: options.get('DoSStreamCreationRate'),
    streamBurst: options.get('DoSStreamCreationBurst'),
    streamDefense: options.get('DoSStreamCreationDefenseType'),
    refuseSingleHopRendezvous: options.get('DoSRefuseSingleHopClientRendezvous'),
  };
}

/** The address of an `Address` line that is one; undefined for a host name. */
export const literalAddress = (line: string): IpBytes | undefined => parseIp(line.trim());
