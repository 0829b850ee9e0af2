import { base16Upper, bytesEqual } from '../../../base/bytes/index.ts';
import { formatRouterLines, type VoteEntry } from '../../../wire/netdoc/index.ts';
import { BandwidthCount } from './bandwidth-weights.ts';
import type { Collated } from './collate.ts';
import { applyMiddleOnly, type FlagTally } from './flags.ts';
import type { Names } from './naming.ts';
import { lowMedian, mostFrequentText } from './statistics.ts';
import { VersionOrder } from './tor-version.ts';
import { chooseDescriptor, chooseIpv6, compareEntries, MicrodescChoice } from './winner.ts';

export interface RelayRules {
  readonly method: number;
  readonly totalAuthorities: number;
  readonly flags: FlagTally;
  readonly names: Names;
  /** Kilobytes a second; more is not believed of unmeasured relays. Undefined: as few as three votes measure. */
  readonly unmeasuredCap: number | undefined;
  readonly warn: (message: string) => void;
}

/** What a consensus says of one relay. */
export interface ConsensusRelay {
  readonly winner: VoteEntry;
  /** `r` and `a` lines. `published` as the line has it. */
  routerLines(published: string, withDigest: boolean): string;
  /** `s`, `v`, `pr` and `w` lines, the same in all flavours. */
  readonly commonLines: string;
  readonly policy: string | undefined;
  /** Base64; without it the relay is not in the microdesc flavour. */
  readonly microdesc: string | undefined;
}

/** Decides about one relay after the other, and adds their bandwidth up. spec: dir-spec 3.8.2 */
export class RelayChooser {
  readonly bandwidth = new BandwidthCount();
  readonly #rules: RelayRules;
  readonly #versions = new VersionOrder();
  readonly #microdescs: MicrodescChoice;
  readonly #badExitIsVoted: boolean;

  constructor(rules: RelayRules) {
    this.#rules = rules;
    this.#microdescs = new MicrodescChoice(rules.method);
    this.#badExitIsVoted = rules.flags.flags.includes('BadExit');
  }

  /** Undefined for a relay that is not running or not valid. */
  choose(collated: Collated): ConsensusRelay | undefined {
    const entries = collated.entries.filter((entry) => entry !== undefined);
    const winner = chooseDescriptor(entries);
    const nickname = namedBy(entries) ?? winner.nickname;
    const flags = this.#flags(collated, entries, nickname);
    if (flags === undefined) return undefined;
    const agreeing = entries.filter((entry) => entry === winner || compareEntries(entry, winner) === 0);
    const weight = this.#weight(entries, flags);
    const router = { ...winner, nickname, ipv6: chooseIpv6(agreeing) };
    const version = mostFrequentText(
      entries.flatMap((entry) => entry.version || []),
      this.#versions.compare,
    );
    const protover = mostFrequentText(entries.flatMap((entry) => entry.protover ?? []));
    return {
      winner,
      routerLines: (published, withDigest) =>
        formatRouterLines(router, published, withDigest ? winner.descriptorDigest : undefined),
      commonLines:
        `s${flags.length > 0 ? ` ${flags.join(' ')}` : ''}\n` +
        (version === undefined ? '' : `v ${version}\n`) +
        (protover === undefined ? '' : `pr ${protover}\n`) +
        weight,
      policy: this.#policy(entries, winner),
      microdesc: this.#microdescs.choose(agreeing),
    };
  }

  #flags(collated: Collated, entries: readonly VoteEntry[], nickname: string): string[] | undefined {
    const { totalAuthorities, flags: tally, names } = this.#rules;
    const name = names.flagFor(nickname, collated.rsaId);
    const noEdConsensus = collated.ed25519Agreeing <= Math.floor(totalAuthorities / 2);
    const counted = new Set(tally.chosen(entries));
    for (const flag of ['Named', 'Unnamed', 'NoEdConsensus']) counted.delete(flag);
    if (!counted.has('Running') || !counted.has('Valid')) return undefined;
    if (name !== undefined && tally.flags.includes(name)) counted.add(name);
    if (noEdConsensus) counted.add('NoEdConsensus');
    const flags = name === undefined && !noEdConsensus ? [...counted] : [...counted].sort();
    return flags.includes('MiddleOnly') ? applyMiddleOnly(flags, this.#badExitIsVoted) : flags;
  }

  /** The `w` line, and the relay's share in the totals. */
  #weight(entries: readonly VoteEntry[], flags: readonly string[]): string {
    const isGuard = flags.includes('Guard');
    const isExit = flags.includes('Exit') && !flags.includes('BadExit');
    const fractions = entries.flatMap((entry) => entry.guardFraction ?? []);
    const guardFraction = isGuard && fractions.length > 2 ? lowMedian(fractions) : undefined;
    const measured = entries.flatMap((entry) => entry.measured ?? []);
    const advertised = entries.flatMap((entry) => entry.bandwidth ?? []);
    const isMeasured = measured.length > 2;
    const median = lowMedian(isMeasured ? measured : advertised);
    if (median === undefined) return '';
    const capped = isMeasured ? median : Math.min(median, this.#rules.unmeasuredCap ?? median);
    // C tor prints and adds these as signed numbers of 32 bits.
    const bandwidth = capped | 0;
    this.bandwidth.add(bandwidth, isExit, isGuard, guardFraction);
    const fractionWord = guardFraction === undefined ? '' : ` GuardFraction=${guardFraction}`;
    return `w Bandwidth=${bandwidth}${isMeasured ? '' : ' Unmeasured=1'}${fractionWord}\n`;
  }

  #policy(entries: readonly VoteEntry[], winner: VoteEntry): string | undefined {
    const ofWinner = entries.filter((entry) => bytesEqual(entry.descriptorDigest, winner.descriptorDigest));
    const policies = ofWinner.flatMap((entry) => entry.policy ?? []);
    const policy = mostFrequentText(policies);
    const id = base16Upper(winner.rsaId);
    if (policy === undefined) {
      this.#rules.warn(`Not one of the voters that made us select a descriptor for router ${id} had a policy summary`);
      return mostFrequentText(entries.flatMap((entry) => entry.policy ?? []));
    }
    if (policies.some((each) => each !== policy)) {
      this.#rules.warn(`The voters disagreed on the exit policy summary for router ${id}. This should not happen.`);
    }
    return policy;
  }
}

/** The nickname under which votes name the relay, when they agree. */
function namedBy(entries: readonly VoteEntry[]): string | undefined {
  let found: string | undefined;
  for (const { flags, nickname } of entries) {
    if (!flags.includes('Named')) continue;
    if (found !== undefined && found !== nickname) return undefined;
    found = nickname;
  }
  return found;
}
