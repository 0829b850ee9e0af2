/** An extra-info document, its signatures checked where the keys are in it or given. spec: dir-spec 2.1.2 */
export interface ExtraInfo {
  readonly text: string;
  /** SHA-1 of the signed part. */
  readonly digest: Uint8Array;
  /** SHA-256 of the whole document. */
  readonly digest256: Uint8Array;
  readonly nickname: string;
  readonly rsaId: Uint8Array;
  readonly publishedMs: number;
  readonly ed25519Id: Uint8Array | undefined;
  readonly ed25519SigningKey: Uint8Array | undefined;
  /** The RSA signature was checked with a given key; else it waits for the relay's descriptor. */
  readonly rsaChecked: boolean;
  /** Every keyword line in order, `args` as it stands. */
  readonly lines: readonly { readonly keyword: string; readonly args: string }[];
}

export interface ExtraInfoFields {
  readonly nickname: string;
  readonly rsaId: Uint8Array;
  readonly publishedMs: number;
  /** Statistics lines after `published`, each without its line end, in order. */
  readonly lines: readonly string[];
}
