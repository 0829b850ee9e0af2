/** Bandwidth measurements of one relay. */
export interface BandwidthLine {
  /** SHA-1 of the RSA identity, 20 bytes. */
  readonly rsaId: Uint8Array;
  readonly ed25519Id: Uint8Array | undefined;
  /** `bw`, kilobytes per second. */
  readonly bandwidth: number;
  /** `vote=0`: measured, but not to be voted on. */
  readonly vote: boolean;
  /** `unmeasured=1`. */
  readonly unmeasured: boolean;
  /** All KeyValues in order. */
  readonly values: ReadonlyMap<string, string>;
}

/** A file of a bandwidth scanner, versions 1.0 to 1.9. spec: bandwidth-file-spec 2 */
export interface BandwidthFile {
  readonly version: string;
  /** When the newest measurement was made. */
  readonly timestampMs: number;
  /** Header KeyValues, in order, version included when the file has one. */
  readonly headers: ReadonlyMap<string, string>;
  readonly lines: readonly BandwidthLine[];
  /** Lines that could not be used. */
  readonly badLines: number;
  /** SHA-256 of the whole file, 32 bytes: `bandwidth-file-digest` of votes. */
  readonly digest: Uint8Array;
}
