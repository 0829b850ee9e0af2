import type { IpBytes } from '../../base/ip/index.ts';
import type { OrEndpoint } from '../../network/channels/index.ts';
import type { UploadResult } from './descriptor/upload.ts';
import type { AccountingState } from './limits/accounting.ts';
import type { AddressFamily } from './own-addresses.ts';

/** Steps of a relay's life, for logs, the control port and metrics. */
export interface RelayEvents {
  started: { readonly endpoints: readonly OrEndpoint[] };
  /** Keys that stand in the descriptor were made anew. */
  keys: { readonly which: 'signing' | 'onion' };
  /** SIGHUP or SETCONF changed what the torrc says. */
  configured: undefined;
  addresses: { readonly addresses: readonly IpBytes[] };
  /** AccountingMax sends us to sleep, or wakes us. */
  hibernating: { readonly state: AccountingState };
  /** We begin to test whether our ORPort can be reached: CHECKING_REACHABILITY. */
  checking: { readonly family: AddressFamily };
  /** Somebody reached our ORPort from outside: REACHABILITY_SUCCEEDED. */
  reachable: { readonly family: AddressFamily };
  /** Our descriptor was built anew. */
  descriptor: { readonly text: string; readonly reason: string };
  /** An authority answered, or could not be asked: ACCEPTED_SERVER_DESCRIPTOR, BAD_SERVER_DESCRIPTOR. */
  uploaded: UploadResult;
}
