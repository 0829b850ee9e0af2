import type { PolicyRule } from '../../../wire/netdoc/index.ts';
import { familyOf, prefixOf, privateNets } from './rules.ts';

/** Ports that the rules so far treat alike. */
interface Span {
  readonly low: number;
  readonly high: number;
  /** Addresses rejected; IPv6 counts /64 networks. */
  rejected: number;
  accepted: boolean;
}

const maxLength = 1000;
/** A port rejected for more addresses than this counts as rejected: two IPv4 /8, one IPv6 /16. */
const cutoff = { 4: 2 ** 25, 6: 2 ** 48 } as const;

/**
 * The ports that most addresses can be reached on: `accept 80,443` or `reject 25,119`, whichever is shorter.
 * The rules must be expanded. spec: dir-spec 3.8.2; C tor policy_summarize()
 */
export function summarizePolicy(rules: readonly PolicyRule[], family: 4 | 6): string {
  let spans: Span[] = [{ low: 1, high: 65535, rejected: 0, accepted: false }];
  for (const rule of rules) {
    if (familyOf(rule) === family) spans = apply(spans, rule, family);
  }
  const [accepts, rejects] = [list(spans, true), list(spans, false)];
  if (accepts === '') return 'reject 1-65535';
  if (rejects === '') return 'accept 1-65535';
  const room = maxLength - 'accept '.length;
  if (accepts.length > room && rejects.length > room) return `accept ${cut(accepts, room)}`;
  return rejects.length < accepts.length ? `reject ${rejects}` : `accept ${accepts}`;
}

function apply(spans: readonly Span[], rule: PolicyRule, family: 4 | 6): Span[] {
  const { address, bits } = prefixOf(rule);
  if (rule.accept ? bits > 0 : isPrivate(address, bits)) return [...spans];
  const split = splitAt(splitAt(spans, rule.lowPort), rule.highPort + 1);
  for (const span of split) {
    if (span.low < rule.lowPort || span.high > rule.highPort) continue;
    if (!rule.accept) span.rejected += rejectedCount(bits, family);
    else if (span.rejected <= cutoff[family]) span.accepted = true;
  }
  return split;
}

function splitAt(spans: readonly Span[], port: number): Span[] {
  return spans.flatMap((span) => {
    if (port <= span.low || port > span.high) return [span];
    return [
      { ...span, high: port - 1 },
      { ...span, low: port },
    ];
  });
}

function rejectedCount(bits: number, family: 4 | 6): number {
  if (family === 4) return 2 ** (32 - bits);
  return bits > 64 ? 0 : 2 ** (64 - bits);
}

const isPrivate = (address: Uint8Array, bits: number): boolean =>
  privateNets.some((net) => net.bits === bits && Buffer.compare(net.address, address) === 0);

function list(spans: readonly Span[], accepted: boolean): string {
  const items: string[] = [];
  for (let i = 0; i < spans.length; i++) {
    const first = spans[i] as Span;
    if (first.accepted !== accepted) continue;
    while (spans[i + 1]?.accepted === accepted) i++;
    const { high } = spans[i] as Span;
    items.push(first.low === high ? `${high}` : `${first.low}-${high}`);
  }
  return items.join(',');
}

/** Up to the last comma that still fits. */
function cut(text: string, room: number): string {
  return text.slice(0, text.lastIndexOf(',', room));
}
