import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import type { OnionDescriptorFields } from './types.ts';

/** The signed text of a descriptor, both layers padded and encrypted. */
export function encodeOnionDescriptor(_fields: OnionDescriptorFields, _random: Random): string {
  throw new TorError('INTERNAL', 'not there yet');
}
