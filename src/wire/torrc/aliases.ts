interface Alias {
  readonly alias: string;
  readonly name: string;
  readonly commandLineOnly?: true;
  /** Using it is worth a warning. */
  readonly warn?: true;
}

const plural = (name: string): Alias => ({ alias: name, name: `${name}s` });
const plain = (alias: string, name: string): Alias => ({ alias, name });
const old = (alias: string, name: string): Alias => ({ alias, name, warn: true });
const schedule = (name: string): Alias => old(`${name}DownloadSchedule`, `${name}DownloadInitialDelay`);

/** Other names options are known by, in C tor's order: a rewritten name is looked up again further down. */
const aliases: readonly Alias[] = [
  ...['AuthDirBadDirCC', 'AuthDirBadExitCC', 'AuthDirInvalidCC', 'AuthDirMiddleOnlyCC', 'AuthDirRejectCC'].map(plural),
  ...['EntryNode', 'ExcludeNode', 'FirewallPort', 'LongLivedPort', 'HiddenServiceNode'].map(plural),
  ...['HiddenServiceExcludeNode', 'NumCPU', 'RendNode', 'RecommendedPackage', 'RendExcludeNode'].map(plural),
  ...['StrictEntryNode', 'StrictExitNode', 'StrictNode'].map(plural),
  { alias: 'l', name: 'Log', commandLineOnly: true },
  plain('AllowUnverifiedNodes', 'AllowInvalidNodes'),
  plain('AutomapHostSuffixes', 'AutomapHostsSuffixes'),
  plain('AutomapHostOnResolve', 'AutomapHostsOnResolve'),
  plain('BandwidthRateBytes', 'BandwidthRate'),
  plain('BandwidthBurstBytes', 'BandwidthBurst'),
  plain('DirFetchPostPeriod', 'StatusFetchPeriod'),
  plain('DirServer', 'DirAuthority'),
  old('MaxConn', 'ConnLimit'),
  plain('MaxMemInCellQueues', 'MaxMemInQueues'),
  plain('ORBindAddress', 'ORListenAddress'),
  plain('DirBindAddress', 'DirListenAddress'),
  plain('SocksBindAddress', 'SocksListenAddress'),
  plain('UseHelperNodes', 'UseEntryGuards'),
  plain('NumHelperNodes', 'NumEntryGuards'),
  plain('UseEntryNodes', 'UseEntryGuards'),
  plain('NumEntryNodes', 'NumEntryGuards'),
  old('ResolvConf', 'ServerDNSResolvConfFile'),
  old('SearchDomains', 'ServerDNSSearchDomains'),
  plain('ServerDNSAllowBrokenResolvConf', 'ServerDNSAllowBrokenConfig'),
  plain('PreferTunnelledDirConns', 'PreferTunneledDirConns'),
  plain('BridgeAuthoritativeDirectory', 'BridgeAuthoritativeDir'),
  { alias: 'HashedControlPassword', name: '__HashedControlSessionPassword', commandLineOnly: true },
  plain('VirtualAddrNetwork', 'VirtualAddrNetworkIPv4'),
  old('SocksSocketsGroupWritable', 'UnixSocksGroupWritable'),
  old('_HSLayer2Nodes', 'HSLayer2Nodes'),
  old('_HSLayer3Nodes', 'HSLayer3Nodes'),
  ...['ClientBootstrapConsensusAuthority', 'ClientBootstrapConsensusAuthorityOnly'].map(schedule),
  ...['ClientBootstrapConsensusFallback', 'TestingBridge', 'TestingBridgeBootstrap', 'TestingClient'].map(schedule),
  ...['TestingClientConsensus', 'TestingServer', 'TestingServerConsensus'].map(schedule),
];

/** The option's present name. `onOld` hears of names that will go away. */
export function expandAlias(
  key: string,
  options: { readonly commandLine?: boolean; readonly onOld?: (alias: string, name: string) => void } = {},
): string {
  let name = key;
  for (const entry of aliases) {
    if (entry.alias.toLowerCase() !== name.toLowerCase()) continue;
    if (entry.commandLineOnly === true && options.commandLine !== true) continue;
    if (entry.warn === true) options.onOld?.(entry.alias, entry.name);
    name = entry.name;
  }
  return name;
}

/** Options that still work and will go, with the reason. */
export const deprecatedOptions: ReadonlyMap<string, string> = new Map([
  [
    'HTTPProxy',
    "It only applies to direct unencrypted HTTP connections to your directory server, which your Tor probably wasn't using.",
  ],
  [
    'HTTPProxyAuthenticator',
    'HTTPProxy is deprecated in favor of HTTPSProxy which should be used with HTTPSProxyAuthenticator.',
  ],
  ['ReachableDirAddresses', 'It has no effect on relays, and has had no effect on clients since 0.2.8.'],
  ['ClientPreferIPv6DirPort', 'It has no effect on relays, and has had no effect on clients since 0.2.8.'],
  ['ClientAutoIPv6ORPort', "This option is unreliable if a connection isn't reliably dual-stack."],
]);
