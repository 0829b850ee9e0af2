/** A token bucket: `rate` tokens a second, at most `burst` kept. Time comes from the caller, in milliseconds. */
export class TokenBucket {
  #rate: number;
  #burst: number;
  #tokens: number;
  #lastMs: number;

  constructor(rate: number, burst: number, nowMs: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#lastMs = nowMs;
  }

  adjust(rate: number, burst: number): void {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }

  #refill(nowMs: number): void {
    if (nowMs > this.#lastMs) {
      this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#lastMs) * this.#rate) / 1000);
    }
    this.#lastMs = nowMs;
  }

  available(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens;
  }

  /** Takes `count` tokens and says true, or takes none and says false. */
  take(count: number, nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes `count` tokens even when the bucket goes into debt. */
  spend(count: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= count;
  }

  /** Milliseconds until `count` tokens are there. */
  waitMs(count: number, nowMs: number): number {
    this.#refill(nowMs);
    if (this.#tokens >= count) return 0;
    if (this.#rate <= 0) return Number.POSITIVE_INFINITY;
    return ((count - this.#tokens) * 1000) / this.#rate;
  }
}
