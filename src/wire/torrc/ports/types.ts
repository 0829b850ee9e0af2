import type { IpBytes } from '../../../base/ip/index.ts';

export type PortKind =
  | 'socks'
  | 'dns'
  | 'trans'
  | 'natd'
  | 'http-tunnel'
  | 'metrics'
  | 'control'
  | 'or'
  | 'ext-or'
  | 'dir';

export type ListenAddress =
  | {
      readonly kind: 'tcp';
      readonly ip: IpBytes;
      readonly port: number | 'auto';
      /** The address stood in the line; a default gives way to it. */
      readonly explicit: boolean;
    }
  | { readonly kind: 'unix'; readonly path: string };

/** One port to listen on. */
export interface PortConfig {
  readonly kind: PortKind;
  readonly listen: ListenAddress;
  readonly groupWritable: boolean;
  readonly worldWritable: boolean;
  readonly relaxDirModeCheck: boolean;
  readonly entry: EntryPortFlags;
  readonly server: ServerPortFlags;
}

/** What applications may do through a port, and what their streams share. spec: manual page, SocksPort */
export interface EntryPortFlags {
  readonly isolateDestPort: boolean;
  readonly isolateDestAddr: boolean;
  readonly isolateSocksAuth: boolean;
  readonly isolateClientProtocol: boolean;
  readonly isolateClientAddr: boolean;
  readonly keepAliveIsolateSocksAuth: boolean;
  /** Undefined: a group of its own. */
  readonly sessionGroup: number | undefined;
  readonly ipv4Traffic: boolean;
  readonly ipv6Traffic: boolean;
  readonly preferIpv6: boolean;
  readonly dnsRequest: boolean;
  readonly onionTraffic: boolean;
  readonly cacheIpv4Dns: boolean;
  readonly cacheIpv6Dns: boolean;
  readonly useIpv4Cache: boolean;
  readonly useIpv6Cache: boolean;
  readonly preferIpv6Automap: boolean;
  readonly preferSocksNoAuth: boolean;
  readonly extendedErrors: boolean;
}

export interface ServerPortFlags {
  readonly noAdvertise: boolean;
  readonly noListen: boolean;
  readonly ipv4Only: boolean;
  readonly ipv6Only: boolean;
}

export const defaultEntryFlags: EntryPortFlags = {
  isolateDestPort: false,
  isolateDestAddr: false,
  isolateSocksAuth: true,
  isolateClientProtocol: true,
  isolateClientAddr: true,
  keepAliveIsolateSocksAuth: false,
  sessionGroup: undefined,
  ipv4Traffic: true,
  ipv6Traffic: true,
  preferIpv6: false,
  dnsRequest: true,
  onionTraffic: true,
  cacheIpv4Dns: false,
  cacheIpv6Dns: false,
  useIpv4Cache: false,
  useIpv6Cache: false,
  preferIpv6Automap: true,
  preferSocksNoAuth: false,
  extendedErrors: false,
};

export const defaultServerFlags: ServerPortFlags = {
  noAdvertise: false,
  noListen: false,
  ipv4Only: false,
  ipv6Only: false,
};
