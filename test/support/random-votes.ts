import { base64, base64Unpadded } from '../../src/base/bytes/index.ts';
import type { Random } from '../../src/base/runtime/index.ts';
import { RsaPrivateKey } from '../../src/crypto/primitives/index.ts';
import {
  type AuthorityCertificate,
  encodeAuthorityCertificate,
  encodeVote,
  parseAuthorityCertificate,
  type VoteEntry,
  type VoteFields,
} from '../../src/wire/netdoc/index.ts';

/** Keys of an authority that exists on paper only. */
export interface PaperAuthority {
  readonly nickname: string;
  readonly signingKey: RsaPrivateKey;
  readonly certificate: AuthorityCertificate;
}

export async function makePaperAuthority(nickname: string, nowMs: number): Promise<PaperAuthority> {
  const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(3072), RsaPrivateKey.generate(2048)]);
  const text = encodeAuthorityCertificate({
    identityKey,
    signingKey,
    publishedMs: nowMs - 3600_000,
    expiresMs: nowMs + 30 * 86_400_000,
  });
  return { nickname, signingKey, certificate: parseAuthorityCertificate(text) };
}

export interface RandomVoteOptions {
  readonly relays: number;
  /** 0: authorities agree as they do in the public network. 1: they disagree about everything. */
  readonly disorder: number;
  readonly validAfterMs: number;
  readonly intervalSec: number;
}

const flagNames = ['Authority', 'Exit', 'Fast', 'Guard', 'HSDir', 'Running', 'Stable', 'StaleDesc', 'V2Dir', 'Valid'];
const oddFlags = ['BadExit', 'MiddleOnly', 'Named', 'Odd', 'Sybil', 'Unnamed'];
const versions = [
  'Tor 0.4.8.12',
  'Tor 0.4.9.11',
  'Tor 0.4.9.2-alpha',
  'Tor 0.4.10.0-alpha-dev',
  'odd version',
  'Tor 0.4.9.11',
];
const protocols = [
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6',
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-4',
  '',
];
const policies = ['reject 1-65535', 'accept 80,443', 'accept 1-65535', 'reject 25,119,135-139,445'];

/** Draws votes over one set of relays. The same seed gives the same relays. */
export class RandomVotes {
  readonly #random: Random;
  readonly #options: RandomVoteOptions;
  readonly #truth: readonly VoteEntry[];

  constructor(random: Random, options: RandomVoteOptions) {
    this.#random = random;
    this.#options = options;
    this.#truth = Array.from({ length: options.relays }, (_, i) => this.#relay(i)).sort((a, b) =>
      Buffer.compare(a.rsaId, b.rsaId),
    );
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)] as T;
  }
  #chance(of: number): boolean {
    return this.#random.unit() < of;
  }
  /** Something that is odd now and then. */
  #odd(): boolean {
    return this.#chance(this.#options.disorder * 0.3);
  }

  #relay(number: number): VoteEntry {
    const random = this.#random;
    const exit = this.#chance(0.2);
    const flags = flagNames.filter((flag) => {
      if (flag === 'Authority') return number < 9;
      if (flag === 'Exit') return exit;
      if (flag === 'Running' || flag === 'Valid') return this.#chance(0.97);
      return flag !== 'StaleDesc' && this.#chance(0.6);
    });
    return {
      nickname: `relay${number}`,
      rsaId: random.bytes(20),
      descriptorDigest: random.bytes(20),
      publishedMs: this.#options.validAfterMs - 1000 * random.below(60_000),
      address: random.bytes(4),
      orPort: 1 + random.below(65_535),
      dirPort: this.#chance(0.1) ? random.below(65_536) : 0,
      ipv6: this.#chance(0.3) ? { address: random.bytes(16), port: 1 + random.below(65_535) } : undefined,
      flags,
      version: this.#chance(0.9) ? 'Tor 0.4.9.11' : this.#pick(versions),
      protover: protocols[0],
      bandwidth: random.below(40_000),
      measured: this.#chance(0.95) ? random.below(60_000) : undefined,
      guardFraction: undefined,
      policy: exit ? this.#pick(policies) : 'reject 1-65535',
      ed25519Id: random.bytes(32),
      microdescs: this.#microdescs(),
      stats: 'wfu=0.987654 tk=691200 mtbf=432000',
    };
  }

  #microdescs(): string[] {
    const digest = (): string => base64Unpadded(this.#random.bytes(32));
    if (!this.#odd()) return [`32,33,34,35 sha256=${digest()}`];
    return [`32,33 sha1=x sha256=${digest()}`, `34 sha256=${digest()}`, `35,99 sha256=${digest()}`].slice(
      this.#random.below(3),
    );
  }

  /** One authority's view of the relays. */
  #entries(measures: boolean, knownFlags: readonly string[]): VoteEntry[] {
    return this.#truth.flatMap((entry) =>
      this.#chance(0.01 + this.#options.disorder * 0.3) ? [] : [this.#view(entry, measures, knownFlags)],
    );
  }

  #view(entry: VoteEntry, measures: boolean, knownFlags: readonly string[]): VoteEntry {
    const random = this.#random;
    const flags = knownFlags.filter((flag) => {
      if (this.#odd()) return this.#chance(0.5);
      return flag === 'Authority' ? entry.flags.includes(flag) : entry.flags.includes(flag) !== this.#chance(0.02);
    });
    // A new descriptor that not all have seen: digests of one relay come from a few.
    const newer = this.#odd() || this.#chance(0.02);
    const variant = Uint8Array.from(entry.descriptorDigest, (byte, i) =>
      i === 0 ? byte ^ (1 + random.below(2)) : byte,
    );
    return {
      ...entry,
      flags,
      ...(newer && {
        descriptorDigest: variant,
        publishedMs: entry.publishedMs + 1000 * (variant[0] as number),
        policy: this.#pick(policies),
      }),
      ...(this.#odd() && { nickname: `${entry.nickname}x` }),
      ...(this.#odd() && { orPort: 1 + random.below(3) }),
      ...(this.#odd() && {
        ipv6: { address: new Uint8Array(16).fill(random.below(3) + 1), port: 1 + random.below(3) },
      }),
      ...(this.#odd() && { version: this.#pick([...versions, undefined]) }),
      ...(this.#odd() && { protover: this.#pick(protocols) }),
      ...(this.#odd() && { policy: this.#pick([...policies, undefined]) }),
      ...(this.#odd() && { ed25519Id: this.#chance(0.5) ? 'none' : undefined }),
      ...(this.#odd() && { microdescs: this.#microdescs() }),
      ...(this.#odd() && { guardFraction: random.below(101) }),
      ...(this.#odd() && { bandwidth: undefined }),
      measured: measures && entry.measured !== undefined ? entry.measured + random.below(500) : undefined,
    };
  }

  /** A signed vote of an authority. */
  vote(authority: PaperAuthority, more: Partial<VoteFields> = {}): string {
    const random = this.#random;
    const { validAfterMs, intervalSec, disorder } = this.#options;
    const wild = disorder > 0;
    const knownFlags = [...flagNames, ...(wild ? oddFlags.filter(() => this.#chance(0.7)) : ['BadExit'])].sort();
    const value = (fill: number) => ({ reveals: 9, value: new Uint8Array(32).fill(fill) });
    const fields: VoteFields = {
      methods: wild && this.#chance(0.3) ? [32, 33, 34] : [32, 33, 34, 35],
      publishedMs: validAfterMs - 10_000,
      validAfterMs,
      freshUntilMs: validAfterMs + intervalSec * 1000,
      validUntilMs: validAfterMs + intervalSec * (wild ? 3 + random.below(3) : 3) * 1000,
      voteDelaySec: wild ? 2 + random.below(4) : 4,
      distDelaySec: wild ? 2 + random.below(4) : 4,
      clientVersions: this.#chance(0.8) ? '0.4.8.1,0.4.9.11' : undefined,
      serverVersions: wild ? this.#pick(['0.4.9.11', '0.4.9.11-rc,0.4.9.11,0.4.10.1', ' , x', undefined]) : '0.4.9.11',
      packages: wild && this.#chance(0.7) ? ['a 1 https://a sha256=x', `b ${random.below(2)} u sha256=y`, 'bad'] : [],
      recommendedClientProtocols: this.#chance(0.9) ? 'Cons=2 Desc=2 Link=4-5' : undefined,
      recommendedRelayProtocols: wild ? this.#pick(['Cons=2', 'Cons=1-2 Link=3', undefined]) : 'Cons=2',
      requiredClientProtocols: this.#pick(['Cons=2', 'Cons=2 Link=4']),
      requiredRelayProtocols: 'Cons=2',
      knownFlags,
      flagThresholds: undefined,
      params: new Map(
        ['AuthDirNumSRVAgreements', 'a-b', 'ab', 'bwweightscale', 'maxunmeasuredbw', 'z'].flatMap((name) =>
          this.#chance(0.7) ? [[name, this.#param(name)] as const] : [],
        ),
      ),
      bandwidthFileHeaders: undefined,
      bandwidthFileDigest: undefined,
      voter: {
        nickname: authority.nickname,
        identity: authority.certificate.identity,
        hostname: `${authority.nickname}.example`,
        address: Uint8Array.of(127, 0, 0, 1),
        dirPort: 80,
        orPort: 443,
        contact: 'nobody <nobody@example.invalid> \u00e9',
      },
      legacyIdentity: wild && this.#chance(0.2) ? random.bytes(20) : undefined,
      sharedRandomParticipate: this.#chance(0.9),
      sharedRandomCommits: [
        {
          version: 1,
          algorithm: 'sha3-256',
          identity: authority.certificate.identity,
          commit: base64(random.bytes(40)),
          reveal: undefined,
        },
      ],
      sharedRandomPrevious: value(wild ? random.below(2) : 1),
      sharedRandomCurrent: value(2),
      certificate: authority.certificate,
      entries: this.#entries(this.#chance(wild ? 0.5 : 0.7), knownFlags),
      ...more,
    };
    return encodeVote(fields, authority.signingKey);
  }

  #param(name: string): number {
    if (name === 'bwweightscale') return 10_000;
    if (name === 'AuthDirNumSRVAgreements') return 2 + this.#random.below(3);
    return this.#random.below(100) - (name === 'z' ? 50 : 0);
  }
}
