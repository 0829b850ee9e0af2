import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Timer, Timers } from '../../../base/runtime/index.ts';
import type { SignedConsensus } from './consensus-desk.ts';
import type { VotingSession } from './session.ts';
import type { Log } from './vote-box.ts';

export interface VotingTimerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly session: VotingSession;
}

const afterFailureMs = 1000;

/** Lets the session act when something of a round is due. */
export class VotingTimer {
  readonly #deps: VotingTimerDeps;
  #timer: Timer | undefined;
  #acting = false;
  /** What is next was decided by times that hold no more. */
  #isAnew = false;
  #stopped = false;

  constructor(deps: VotingTimerDeps) {
    this.#deps = deps;
  }

  start(): void {
    void this.#act();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** The others published a consensus without us: from now on we keep to the rounds that it tells of. */
  adopt(consensus: SignedConsensus): void {
    if (this.#stopped || !this.#deps.session.adopt(consensus, this.#deps.clock.now())) return;
    this.#actAnew();
  }

  /** The times of rounds were set anew. */
  reschedule(): void {
    if (this.#stopped) return;
    this.#deps.session.restart(this.#deps.clock.now());
    this.#actAnew();
  }

  #actAnew(): void {
    if (this.#acting) this.#isAnew = true;
    else void this.#act();
  }

  async #act(): Promise<void> {
    const { clock, session, log } = this.#deps;
    this.#acting = true;
    let nextMs: number;
    try {
      nextMs = await session.act(clock.now());
    } catch (error) {
      log('err', 'bug', `Voting failed: ${TorError.from(error).message}`);
      session.restart(clock.now());
      nextMs = clock.now() + afterFailureMs;
    }
    this.#acting = false;
    if (this.#stopped) return;
    this.#timer?.cancel();
    if (this.#isAnew) nextMs = clock.now();
    this.#isAnew = false;
    this.#timer = this.#deps.timers.after(Math.max(1, nextMs - clock.now()), () => void this.#act());
  }
}
