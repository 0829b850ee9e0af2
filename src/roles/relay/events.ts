import type { IpBytes } from '../../base/ip/index.ts';
import type { OrEndpoint } from '../../network/channels/index.ts';
import type { AddressFamily } from './own-addresses.ts';

/** Steps of a relay's life, for logs, the control port and metrics. */
export interface RelayEvents {
  started: { readonly endpoints: readonly OrEndpoint[] };
  /** Keys that stand in the descriptor were made anew. */
  keys: { readonly which: 'signing' | 'onion' };
  addresses: { readonly addresses: readonly IpBytes[] };
  /** Somebody reached our ORPort from outside: REACHABILITY_SUCCEEDED. */
  reachable: { readonly family: AddressFamily };
}
