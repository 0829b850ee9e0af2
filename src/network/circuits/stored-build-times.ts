import { readBuildTimes, type StateStore, writeBuildTimes } from '../storage/index.ts';
import { BuildTimes } from './build-times.ts';
import type { CircuitManagerDeps, CircuitManagerOptions } from './manager-options.ts';
import type { CircuitManagerEvents } from './types.ts';

const saveWithinMs = 60_000;

/** Learned build times, read from the state file and written back to it. */
export class StoredBuildTimes {
  readonly buildTimes: BuildTimes;
  readonly #state: StateStore | undefined;

  constructor(
    { random, state }: Pick<CircuitManagerDeps, 'random' | 'state'>,
    { learnCircuitBuildTimeout, circuitBuildTimeoutMs }: CircuitManagerOptions,
    onEvent: (event: CircuitManagerEvents['buildTimeout']) => void,
  ) {
    this.#state = state;
    this.buildTimes = new BuildTimes(
      { random, onEvent, onWorthSaving: () => this.save() },
      {
        learn: learnCircuitBuildTimeout ?? true,
        configuredTimeoutMs: circuitBuildTimeoutMs,
        ...(state === undefined ? {} : { stored: readBuildTimes(state) }),
      },
    );
  }

  save(): void {
    // While the stored times are being read there is nothing to write yet.
    if (this.#state === undefined || this.buildTimes === undefined || !this.buildTimes.enabled) return;
    writeBuildTimes(this.#state, this.buildTimes.histogram());
    this.#state.saveSoon(saveWithinMs);
  }
}
