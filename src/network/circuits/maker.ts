import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { type CircuitParams, OriginCircuit } from '../../protocol/circuit/index.ts';
import type { ChannelManager } from '../channels/index.ts';
import type { CircuitMaker } from './builder.ts';

export interface ChannelCircuitMakerDeps {
  readonly channels: Pick<ChannelManager, 'get'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** The newest consensus' parameters, or the defaults. */
  readonly params: () => CircuitParams;
  /** Whether exits are asked for counter galois onion; default true. */
  readonly cgo?: boolean;
}

/** Circuits over real links. */
export function channelCircuitMaker(deps: ChannelCircuitMakerDeps): CircuitMaker {
  const { channels, clock, timers, random } = deps;
  return {
    channel: (target, signal) => channels.get(target, { signal }),
    circuit: (channel, id) =>
      new OriginCircuit({ channel, clock, timers, random }, { params: deps.params(), id, cgo: deps.cgo ?? true }),
  };
}
