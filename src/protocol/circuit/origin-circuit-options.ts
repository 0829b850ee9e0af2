import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import type { Channel } from '../channel/index.ts';
import type { CircuitParams } from './params.ts';

export interface OriginCircuitDeps {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface OriginCircuitOptions {
  readonly params: CircuitParams;
  /** Ask for CGO where both ends can; default true. */
  readonly cgo?: boolean;
  /** The control port's CIRC id; by default the next number of this process. */
  readonly id?: number;
}
