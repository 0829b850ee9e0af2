import { formatIp, formatIpPort, type IpBytes } from '../../../base/ip/index.ts';
import type { AddressFamily, Relay } from '../../../roles/relay/index.ts';
import { quote } from '../../../wire/torrc/index.ts';
import type { InfoScope } from '../context.ts';
import { refuse } from '../failure.ts';
import { accountingInfo } from './accounting.ts';
import type { InfoTable } from './info-keys.ts';
import { policyInfo } from './policy.ts';

const relayOf = ({ context }: InfoScope): Relay | undefined => context.deps.parts.relay?.relay;

function address(scope: InfoScope, family: AddressFamily): string {
  const found: { readonly address: IpBytes } | undefined = relayOf(scope)?.addresses.get(family);
  return found === undefined ? refuse(551, 'Address unknown') : formatIp(found.address);
}

const reachable = (scope: InfoScope): string => (relayOf(scope)?.reachability.isReachable(4) === true ? '1' : '0');

/** Since the start; what is asked for beyond what is answered was dropped. */
function ntorHandshakes(scope: InfoScope, which: 'assigned' | 'requested'): string {
  const counts = relayOf(scope)?.circuits?.counts;
  return String((counts?.processed.ntor ?? 0) + (which === 'requested' ? (counts?.dropped.ntor ?? 0) : 0));
}

/** What only a relay has. */
export const relayInfo: InfoTable = {
  ...accountingInfo,
  ...policyInfo,
  fingerprint: { get: (scope) => relayOf(scope)?.fingerprint ?? refuse(551, 'Not running in server mode') },
  address: { help: 'IP address of this Tor host, if we can guess it.', get: (scope) => address(scope, 4) },
  'address/v4': { help: 'IPv4 address of this Tor host, if we can guess it.', get: (scope) => address(scope, 4) },
  'address/v6': { help: 'IPv6 address of this Tor host, if we can guess it.', get: (scope) => address(scope, 6) },
  'net/listeners/or': {
    help: 'Bound addresses by type',
    get: (scope) =>
      (relayOf(scope)?.ports?.endpoints ?? []).map((at) => quote(formatIpPort(at.address, at.port))).join(' '),
  },
  'status/reachability-succeeded': { get: (scope) => `OR=${reachable(scope)} DIR=1` },
  'status/reachability-succeeded/or': { get: reachable },
  'status/reachability-succeeded/dir': { get: () => '1' },
  'status/fresh-relay-descs': {
    get: (scope) => {
      const { relay } = scope.context.deps.parts;
      if (relay === undefined) return refuse(551, 'Only relays have descriptors');
      return relay.descriptor?.text ?? refuse(551, 'Cannot generate descriptor');
    },
  },
  'stats/ntor/assigned': { help: 'Assigned NTOR handshakes', get: (scope) => ntorHandshakes(scope, 'assigned') },
  'stats/ntor/requested': { help: 'Requested NTOR handshakes', get: (scope) => ntorHandshakes(scope, 'requested') },
  'stats/tap/assigned': { help: 'Assigned TAP handshakes', get: () => '0' },
  'stats/tap/requested': { help: 'Requested TAP handshakes', get: () => '0' },
  'status/clients-seen': { get: () => refuse(551, 'No bridge-client stats available') },
};
