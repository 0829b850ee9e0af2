import type { IpBytes } from '../../../base/ip/index.ts';
import type { Relay } from '../../../network/netdir/index.ts';
import { parseAddressPolicy, policyAccepts, type TorOptions } from '../../../wire/torrc/index.ts';

/** What we may connect to directly: ReachableAddresses, FascistFirewall, ClientUseIPv4, ClientUseIPv6. */
export interface Reachable {
  readonly address: (address: IpBytes, port: number) => boolean;
  readonly relay: (relay: Relay) => boolean;
}

/** Undefined: everything. Throws TORRC_VALUE. `server`: a relay connects to everyone over IPv4. */
export function reachable(options: TorOptions, server: boolean): Reachable | undefined {
  if (server) return undefined;
  const lines = [...options.lines('ReachableAddresses'), ...options.lines('ReachableORAddresses')];
  const ports = options.get('FirewallPorts');
  if (options.get('FascistFirewall') && lines.length === 0) {
    for (const port of ports.length === 0 ? ['80', '443'] : ports) lines.push(`accept *:${port}`);
  }
  const useIpv4 = options.get('ClientUseIPv4');
  // C tor: bridges and an explicit wish for IPv6 turn it on as well.
  const useIpv6 = options.get('ClientUseIPv6') || options.get('ClientPreferIPv6ORPort') === true || !useIpv4;
  if (lines.length === 0 && useIpv4 && useIpv6) return undefined;
  const rules = parseAddressPolicy(lines.map(withVerb));
  const address = (ip: IpBytes, port: number): boolean => {
    if (ip.length === 4 ? !useIpv4 : !useIpv6) return false;
    return rules.length === 0 || policyAccepts([...rules, rejectAll], ip, port);
  };
  return { address, relay: (relay) => relay.addresses.some((at) => address(at.address, at.port)) };
}

const rejectAll = { accept: false, prefix: undefined, families: 'both', minPort: 1, maxPort: 65535 } as const;

/** In these options a bare address means `accept`. */
function withVerb(line: string): string {
  return line
    .split(',')
    .map((rule) => rule.trim())
    .map((rule) => (/^(accept|reject)/i.test(rule) ? rule : `accept ${rule}`))
    .join(',');
}
