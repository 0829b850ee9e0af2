import { TorError } from '../../../base/errors/index.ts';
import { parseIp } from '../../../base/ip/index.ts';
import type { OutboundAddresses } from '../../../network/channels/index.ts';
import type { CircuitManagerOptions, LiveCircuitOptions } from '../../../network/circuits/index.ts';
import type { GuardOptions, VanguardsOptions } from '../../../network/guard/index.ts';
import type { NetDirOptions } from '../../../network/netdir/index.ts';
import type { PathOptions } from '../../../network/path/index.ts';
import type { ChannelParams } from '../../../protocol/channel/index.ts';
import { defaultChannelParams } from '../../../protocol/channel/index.ts';
import type { TorOptions } from '../../../wire/torrc/index.ts';
import type { Reachable } from './reachable.ts';
import type { RouterSets } from './router-sets.ts';

/** What every translation below needs to know. */
export interface NodeFacts {
  readonly options: TorOptions;
  readonly sets: RouterSets;
  readonly reachable: Reachable | undefined;
  /** When a relay runs here. */
  readonly ownFingerprint?: string;
}

export function netdirOptions({ options, sets }: NodeFacts): NetDirOptions {
  const pathsNeeded = options.get('PathsNeededToBuildCircuits');
  return {
    enforceDistinctSubnets: options.get('EnforceDistinctSubnets'),
    nodeFamilies: sets.families,
    testingNetwork: options.get('TestingTorNetwork'),
    dirInfo: {
      entryNodes: sets.entry,
      middleNodes: sets.middle,
      exitNodes: sets.exit,
      // C tor clamps to a quarter and 95 percent.
      pathsNeeded: pathsNeeded < 0 ? undefined : Math.min(0.95, Math.max(0.25, pathsNeeded)),
    },
  };
}

export function guardOptions({ options, sets, reachable, ownFingerprint }: NodeFacts): GuardOptions {
  return {
    entryNodes: sets.entry,
    excludeNodes: sets.exclude,
    guardLifetimeSec: options.get('GuardLifetime'),
    numEntryGuards: options.get('NumEntryGuards'),
    numDirectoryGuards: options.get('NumDirectoryGuards'),
    numPrimaryGuards: options.get('NumPrimaryGuards'),
    avoidDiskWrites: options.get('AvoidDiskWrites'),
    enforceDistinctSubnets: options.get('EnforceDistinctSubnets'),
    ...(reachable === undefined ? {} : { canReach: reachable.relay, canReachAddress: reachable.address }),
    ...(ownFingerprint === undefined ? {} : { ownFingerprint }),
  };
}

export function vanguardsOptions({ options, sets, ownFingerprint }: NodeFacts): VanguardsOptions {
  return {
    enabled: options.get('VanguardsLiteEnabled'),
    excludeNodes: sets.exclude,
    ...(ownFingerprint === undefined ? {} : { ownFingerprint }),
  };
}

export function pathOptions({ options, sets, reachable, ownFingerprint }: NodeFacts): PathOptions {
  return {
    excludeNodes: sets.exclude,
    excludeExitNodes: sets.excludeExit,
    exitNodes: sets.exit,
    middleNodes: sets.middle,
    strictNodes: options.get('StrictNodes'),
    hsLayer2Nodes: sets.layer2,
    hsLayer3Nodes: sets.layer3,
    longLivedPorts: new Set(longLivedPorts(options)),
    useEntryGuards: options.get('UseEntryGuards'),
    ...(reachable === undefined ? {} : { canReach: reachable.relay }),
    ...(ownFingerprint === undefined ? {} : { ownFingerprint }),
  };
}

const longLivedPorts = (options: TorOptions): number[] => options.get('LongLivedPorts').map(Number);

/** What SETCONF and a reload change for a running circuit manager. */
export const liveCircuitOptions = (options: TorOptions): LiveCircuitOptions => ({
  maxCircuitDirtinessMs: options.get('MaxCircuitDirtiness') * 1000,
  disablePredictedCircuits: options.get('__DisablePredictedCircuits') || options.get('DisableNetwork'),
  leaveStreamsUnattached: options.get('__LeaveStreamsUnattached'),
});

export function circuitOptions({ options, sets }: NodeFacts): CircuitManagerOptions {
  const { exclude, excludeExit } = sets;
  const buildTimeoutMs = options.get('CircuitBuildTimeout') * 1000;
  const streamTimeoutMs = options.get('CircuitStreamTimeout') * 1000;
  const availableMs = options.get('CircuitsAvailableTimeout') * 1000;
  return {
    ...liveCircuitOptions(options),
    newCircuitPeriodMs: options.get('NewCircuitPeriod') * 1000,
    maxClientCircuitsPending: options.get('MaxClientCircuitsPending'),
    learnCircuitBuildTimeout: options.get('LearnCircuitBuildTimeout'),
    ...(buildTimeoutMs === 0 ? {} : { circuitBuildTimeoutMs: buildTimeoutMs }),
    ...(streamTimeoutMs === 0 ? {} : { circuitStreamTimeoutMs: streamTimeoutMs }),
    ...(availableMs === 0 ? {} : { circuitsAvailableTimeoutMs: availableMs }),
    socksTimeoutMs: options.get('SocksTimeout') * 1000,
    longLivedPorts: longLivedPorts(options),
    clientRejectInternalAddresses: options.get('ClientRejectInternalAddresses'),
    clientDnsRejectInternalAddresses: options.get('ClientDNSRejectInternalAddresses'),
    ...(exclude === undefined && excludeExit === undefined
      ? {}
      : { mayExit: (relay) => exclude?.has(relay) !== true && excludeExit?.has(relay) !== true }),
  };
}

/** What the configuration says of links, before a consensus says the rest. */
export function channelBase(options: TorOptions): ChannelParams {
  return {
    ...defaultChannelParams,
    connectionPadding: options.get('ConnectionPadding'),
    reducedPadding: options.get('ReducedConnectionPadding'),
  };
}

const proxies = ['HTTPProxy', 'HTTPSProxy', 'Socks4Proxy', 'Socks5Proxy', 'TCPProxy'] as const;

/**
 * Where links to relays start from: the first address of each family. Throws TORRC_VALUE for who wants them to go through
 * a proxy: that is not there yet, and to go directly would tell the network what the proxy is to hide.
 */
export function outboundForLinks(options: TorOptions): OutboundAddresses {
  const proxy = proxies.find((name) => options.get(name) !== undefined);
  if (proxy !== undefined) {
    const message = `${proxy} is not supported: links through a proxy are not there yet.`;
    throw new TorError('TORRC_VALUE', message, { facts: { option: proxy } });
  }
  const lines = [...options.lines('OutboundBindAddressOR'), ...options.lines('OutboundBindAddress')];
  const first = (bytes: number): string | undefined =>
    lines.find((text) => parseIp(text)?.length === bytes)?.replace(/^\[|\]$/g, '');
  return { ipv4: first(4), ipv6: first(16) };
}
