import type { AuthorityCertificate, ConsensusFlavor } from '../../wire/netdoc/index.ts';

/** A consensus as it is served. */
export interface ServedConsensus {
  readonly flavor: ConsensusFlavor;
  /** Latin-1. */
  readonly text: string;
  /** SHA3-256 of the signed part, upper-case hex: what diffs are named by. */
  readonly sha3: string;
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  /** Identities of the authorities that signed it, upper-case hex. */
  readonly signers: readonly string[];
}

export interface ServedDescriptor {
  /** Latin-1. */
  readonly text: string;
  readonly publishedMs: number;
  /** A bridge's: never sent in the clear, nor with `all`. */
  readonly confidential?: boolean;
}

/** What there is to serve. Look-ups are by digest or by the relay's RSA identity, 20 bytes each. */
export interface DirContent {
  consensus(flavor: ConsensusFlavor): ServedConsensus | undefined;
  /** From the consensus with this digest (upper-case hex) to the current one of the flavour. */
  consensusDiff(flavor: ConsensusFlavor, fromSha3: string): string | undefined;
  certificates(): readonly AuthorityCertificate[];
  /** By SHA-256, 32 bytes. */
  microdescriptor(digest: Uint8Array): string | undefined;
  descriptorByDigest(digest: Uint8Array): ServedDescriptor | undefined;
  descriptorById(rsaId: Uint8Array): ServedDescriptor | undefined;
  extraInfoByDigest(digest: Uint8Array): ServedDescriptor | undefined;
  extraInfoById(rsaId: Uint8Array): ServedDescriptor | undefined;
  /** Identities of all relays whose descriptor is here. */
  relayIds(): Iterable<Uint8Array>;
}

/** What other roles add. All may be absent. */
export interface DirHooks {
  /** Our own RSA identity, descriptor and extra-info: what is asked for under it is always the newest. */
  readonly ownRsaId?: Uint8Array;
  readonly ownDescriptor?: () => ServedDescriptor | undefined;
  readonly ownExtraInfo?: () => ServedDescriptor | undefined;
  /** As a v3 authority. */
  readonly ownCertificate?: () => AuthorityCertificate | undefined;
  /** Onion service descriptors by blinded key; `put` throws for what is not taken. */
  readonly hsDir?: { get(blindedKey: Uint8Array): string | undefined; put(text: string): void };
  /**
   * `/tor/status-vote/{current,next}/...` except the current consensus: the documents, Latin-1. `path` is what follows
   * `status-vote/`, such as `next/consensus-signatures`.
   */
  readonly statusVote?: (path: string) => readonly string[];
  /** The bandwidth file for the next vote. */
  readonly bandwidthFile?: () => string | undefined;
  /** As an authority: POST to `/tor/`, `/tor/post/vote`, `/tor/post/consensus-signature`. Undefined: no such path. */
  readonly post?: (
    path: string,
    body: Uint8Array,
    asker: Asker,
  ) => UploadAnswer | undefined | Promise<UploadAnswer | undefined>;
  /** GET /tor/networkstatus-bridges, for a bridge authority; `authorization` is what follows `Basic `. */
  readonly bridgeStatus?: (authorization: string | undefined) => string | undefined;
}

export interface UploadAnswer {
  readonly status: number;
  /** Goes into the status line. */
  readonly message: string;
  /** Such as `X-Descriptor-Not-New: Yes`; with headers the answer is C tor's long form. */
  readonly headers?: readonly string[];
}

/** Whose request it is. */
export interface Asker {
  /** The previous hop, or the DirPort's peer; textual. */
  readonly address: string | undefined;
  /** Came through a BEGIN_DIR stream. */
  readonly encrypted: boolean;
  /** Came through a circuit whose previous hop is a relay. */
  readonly anonymous: boolean;
}
