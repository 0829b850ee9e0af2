import type { IpBytes } from '../../../base/ip/index.ts';
import type { Protover } from '../../protover/index.ts';
import type { AuthorityCertificate } from '../authcert/types.ts';
import type { AddressPort, DocumentSignature, PortSummary, SharedRandomLine } from '../meta/types.ts';

export type ConsensusFlavor = 'ns' | 'microdesc';

/** One relay in a consensus. Fields are read from the text when they are asked for. spec: dir-spec 3.4.1 */
export interface RouterStatus {
  readonly nickname: string;
  /** SHA-1 of the RSA identity key, 20 bytes. */
  readonly rsaId: Uint8Array;
  /** Publication time of the descriptor; since method 33 the same fixed time for every relay. */
  readonly publishedMs: number;
  /** IPv4 address, 4 bytes. */
  readonly address: IpBytes;
  readonly orPort: number;
  /** 0 for none. */
  readonly dirPort: number;
  /** `a` lines: at most one IPv6 address counts, as in C tor. */
  readonly ipv6: AddressPort | undefined;
  /** In the order of the `s` line; equal lists are one array. */
  readonly flags: readonly string[];
  /** `v` line, such as "Tor 0.4.9.11"; empty when absent. */
  readonly version: string;
  /** `pr` line; equal lists are one object. */
  readonly protover: Protover;
  /** `w Bandwidth=`, kilobytes per second; undefined when absent. */
  readonly bandwidth: number | undefined;
  /** `w Unmeasured=1`. */
  readonly unmeasured: boolean;
  /** `w GuardFraction=`, 0 to 100. */
  readonly guardFraction: number | undefined;
  /**
   * Microdescriptor digest (32 bytes) in the microdesc flavour, descriptor digest (20 bytes) in ns. Zeros for an entry
   * without an `m` line.
   */
  readonly descriptorDigest: Uint8Array;
  /** `p` line of the ns flavour. */
  readonly policy: PortSummary | undefined;
}

/** An authority as the consensus names it. */
export interface ConsensusVoter {
  readonly nickname: string;
  /** SHA-1 of the authority's identity key, 20 bytes. */
  readonly identity: Uint8Array;
  readonly hostname: string;
  readonly address: IpBytes;
  readonly dirPort: number;
  readonly orPort: number;
  /** Latin-1. */
  readonly contact: string | undefined;
  /** SHA-1 of the vote that went into the consensus; absent for an entry of an authority's old identity key. */
  readonly voteDigest: Uint8Array | undefined;
}

export interface ConsensusDigests {
  /** Over the signed part (first byte to the space after the first `directory-signature`). */
  readonly sha1: Uint8Array;
  readonly sha256: Uint8Array;
  /** SHA3-256 of the signed part: what consensus diffs name. spec: dir-spec 4.5 */
  readonly sha3: Uint8Array;
  /** SHA3-256 of the whole document. */
  readonly sha3Whole: Uint8Array;
}

export interface ConsensusContent {
  readonly flavor: ConsensusFlavor;
  /** The whole document, Latin-1, one character a byte. */
  readonly text: string;
  readonly digests: ConsensusDigests;
  readonly method: number;
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly voteDelaySec: number;
  readonly distDelaySec: number;
  readonly clientVersions: readonly string[];
  readonly serverVersions: readonly string[];
  readonly knownFlags: readonly string[];
  readonly recommendedClientProtocols: Protover;
  readonly recommendedRelayProtocols: Protover;
  readonly requiredClientProtocols: Protover;
  readonly requiredRelayProtocols: Protover;
  readonly params: ReadonlyMap<string, number>;
  readonly sharedRandomPrevious: SharedRandomLine | undefined;
  readonly sharedRandomCurrent: SharedRandomLine | undefined;
  readonly voters: readonly ConsensusVoter[];
  /** Sorted by RSA identity. */
  readonly relays: readonly RouterStatus[];
  readonly bandwidthWeights: ReadonlyMap<string, number>;
  readonly signatures: readonly DocumentSignature[];
}

/** A consensus signed by more than half of the trusted authorities. Only `UnverifiedConsensus.verify` makes one. */
export interface Consensus extends ConsensusContent {
  readonly verified: true;
}

/** Whom we believe: a DirAuthority line's v3ident. */
export interface TrustedAuthority {
  /** SHA-1 of the authority's identity key, 20 bytes. */
  readonly v3Identity: Uint8Array;
  readonly nickname?: string;
}

export interface CertificateName {
  readonly identity: Uint8Array;
  readonly signingKeyDigest: Uint8Array;
}

/** How the signatures of a consensus stand. */
export interface SignatureReport {
  /** Trusted authorities whose signature is good. */
  readonly good: number;
  /** How many are needed: more than half of the trusted authorities. */
  readonly needed: number;
  /** Trusted authorities with a signature that does not verify. */
  readonly bad: number;
  /** Trusted authorities whose signature waits for a certificate we lack or whose certificate has expired. */
  readonly missingCertificates: readonly CertificateName[];
  /** Trusted authorities without a signature. */
  readonly unsigned: readonly Uint8Array[];
  /** Voters that are none of the trusted authorities. */
  readonly unknown: readonly Uint8Array[];
  /** `good`: enough; `waiting`: enough once the missing certificates are there; `bad`: never enough. */
  readonly outcome: 'good' | 'waiting' | 'bad';
}

/** A consensus that nobody has checked yet. */
export interface UnverifiedConsensus {
  readonly flavor: ConsensusFlavor;
  readonly digests: ConsensusDigests;
  /** The header's times, for a first look. */
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly signatures: readonly DocumentSignature[];
  /** Which signatures are good, which certificates are wanted. */
  checkSignatures(
    certificates: readonly AuthorityCertificate[],
    authorities: readonly TrustedAuthority[],
    options: { readonly nowMs: number },
  ): SignatureReport;
  /**
   * The consensus, when more than half of the trusted authorities signed it with live certificates. Its times are not
   * compared with `nowMs`: an old consensus may be wanted.
   *
   * @throws TorError CONSENSUS_CERTS_MISSING, CONSENSUS_NOT_TRUSTED
   */
  verify(
    certificates: readonly AuthorityCertificate[],
    authorities: readonly TrustedAuthority[],
    options: { readonly nowMs: number },
  ): Consensus;
  /** The content without a check of its signatures: for tests and for an authority's own work. */
  dangerouslyUnverified(): ConsensusContent;
}
