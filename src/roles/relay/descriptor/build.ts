import { sha1, sha256 } from '../../../crypto/primitives/index.ts';
import {
  encodeExtraInfo,
  encodeServerDescriptor,
  type ServerDescriptorFields,
  type ServerDescriptorKeys,
} from '../../../wire/netdoc/index.ts';

/** A descriptor and its extra-info document, signed. */
export interface OwnDescriptor {
  readonly fields: ServerDescriptorFields;
  readonly text: string;
  readonly extraInfo: string;
}

export interface BuildInput {
  /** Everything but what depends on the extra-info document. */
  readonly fields: Omit<ServerDescriptorFields, 'extraInfoDigest'>;
  readonly rsaId: Uint8Array;
  /** Statistics of the extra-info document. */
  readonly lines: readonly string[];
}

/** Signs both documents. */
export function buildDescriptor(input: BuildInput, keys: ServerDescriptorKeys): OwnDescriptor {
  const { fields, rsaId, lines } = input;
  const { nickname, publishedMs } = fields;
  const extraInfo = encodeExtraInfo({ nickname, rsaId, publishedMs, lines }, keys);
  const complete: ServerDescriptorFields = { ...fields, extraInfoDigest: extraInfoDigest(extraInfo) };
  return { fields: complete, text: encodeServerDescriptor(complete, keys), extraInfo };
}

const signatureLine = '\nrouter-signature\n';

/** SHA-1 of what the RSA key signs, and SHA-256 of the whole. spec: dir-spec 2.1.1 extra-info-digest */
function extraInfoDigest(text: string): { sha1: Uint8Array; sha256: Uint8Array } {
  const bytes = Buffer.from(text, 'latin1');
  const signed = bytes.subarray(0, text.indexOf(signatureLine) + signatureLine.length);
  return { sha1: sha1(new Uint8Array(signed)), sha256: sha256(new Uint8Array(bytes)) };
}
