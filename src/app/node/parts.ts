import type { CommonParts } from './common-parts.ts';
import type { RelayPart } from './relay/relay-part.ts';

/** The parts of a node, for views and for the library. */
export interface NodeParts extends CommonParts {
  /** With an ORPort. */
  readonly relay: RelayPart | undefined;
}
