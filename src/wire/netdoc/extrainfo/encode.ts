import { TorError } from '../../../base/errors/index.ts';
import type { RelaySigningKeys } from '../routerdesc/types.ts';
import type { ExtraInfoFields } from './types.ts';

/** The signed text of an extra-info document. */
export function encodeExtraInfo(_fields: ExtraInfoFields, _keys: RelaySigningKeys): string {
  throw new TorError('INTERNAL', 'not there yet');
}
