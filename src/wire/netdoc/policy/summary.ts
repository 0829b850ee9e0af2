import { bytesEqual } from '../../../base/bytes/index.ts';
import { expandPrivate, prefixFor, privateNets } from './rules.ts';
import type { PolicyRule } from './types.ts';

/** Ports that the rules so far treat alike. */
interface Span {
  readonly low: number;
  readonly high: number;
  /** Addresses rejected; of IPv6, networks of 64 bits. */
  rejected: number;
  accepted: boolean;
}

const maxTextLength = 1000;
/** A port rejected for more than this counts as rejected: two IPv4 /8, one IPv6 /16. */
const cutoff = { 4: 2 ** 25, 6: 2 ** 48 } as const;

/**
 * The ports that most addresses can be reached on: `accept 80,443` or `reject 25,119`, whichever text is shorter.
 * spec: dir-spec 3.8.2
 */
export function summarizePolicy(rules: readonly PolicyRule[], family: 4 | 6): string {
  let spans: Span[] = [{ low: 1, high: 65535, rejected: 0, accepted: false }];
  for (const rule of expandPrivate(rules)) spans = withRule(spans, rule, family);
  const [accepts, rejects] = [portList(spans, true), portList(spans, false)];
  if (accepts === '') return 'reject 1-65535';
  if (rejects === '') return 'accept 1-65535';
  const room = maxTextLength - 'accept '.length;
  if (accepts.length > room && rejects.length > room) {
    return `accept ${accepts.slice(0, accepts.lastIndexOf(',', room))}`;
  }
  return rejects.length < accepts.length ? `reject ${rejects}` : `accept ${accepts}`;
}

function withRule(spans: Span[], rule: PolicyRule, family: 4 | 6): Span[] {
  const prefix = prefixFor(rule, family);
  if (prefix === undefined || (rule.accept ? prefix.bits > 0 : isPrivate(prefix))) return spans;
  const split = splitAt(splitAt(spans, rule.lowPort), rule.highPort + 1);
  for (const span of split) {
    if (span.low < rule.lowPort || span.high > rule.highPort) continue;
    if (!rule.accept) span.rejected += weightOf(prefix.bits, family);
    else if (span.rejected <= cutoff[family]) span.accepted = true;
  }
  return split;
}

const isPrivate = (prefix: { readonly address: Uint8Array; readonly bits: number }): boolean =>
  privateNets.some((net) => net.bits === prefix.bits && bytesEqual(net.address, prefix.address));

/** Networks of more than 64 bits are too small to count. */
const weightOf = (bits: number, family: 4 | 6): number =>
  family === 4 ? 2 ** (32 - bits) : bits > 64 ? 0 : 2 ** (64 - bits);

function splitAt(spans: readonly Span[], port: number): Span[] {
  return spans.flatMap((span) => {
    if (port <= span.low || port > span.high) return [span];
    return [
      { ...span, high: port - 1 },
      { ...span, low: port },
    ];
  });
}

function portList(spans: readonly Span[], accepted: boolean): string {
  const items: string[] = [];
  for (let i = 0; i < spans.length; i++) {
    const { low, accepted: is } = spans[i] as Span;
    if (is !== accepted) continue;
    while (spans[i + 1]?.accepted === accepted) i++;
    const { high } = spans[i] as Span;
    items.push(low === high ? `${low}` : `${low}-${high}`);
  }
  return items.join(',');
}
