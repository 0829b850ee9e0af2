import { TorError } from '../../../base/errors/index.ts';
import type { ServerDescriptorFields, ServerDescriptorKeys } from './types.ts';

/** The signed text of a server descriptor, as C tor writes it. */
export function encodeServerDescriptor(_fields: ServerDescriptorFields, _keys: ServerDescriptorKeys): string {
  throw new TorError('INTERNAL', 'not there yet');
}
