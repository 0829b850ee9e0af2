const maxFailures = 5;

/** Circuits that came to nothing in a row: after too many we wait for the next period. C tor's did_circs_fail_last_period */
export class FailureCount {
  readonly #periodMs: number;
  #failures = 0;
  #failedLastPeriod = false;
  #periodStartMs = 0;

  /** `periodMs`: NewCircuitPeriod. */
  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  add(): void {
    this.#failures++;
  }

  /** A circuit was built. */
  clear(): void {
    this.#failures = 0;
    this.#failedLastPeriod = false;
  }

  /** True when a new period has begun. */
  tick(nowMs: number): boolean {
    if (nowMs - this.#periodStartMs <= this.#periodMs) return false;
    this.#periodStartMs = nowMs;
    this.#failedLastPeriod = this.isHigh;
    this.#failures = 0;
    return true;
  }

  get isHigh(): boolean {
    return this.#failures > maxFailures;
  }

  /** Too many in this period and in the one before. */
  get isTooHigh(): boolean {
    return this.#failedLastPeriod && this.isHigh;
  }
}
