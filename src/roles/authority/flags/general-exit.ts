import { isInternalIp } from '../../../base/ip/index.ts';
import type { PolicyRule } from '../../../wire/netdoc/index.ts';

/** Whether a policy lets web traffic out: at least to one /8 at each of ports 80 and 443. spec: dir-spec 3.4.2, Exit */
export function isGeneralExit(policy: readonly PolicyRule[], allowPrivate: boolean): boolean {
  return leavesBy(policy, 80, allowPrivate) && leavesBy(policy, 443, allowPrivate);
}

function leavesBy(policy: readonly PolicyRule[], port: number, allowPrivate: boolean): boolean {
  const rejected = new Uint8Array(256);
  for (const rule of policy) {
    if (port < rule.lowPort || port > rule.highPort) continue;
    for (const blocks of networksOf(rule)) {
      if (ruleDecides(rule.accept, blocks, rejected, allowPrivate)) return true;
    }
  }
  return false;
}

/** Whether a rule accepts a whole /8 that was not rejected before; notes what it rejects. */
function ruleDecides(accept: boolean, blocks: Blocks, rejected: Uint8Array, allowPrivate: boolean): boolean {
  for (let block = blocks.first; block <= blocks.last; block++) {
    if (rejected[block] === 1) continue;
    if (!allowPrivate && isInternalIp(Uint8Array.of(block, 0, 0, 0))) continue;
    if (!accept) rejected[block] = 1;
    else if (blocks.bits <= 8) return true;
  }
  return false;
}

interface Blocks {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** The private networks of IPv4, as `private` stands for them. */
const privateNetworks: readonly Blocks[] = [
  { first: 0, last: 0, bits: 8 },
  { first: 169, last: 169, bits: 16 },
  { first: 127, last: 127, bits: 8 },
  { first: 192, last: 192, bits: 16 },
  { first: 10, last: 10, bits: 8 },
  { first: 172, last: 172, bits: 12 },
];

/** The /8 blocks of IPv4 that a rule touches. */
function networksOf({ address }: PolicyRule): readonly Blocks[] {
  switch (address.kind) {
    case 'any':
    case 'any4':
      return [{ first: 0, last: 255, bits: 0 }];
    case 'any6':
      return [];
    case 'private':
      return privateNetworks;
    case 'net': {
      if (address.address.length !== 4) return [];
      const mask = (0xff << Math.max(0, 8 - address.bits)) & 0xff;
      const first = (address.address[0] as number) & mask;
      return [{ first, last: first | (~mask & 0xff), bits: address.bits }];
    }
  }
}
