import type { IpBytes } from '../../../base/ip/index.ts';
import type { AuthorityCertificate } from '../authcert/types.ts';
import type { AddressPort, SharedRandomLine } from '../meta/types.ts';

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
  /** Entries with the same `s` line share one list. */
  readonly flags: readonly string[];
  /** `v` line; undefined when absent. */
  readonly version: string | undefined;
  /** `pr` line as it stands. */
  readonly protover: string | undefined;
  /** Kilobytes per second, as all bandwidths here. */
  readonly bandwidth: number | undefined;
  readonly measured: number | undefined;
  readonly guardFraction: number | undefined;
  /** `p` line without the keyword, such as "accept 80,443". */
  readonly policy: string | undefined;
  /** `id ed25519`: 32 bytes; `none` when the vote says so; undefined without the line. */
  readonly ed25519Id: Uint8Array | 'none' | undefined;
  /** `m` lines as they stand, without the keyword: `32,33,34 sha256=<base64>`. */
  readonly microdescs: readonly string[];
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
  /** Latin-1. */
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
  /** `package` lines without the keyword. */
  readonly packages: readonly string[];
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
