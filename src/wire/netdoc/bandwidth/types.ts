/** Bandwidth measurements of one relay. */
export interface BandwidthLine {
  /** SHA-1 of the RSA identity, 20 bytes. */
  readonly rsaId: Uint8Array;
  /** `bw`, kilobytes per second. */
  readonly bandwidth: number;
}

/** A file of a bandwidth scanner, as an authority reads it. spec: bandwidth-file-spec 2 */
export interface BandwidthFile {
  /** When the newest measurement was made; undefined when the first line is no time, and then nothing else is read. */
  readonly timestampMs: number | undefined;
  /** Header lines `key=value` that a vote carries in `bandwidth-file-headers`, in order, `timestamp=` first. */
  readonly headers: readonly string[];
  /** Usable lines in order; one relay may have several, the last counts. */
  readonly lines: readonly BandwidthLine[];
  /** Lines after the header that could not be used or asked not to be. */
  readonly unusedLines: number;
  /** SHA-256 of the whole file, 32 bytes: `bandwidth-file-digest` of votes. */
  readonly digest: Uint8Array;
}
