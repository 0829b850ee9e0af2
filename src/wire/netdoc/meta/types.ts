import type { IpBytes } from '../../../base/ip/index.ts';

/** A document: bytes, or their Latin-1 text (one character a byte), which is what the parsers work on. */
export type DocumentText = string | Uint8Array;

/** An address with its OR port; 4 or 16 bytes. */
export interface AddressPort {
  readonly address: IpBytes;
  readonly port: number;
}

export type DigestName = 'sha1' | 'sha256';

/** A signature over the start of a document by an authority's signing key. */
export interface DocumentSignature {
  readonly algorithm: DigestName;
  /** SHA-1 of the authority's identity key, 20 bytes. */
  readonly identity: Uint8Array;
  /** SHA-1 of the authority's signing key, 20 bytes. */
  readonly signingKeyDigest: Uint8Array;
  readonly signature: Uint8Array;
}

/** Inclusive ports of a policy summary, `p` or `p6`. spec: dir-spec 3.8.2 */
export interface PortSummary {
  readonly accepts: boolean;
  /** Flat pairs, low and high, inclusive. */
  readonly ranges: Uint16Array;
}

/** A shared random value as consensuses and votes carry it. spec: srv-spec 4.1.2 */
export interface SharedRandomLine {
  readonly reveals: number;
  /** 32 bytes. */
  readonly value: Uint8Array;
}

/** A descriptor's part that a keyword rule or a signature refused, where a file holds many. */
export interface Refused {
  /** Digest of the refused part as far as it can be told: SHA-256 for microdescriptors, SHA-1 for descriptors. */
  readonly digest: Uint8Array | undefined;
  /** Offset of the refused part in the text. */
  readonly offset: number;
  readonly reason: string;
}

/** What was read from a file of many documents; a broken one does not take the others with it. */
export interface Parsed<T> {
  readonly documents: readonly T[];
  readonly refused: readonly Refused[];
}
