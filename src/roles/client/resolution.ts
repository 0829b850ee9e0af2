import { type IpBytes, isInternalIp } from '../../base/ip/index.ts';
import type { ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import type { EntryPortFlags } from '../../wire/torrc/index.ts';

/** What a look-up came to. `nothing`: the name is there, but has no address of a family that was asked for. */
export type Resolution =
  | { readonly kind: 'address'; readonly ip: IpBytes; readonly ttlSec: number }
  | { readonly kind: 'hostname'; readonly name: string; readonly ttlSec: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'failed' };

/** The best of an exit's answers: the first of each kind counts, and internal addresses do not. */
export function chooseAnswer(
  answers: readonly ResolvedAnswer[],
  flags: Pick<EntryPortFlags, 'ipv4Traffic' | 'ipv6Traffic' | 'preferIpv6'>,
  options: { readonly reverse: boolean; readonly rejectInternal: boolean },
): Resolution {
  const [first] = answers;
  if (first?.kind === 'error') return { kind: first.transient ? 'failed' : 'not-found' };
  if (options.reverse) {
    for (const answer of answers) {
      if (answer.kind === 'hostname') return { kind: 'hostname', name: answer.hostname, ttlSec: answer.ttlSec };
    }
    return { kind: 'not-found' };
  }
  const addresses = answers.flatMap((answer) => (answer.kind === 'ipv4' || answer.kind === 'ipv6' ? [answer] : []));
  const usable = addresses.filter((answer) => !options.rejectInternal || !isInternalIp(answer.address));
  if (addresses.length > 0 && usable.length === 0) return { kind: 'failed' };
  const ipv4 = flags.ipv4Traffic ? usable.find((answer) => answer.kind === 'ipv4') : undefined;
  const ipv6 = flags.ipv6Traffic ? usable.find((answer) => answer.kind === 'ipv6') : undefined;
  const best = flags.preferIpv6 ? (ipv6 ?? ipv4) : (ipv4 ?? ipv6);
  return best === undefined ? { kind: 'nothing' } : { kind: 'address', ip: best.address, ttlSec: best.ttlSec };
}
