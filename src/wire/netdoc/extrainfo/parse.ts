import { TorError } from '../../../base/errors/index.ts';
import type { RsaPublicKey } from '../../../crypto/primitives/index.ts';
import type { DocumentText, Parsed } from '../meta/types.ts';
import type { ExtraInfo } from './types.ts';

const later = (): never => {
  throw new TorError('INTERNAL', 'not there yet');
};

export interface ExtraInfoOptions {
  /** The identity key of a relay, by its fingerprint in upper-case hexadecimal: to check the RSA signature. */
  readonly identityKey?: (fingerprint: string) => RsaPublicKey | undefined;
  readonly dangerouslySkipSignatures?: boolean;
}

/** Reads one extra-info document. Throws NETDOC_SYNTAX, NETDOC_SIGNATURE. */
export function parseExtraInfo(_text: DocumentText, _options: ExtraInfoOptions = {}): ExtraInfo {
  return later();
}

export function parseExtraInfos(_text: DocumentText, _options: ExtraInfoOptions = {}): Parsed<ExtraInfo> {
  return later();
}
