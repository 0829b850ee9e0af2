import { parseIpv4, parseIpv6 } from '../../base/ip/index.ts';
import {
  type AddressRule,
  type PortConfig,
  parseAddressPolicy,
  parseNetwork,
  type TorOptions,
} from '../../wire/torrc/index.ts';
import type { VirtualNetwork } from './address-map.ts';

/** What the client role does; everything comes from the torrc. */
export interface ClientConfig {
  /** SOCKS, HTTP tunnel and DNS ports; others are left to others. */
  readonly ports: readonly PortConfig[];
  readonly safeSocks: boolean;
  readonly testSocks: boolean;
  readonly socksTimeoutMs: number;
  readonly socksPolicy: readonly AddressRule[];
  readonly rejectInternalAddresses: boolean;
  readonly dnsRejectInternalAddresses: boolean;
  readonly allowNonRfc953Hostnames: boolean;
  readonly automapHostsOnResolve: boolean;
  readonly automapHostsSuffixes: readonly string[];
  readonly mapAddress: readonly string[];
  readonly virtualIpv4: VirtualNetwork;
  readonly virtualIpv6: VirtualNetwork;
  readonly warnPlaintextPorts: ReadonlySet<number>;
  readonly rejectPlaintextPorts: ReadonlySet<number>;
  readonly trackHostExits: readonly string[];
  readonly trackHostExitsExpireMs: number;
}

const servedKinds: ReadonlySet<PortConfig['kind']> = new Set(['socks', 'http-tunnel', 'dns']);
const defaultIpv4: VirtualNetwork = { ip: parseIpv4('127.192.0.0') ?? new Uint8Array(4), bits: 10 };
const defaultIpv6: VirtualNetwork = { ip: parseIpv6('fe80::') ?? new Uint8Array(16), bits: 10 };

export function clientConfig(options: TorOptions, ports: readonly PortConfig[]): ClientConfig {
  const portSet = (list: readonly string[]): ReadonlySet<number> =>
    new Set(list.map((text) => Number.parseInt(text, 10)));
  return {
    ports: ports.filter((port) => servedKinds.has(port.kind)),
    safeSocks: options.get('SafeSocks'),
    testSocks: options.get('TestSocks'),
    socksTimeoutMs: options.get('SocksTimeout') * 1000,
    socksPolicy: parseAddressPolicy(options.lines('SocksPolicy')),
    rejectInternalAddresses: options.get('ClientRejectInternalAddresses'),
    dnsRejectInternalAddresses: options.get('ClientDNSRejectInternalAddresses'),
    allowNonRfc953Hostnames: options.get('AllowNonRFC953Hostnames'),
    automapHostsOnResolve: options.get('AutomapHostsOnResolve'),
    automapHostsSuffixes: options.get('AutomapHostsSuffixes'),
    mapAddress: options.lines('MapAddress'),
    virtualIpv4: parseNetwork(options.get('VirtualAddrNetworkIPv4') ?? '') ?? defaultIpv4,
    virtualIpv6: parseNetwork(options.get('VirtualAddrNetworkIPv6') ?? '') ?? defaultIpv6,
    warnPlaintextPorts: portSet(options.get('WarnPlaintextPorts')),
    rejectPlaintextPorts: portSet(options.get('RejectPlaintextPorts')),
    trackHostExits: options.get('TrackHostExits'),
    trackHostExitsExpireMs: options.get('TrackHostExitsExpire') * 1000,
  };
}
