import type { IpBytes } from '../../base/ip/index.ts';
import { BeginFlag } from '../../wire/relaymsg/index.ts';
import { isTransient, type NameRecord } from './dns/types.ts';
import type { ExitPolicy } from './policy/exit-policy.ts';

export type AddressChoice =
  | { readonly address: IpBytes; readonly ttlSec: number }
  | { readonly address: undefined; readonly transient: boolean };

export interface AddressWish {
  /** Of BEGIN. */
  readonly flags: number;
  readonly port: number;
  readonly ipv6Exit: boolean;
}

/**
 * Which of a name's addresses to connect to: what the client allows, then what the policy allows, then what the client
 * prefers. C tor set_exitconn_info_from_resolve().
 */
export function chooseAddress({ ipv4, ipv6 }: NameRecord, wish: AddressWish, policy: ExitPolicy): AddressChoice {
  const has = (flag: number): boolean => (wish.flags & flag) !== 0;
  const ipv4Ok = ipv4?.ok === true && !has(BeginFlag.IPV4_NOT_OK);
  const ipv6Ok = ipv6?.ok === true && has(BeginFlag.IPV6_OK) && wish.ipv6Exit;
  let wantsIpv4 = !has(BeginFlag.IPV6_PREFERRED);
  if (ipv4Ok !== ipv6Ok) wantsIpv4 = ipv4Ok;
  else if (ipv4Ok && ipv6Ok) {
    const allowed4 = policy.accepts(ipv4.value, wish.port);
    const allowed6 = policy.accepts(ipv6.value, wish.port);
    if (allowed4 !== allowed6) wantsIpv4 = allowed4;
  }
  const outcome = wantsIpv4 ? ipv4 : ipv6;
  if (outcome === undefined) return { address: undefined, transient: false };
  if (!outcome.ok) return { address: undefined, transient: isTransient(outcome.error) };
  return { address: outcome.value, ttlSec: outcome.ttlSec };
}
