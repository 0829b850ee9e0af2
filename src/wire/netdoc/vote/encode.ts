import { TorError } from '../../../base/errors/index.ts';
import type { RsaPrivateKey } from '../../../crypto/primitives/index.ts';
import type { VoteFields } from './types.ts';

/** The signed text of a vote, as C tor writes it. */
export function encodeVote(_fields: VoteFields, _signingKey: RsaPrivateKey): string {
  throw new TorError('INTERNAL', 'not there yet');
}
