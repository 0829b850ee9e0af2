import { type IpBytes, inPrefix } from '../../../base/ip/index.ts';
import { type PolicyAddress, type PolicyRule, privateNets } from '../../../wire/netdoc/index.ts';
import { type AddressRule, parseAddressPolicy } from '../../../wire/torrc/index.ts';

export const defaultPolicyLine =
  'reject *:25,reject *:119,reject *:135-139,reject *:445,reject *:563,reject *:1214,reject *:4661-4666,' +
  'reject *:6346-6429,reject *:6699,reject *:6881-6999,accept *:*';

const reducedPorts =
  '20-23 43 53 79-81 88 110 143 194 220 389 443 464 465 531 543-544 554 563 587 636 706 749 873 902-904 981 989-995 ' +
  '1194 1220 1293 1500 1533 1677 1723 1755 1863 2082-2083 2086-2087 2095-2096 2102-2104 3128 3389 3690 4321 4643 ' +
  '5050 5190 5222-5223 5228 5900 6660-6669 6679 6697 8000 8008 8074 8080 8082 8087-8088 8232-8233 8332-8333 8443 ' +
  '8888 9418 9999 10000 11371 18080-18081 18089 19294 19638 50002 64738';

/** ReducedExitPolicy: the ports people use, without those that are abused. */
export const reducedPolicyLine = `${reducedPorts
  .split(' ')
  .map((ports) => `accept *:${ports}`)
  .join(',')},reject *:*`;

/** Every rule speaks of one family afterwards, as in C tor. */
export function expandRules(rules: readonly AddressRule[]): PolicyRule[] {
  return rules.flatMap(({ accept, prefix, families, minPort, maxPort }) => {
    const rule = (address: PolicyAddress): PolicyRule => ({ accept, address, lowPort: minPort, highPort: maxPort });
    const wants = (bytes: number): boolean => families === 'both' || (families === 'ipv4') === (bytes === 4);
    if (prefix === 'private') return privateNets.filter((one) => wants(one.address.length)).map(rule);
    if (prefix !== undefined && prefix.bits > 0) return [rule({ kind: 'net', address: prefix.ip, bits: prefix.bits })];
    const any: PolicyRule[] = [];
    if (wants(4)) any.push(rule({ kind: 'any4' }));
    if (wants(16)) any.push(rule({ kind: 'any6' }));
    return any;
  });
}

export const rulesOf = (line: string): PolicyRule[] => expandRules(parseAddressPolicy([line]));

export const rejectAddress = (address: IpBytes): PolicyRule => ({
  accept: false,
  address: { kind: 'net', address, bits: address.length * 8 },
  lowPort: 1,
  highPort: 65535,
});

const noBytes = new Uint8Array(0);
const zero4 = new Uint8Array(4);
const zero6 = new Uint8Array(16);

/** A rule's prefix; of `any` rules the empty one. Rules that were not expanded have none. */
export function prefixOf({ address }: PolicyRule): { readonly address: IpBytes; readonly bits: number } {
  if (address.kind === 'net') return address;
  if (address.kind === 'any4') return { address: zero4, bits: 0 };
  if (address.kind === 'any6') return { address: zero6, bits: 0 };
  return { address: noBytes, bits: 0 };
}

export const familyOf = (rule: PolicyRule): 4 | 6 => (prefixOf(rule).address.length === 4 ? 4 : 6);

export const coversAllPorts = (rule: PolicyRule): boolean => rule.lowPort <= 1 && rule.highPort === 65535;

/** Everything that `b` speaks of, `a` speaks of too. */
function covers(a: PolicyRule, b: PolicyRule): boolean {
  const [outer, inner] = [prefixOf(a), prefixOf(b)];
  if (outer.bits > inner.bits || !inPrefix(inner.address, outer.address, outer.bits)) return false;
  return a.lowPort <= b.lowPort && a.highPort >= b.highPort;
}

function intersects(a: PolicyRule, b: PolicyRule): boolean {
  const [one, other] = [prefixOf(a), prefixOf(b)];
  if (!inPrefix(one.address, other.address, Math.min(one.bits, other.bits))) return false;
  return a.lowPort <= b.highPort && b.lowPort <= a.highPort;
}

/** Takes out what can never decide anything. The result is what descriptors show. C tor exit_policy_remove_redundancies(). */
export function withoutRedundancies(rules: readonly PolicyRule[]): PolicyRule[] {
  const kept: PolicyRule[] = [];
  for (const rule of rules) {
    if (!kept.some((earlier) => covers(earlier, rule))) kept.push(rule);
  }
  return kept.filter((rule, at) => !decidedLater(rule, kept.slice(at + 1)));
}

/** A later rule says the same of all that this one speaks of, and none in between says otherwise of any of it. */
function decidedLater(rule: PolicyRule, later: readonly PolicyRule[]): boolean {
  for (const other of later) {
    if (other.accept !== rule.accept) {
      if (intersects(rule, other)) return false;
    } else if (covers(other, rule)) return true;
  }
  return false;
}
