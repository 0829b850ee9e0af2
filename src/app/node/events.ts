import type { BootstrapStatus } from '../../network/directory/index.ts';

/** The node's own life. What happens in its rooms is told by their own `events`. */
export interface NodeEvents {
  /** A step of the bootstrap; `percent` 100 is done. */
  bootstrap: BootstrapStatus;
  /** A reload was taken up. */
  reloaded: undefined;
  /** Nothing runs any more. */
  stopped: undefined;
}
