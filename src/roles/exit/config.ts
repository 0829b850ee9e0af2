import { networkInterfaces } from 'node:os';
import { type IpBytes, parseIp } from '../../base/ip/index.ts';
import { listeningPorts, type PortConfig, parseAddressPolicy, type TorOptions } from '../../wire/torrc/index.ts';
import type { ExitPolicyConfig } from './policy/exit-policy.ts';

/** How names are looked up. */
export interface ExitDnsConfig {
  readonly resolvConfFile: string | undefined;
  readonly searchDomains: boolean;
  readonly allowNonRfc953Hostnames: boolean;
  readonly detectHijacking: boolean;
  readonly testAddresses: readonly string[];
}

/** What the exit role does; everything comes from the torrc. */
export interface ExitConfig {
  readonly policy: ExitPolicyConfig;
  readonly dns: ExitDnsConfig;
  /** `auto` asks the consensus. */
  readonly refuseUnknownExits: boolean | 'auto';
  /** Streams that a new policy forbids are ended. */
  readonly reevaluatePolicy: boolean;
  /** Where connections come from; undefined: what the system chooses. */
  readonly bindIpv4: string | undefined;
  readonly bindIpv6: string | undefined;
  /** Addresses of this machine that are known from the torrc: ports and outgoing connections. */
  readonly localAddresses: readonly IpBytes[];
  /** Connections at once; more are refused with RESOURCELIMIT. */
  readonly maxConnections: number;
}

/** Left for everything else out of C tor's usual limit of open files. */
const maxConnections = 16_384;

export function exitConfig(options: TorOptions, ports: readonly PortConfig[]): ExitConfig {
  const outbound = [...options.lines('OutboundBindAddressExit'), ...options.lines('OutboundBindAddress')];
  const binds = outbound.flatMap((text) => parseIp(text) ?? []);
  const bindOf = (bytes: number): string | undefined =>
    outbound.find((text) => parseIp(text)?.length === bytes)?.replace(/^\[|\]$/g, '');
  return {
    policy: {
      exitRelay: options.get('ExitRelay'),
      rules: parseAddressPolicy(options.lines('ExitPolicy')),
      reduced: options.get('ReducedExitPolicy'),
      ipv6Exit: options.get('IPv6Exit'),
      rejectPrivate: options.get('ExitPolicyRejectPrivate'),
      rejectLocalInterfaces: options.get('ExitPolicyRejectLocalInterfaces'),
      bridge: options.get('BridgeRelay'),
    },
    dns: {
      resolvConfFile: options.get('ServerDNSResolvConfFile'),
      searchDomains: options.get('ServerDNSSearchDomains'),
      allowNonRfc953Hostnames: options.get('ServerDNSAllowNonRFC953Hostnames'),
      detectHijacking: options.get('ServerDNSDetectHijacking'),
      testAddresses: options.get('ServerDNSTestAddresses'),
    },
    refuseUnknownExits: options.get('RefuseUnknownExits'),
    reevaluatePolicy: options.get('ReevaluateExitPolicy'),
    bindIpv4: bindOf(4),
    bindIpv6: bindOf(16),
    localAddresses: [...binds, ...listenAddresses(ports)],
    maxConnections,
  };
}

const kinds: readonly PortConfig['kind'][] = ['or', 'dir', 'socks', 'control'];

const listenAddresses = (ports: readonly PortConfig[]): IpBytes[] =>
  kinds
    .flatMap((kind) => listeningPorts(ports, kind))
    .flatMap(({ listen }) => (listen.kind === 'tcp' ? [listen.ip] : []));

/** Addresses of this machine's interfaces. */
export const interfaceAddresses = (): IpBytes[] =>
  Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).flatMap(({ address }) => parseIp(address.replace(/%.*$/, '')) ?? []),
  );
