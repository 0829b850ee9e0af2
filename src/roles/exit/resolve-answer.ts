import { BeginFlag, type ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import { chooseAddress } from './choose-address.ts';
import { resolvedTtlSec as ttlSec } from './dns/ttl.ts';
import type { NameRecord } from './dns/types.ts';
import type { ExitPolicy } from './policy/exit-policy.ts';

export const resolveError = ({ transient }: { readonly transient: boolean }): readonly ResolvedAnswer[] => [
  { kind: 'error', transient, ttlSec },
];

/** RESOLVED for a name that was looked up: both addresses, or its error. Reverse errors are final, as C tor's. */
export function answersOf(
  record: NameRecord | 'timeout',
  options: { readonly ipv6Exit: boolean },
  policy: ExitPolicy,
): readonly ResolvedAnswer[] {
  if (record === 'timeout') return resolveError({ transient: true });
  const { ipv4, ipv6, hostname } = record;
  if (hostname !== undefined) {
    return hostname.ok ? [{ kind: 'hostname', hostname: hostname.value, ttlSec }] : resolveError({ transient: false });
  }
  const choice = chooseAddress(record, { flags: BeginFlag.IPV6_OK, port: 0, ...options }, policy);
  if (choice.address === undefined) return resolveError(choice);
  const answers: ResolvedAnswer[] = [];
  if (ipv4?.ok === true) answers.push({ kind: 'ipv4', address: ipv4.value, ttlSec });
  if (ipv6?.ok === true) answers.push({ kind: 'ipv6', address: ipv6.value, ttlSec });
  return answers;
}
