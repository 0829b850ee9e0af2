import type { Random } from '../../base/runtime/index.ts';

/** A document counts up either when an attempt starts (several at once while bootstrapping) or when one fails. */
export type IncrementOn = 'attempt' | 'failure';

/**
 * When a document may be tried again: exponential back-off with decorrelated jitter, delays in whole seconds.
 * spec: dir-spec 5.2; C tor's numbers
 */
export class DownloadStatus {
  readonly #random: Random;
  readonly #incrementOn: IncrementOn;
  readonly #initialDelaySec: () => number;
  #attempts = 0;
  #failures = 0;
  #position = 0;
  #lastDelaySec = 0;
  #nextMs: number | undefined;
  #impossible = false;

  /** `initialDelaySec` is asked each time: which schedule applies changes when bootstrapping ends. */
  constructor(random: Random, incrementOn: IncrementOn, initialDelaySec: () => number) {
    this.#random = random;
    this.#incrementOn = incrementOn;
    this.#initialDelaySec = initialDelaySec;
  }

  get failures(): number {
    return this.#failures;
  }
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds since 1970; infinite for what can never be had. */
  nextAttemptMs(nowMs: number): number {
    if (this.#impossible) return Number.POSITIVE_INFINITY;
    if (this.#nextMs === undefined) this.reset(nowMs);
    return this.#nextMs as number;
  }

  isReady(nowMs: number): boolean {
    return this.nextAttemptMs(nowMs) <= nowMs;
  }

  /** An attempt begins. */
  noteAttempt(nowMs: number): void {
    if (this.#incrementOn !== 'attempt' || this.#impossible) return;
    if (this.#nextMs === undefined) this.reset(nowMs);
    this.#attempts++;
    this.#advance(this.#attempts, nowMs);
  }

  noteFailure(nowMs: number): void {
    if (this.#impossible) return;
    if (this.#nextMs === undefined) this.reset(nowMs);
    this.#failures++;
    if (this.#incrementOn !== 'failure') return;
    this.#attempts++;
    this.#advance(this.#failures, nowMs);
  }

  /** The document came, or a new one of its kind is wanted. */
  reset(nowMs: number): void {
    if (this.#impossible) return;
    this.#attempts = 0;
    this.#failures = 0;
    this.#position = 0;
    this.#lastDelaySec = 0;
    this.#nextMs = nowMs + this.#initialDelaySec() * 1000;
  }

  /** Every source's copy must be the same, and it cannot be read. */
  markImpossible(): void {
    this.#impossible = true;
  }

  #advance(position: number, nowMs: number): void {
    const minimum = this.#initialDelaySec();
    let delay = this.#lastDelaySec;
    for (; this.#position < position; this.#position++) delay = this.#nextDelay(delay, Math.max(1, minimum));
    this.#lastDelaySec = Math.max(delay, minimum);
    this.#nextMs = nowMs + this.#lastDelaySec * 1000;
  }

  #nextDelay(delaySec: number, baseSec: number): number {
    const high = Math.min(Math.max(delaySec * 3, baseSec + 1), 0x7fffffff);
    return baseSec + this.#random.below(high - baseSec);
  }
}
