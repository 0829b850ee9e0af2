import type { IpBytes } from '../../../base/ip/index.ts';
import type { AuthorityCertificate } from '../authcert/types.ts';
import type { AddressPort, SharedRandomLine } from '../meta/types.ts';

/** `m` line of a vote: the microdescriptor's digest for a group of consensus methods. */
export interface VoteMicrodesc {
  readonly methods: readonly number[];
  /** `sha256=<base64>` and whatever else stands there. */
  readonly digests: ReadonlyMap<string, string>;
}

/** One relay in a vote. spec: dir-spec 3.4.1 */
export interface VoteEntry {
  readonly nickname: string;
  readonly rsaId: Uint8Array;
  /** SHA-1 of the server descriptor. */
  readonly descriptorDigest: Uint8Array;
  readonly publishedMs: number;
  readonly address: IpBytes;
  readonly orPort: number;
  readonly dirPort: number;
  readonly ipv6: AddressPort | undefined;
  readonly flags: readonly string[];
  /** `v` line; undefined when absent. */
  readonly version: string | undefined;
  /** `pr` line as it stands. */
  readonly protover: string | undefined;
  readonly bandwidth: number | undefined;
  readonly measured: number | undefined;
  readonly guardFraction: number | undefined;
  /** `p` line without the keyword, such as "accept 80,443". */
  readonly policy: string | undefined;
  /** `id ed25519`: 32 bytes; `none` when the vote says so; undefined without the line. */
  readonly ed25519Id: Uint8Array | 'none' | undefined;
  readonly microdescs: readonly VoteMicrodesc[];
  /** `stats` line as it stands, without the keyword. */
  readonly stats?: string | undefined;
}

export interface SharedRandomCommit {
  readonly version: number;
  readonly algorithm: string;
  /** SHA-1 of the committing authority's identity key. */
  readonly identity: Uint8Array;
  /** Base64, as it stands. */
  readonly commit: string;
  readonly reveal: string | undefined;
}

export interface VoteVoter {
  readonly nickname: string;
  readonly identity: Uint8Array;
  readonly hostname: string;
  readonly address: IpBytes;
  readonly dirPort: number;
  readonly orPort: number;
  readonly contact: string;
}

/** Everything a vote says; what an authority hands to the encoder. */
export interface VoteFields {
  readonly methods: readonly number[];
  readonly publishedMs: number;
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly voteDelaySec: number;
  readonly distDelaySec: number;
  readonly clientVersions: string | undefined;
  readonly serverVersions: string | undefined;
  readonly knownFlags: readonly string[];
  readonly flagThresholds: string | undefined;
  readonly recommendedClientProtocols: string | undefined;
  readonly recommendedRelayProtocols: string | undefined;
  readonly requiredClientProtocols: string | undefined;
  readonly requiredRelayProtocols: string | undefined;
  /** In the order of the line: sorted by name. */
  readonly params: ReadonlyMap<string, number>;
  /** `bandwidth-file-headers` line without the keyword. */
  readonly bandwidthFileHeaders: string | undefined;
  /** `bandwidth-file-digest` line without the keyword: `sha256=<base64>`. */
  readonly bandwidthFileDigest: string | undefined;
  readonly voter: VoteVoter;
  /** Old identity, 20 bytes. */
  readonly legacyIdentity: Uint8Array | undefined;
  readonly sharedRandomParticipate: boolean;
  readonly sharedRandomCommits: readonly SharedRandomCommit[];
  readonly sharedRandomPrevious: SharedRandomLine | undefined;
  readonly sharedRandomCurrent: SharedRandomLine | undefined;
  readonly certificate: AuthorityCertificate;
  /** Sorted by RSA identity. */
  readonly entries: readonly VoteEntry[];
}

/** An authority's vote with its certificate and signature checked. */
export interface Vote extends VoteFields {
  readonly text: string;
  /** SHA-1 of the signed part. */
  readonly digest: Uint8Array;
  readonly signingKeyDigest: Uint8Array;
}
