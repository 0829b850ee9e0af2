import { TorError } from '../../../base/errors/index.ts';
import type { ServerDescriptor } from '../routerdesc/types.ts';

/** The microdescriptor that authorities make of a server descriptor with a consensus method (32 to 35). */
export function makeMicrodescriptor(_descriptor: ServerDescriptor, _method: number): string {
  throw new TorError('INTERNAL', 'not there yet');
}
