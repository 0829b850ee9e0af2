import type { DigestName, DocumentSignature } from '../meta/types.ts';

/** Signatures of consensuses apart from their text, as authorities exchange them. spec: dir-spec 3.10 */
export interface DetachedSignatures {
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  /** By flavour: `ns`, `microdesc`. */
  readonly flavors: ReadonlyMap<string, DetachedFlavor>;
}

export interface DetachedFlavor {
  readonly digests: { readonly [name in DigestName]?: Uint8Array };
  readonly signatures: readonly DocumentSignature[];
}
