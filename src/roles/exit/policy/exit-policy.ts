import { isAllZero } from '../../../base/bytes/index.ts';
import { type IpBytes, inPrefix, isInternalIp, unmapIp } from '../../../base/ip/index.ts';
import { type PolicyRule, type PortSummary, summarizePolicy } from '../../../wire/netdoc/index.ts';
import type { AddressRule } from '../../../wire/torrc/index.ts';
import {
  coversAllPorts,
  defaultPolicyLine,
  expandRules,
  familyOf,
  prefixOf,
  reducedPolicyLine,
  rejectAddress,
  rulesOf,
  withoutRedundancies,
} from './rules.ts';

/** The options a policy is made of. */
export interface ExitPolicyConfig {
  readonly exitRelay: boolean | 'auto';
  /** ExitPolicy lines. */
  readonly rules: readonly AddressRule[];
  readonly reduced: boolean;
  readonly ipv6Exit: boolean;
  readonly rejectPrivate: boolean;
  readonly rejectLocalInterfaces: boolean;
  readonly bridge: boolean;
}

export interface OwnAddresses {
  /** In the descriptor. */
  readonly advertised: readonly IpBytes[];
  /** Of interfaces, ports and outgoing connections: for ExitPolicyRejectLocalInterfaces. */
  readonly local: readonly IpBytes[];
}

/**
 * Where this relay connects to for others. The first rule that matches decides; none matching means accepted.
 *
 * spec: dir-spec 2.1.1 "accept", "reject"; C tor policies.c
 */
export class ExitPolicy {
  /** Each of one family, none redundant. */
  readonly rules: readonly PolicyRule[];

  constructor(rules: readonly PolicyRule[]) {
    this.rules = withoutRedundancies(rules);
  }

  static readonly rejectAll: ExitPolicy = new ExitPolicy(rulesOf('reject *:*'));

  /** In C tor's order: what the options forbid, what the operator wrote, then the default. */
  static fromConfig(config: ExitPolicyConfig, own: OwnAddresses): ExitPolicy {
    if (!allowsExit(config)) return ExitPolicy.rejectAll;
    const rules: PolicyRule[] = [];
    if (!config.ipv6Exit) rules.push(...rulesOf('reject *6:*'));
    if (config.rejectPrivate) rules.push(...rulesOf('reject private:*'));
    const mine = [
      ...(config.rejectPrivate ? own.advertised : []),
      ...(config.rejectLocalInterfaces ? own.local : []),
    ].filter((ip) => isPublic(ip) && (ip.length === 4 || config.ipv6Exit));
    rules.push(...mine.map(rejectAddress), ...expandRules(config.rules));
    rules.push(...rulesOf(config.bridge ? 'reject *:*' : config.reduced ? reducedPolicyLine : defaultPolicyLine));
    return new ExitPolicy(rules);
  }

  /** IPv4 inside IPv6 must pass as both. The unspecified address is nobody's. */
  accepts(ip: IpBytes, port: number): boolean {
    if (isAllZero(ip)) return false;
    const bare = unmapIp(ip);
    return this.#accepts(ip, port) && (bare.length === ip.length || this.#accepts(bare, port));
  }

  #accepts(ip: IpBytes, port: number): boolean {
    for (const rule of this.rules) {
      if (port < rule.lowPort || port > rule.highPort) continue;
      const { address, bits } = prefixOf(rule);
      if (inPrefix(ip, address, bits)) return rule.accept;
    }
    return true;
  }

  /** No exit at all: names are not even looked up. */
  get rejectsEverything(): boolean {
    return this.#rejectsFamily(4) && this.#rejectsFamily(6);
  }

  #rejectsFamily(family: 4 | 6): boolean {
    for (const rule of this.rules) {
      if (familyOf(rule) !== family) continue;
      if (rule.accept) return false;
      if (prefixOf(rule).bits === 0 && coversAllPorts(rule)) return true;
    }
    return true;
  }

  /** For the server descriptor, which tells IPv4 rules only; empty stands for `reject *:*`. */
  get descriptorRules(): readonly PolicyRule[] {
    if (this.rejectsEverything) return [];
    return this.rules
      .filter((rule) => familyOf(rule) === 4)
      .map((rule) => (rule.address.kind === 'any4' ? { ...rule, address: { kind: 'any' } } : rule));
  }

  /** `accept 80,443`, as authorities will put it into the consensus. */
  summary(family: 4 | 6): string {
    return summarizePolicy(this.rules, family);
  }

  /** The `ipv6-policy` of the descriptor; undefined when nothing is accepted. */
  get ipv6Summary(): PortSummary | undefined {
    const text = this.summary(6);
    if (text === 'reject 1-65535') return undefined;
    const [keyword, list = ''] = text.split(' ');
    const ranges = list.split(',').flatMap((item) => {
      const [low, high = low] = item.split('-').map(Number);
      return [low ?? 0, high ?? 0];
    });
    return { accepts: keyword === 'accept', ranges: Uint16Array.from(ranges) };
  }
}

/** ExitRelay auto means no, unless something about exiting was written. */
function allowsExit({ exitRelay, rules, reduced, ipv6Exit }: ExitPolicyConfig): boolean {
  if (exitRelay !== 'auto') return exitRelay;
  return rules.length > 0 || reduced || ipv6Exit;
}

const isPublic = (ip: IpBytes): boolean => !isInternalIp(ip) && !isMulticast(ip);
const isMulticast = (ip: IpBytes): boolean => (ip.length === 4 ? ((ip[0] ?? 0) & 0xf0) === 0xe0 : ip[0] === 0xff);
