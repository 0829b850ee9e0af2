import type { FlowParams } from './flow-params.ts';

const maxRate = 0x7fffffff;
/** A burst of cells that may lie in the socket's buffer before it counts as "not draining". */
const expectedBurstBytes = 32 * 488;
/** How long a full buffer is tolerated before XOFF, so that one turn of the event loop can empty it. */
const xoffGraceMs = 5;

export type FlowSignal = 'xoff' | 'xon' | undefined;

/**
 * Decides when the far end must be told to stop or how fast to send, from how much waits on our side of a stream.
 *
 * spec: proposal 324, 4; numbers and order of steps follow C tor `congestion_control_flow.c`
 */
export class DrainMeter {
  readonly #params: FlowParams;
  readonly #xoffLimitBytes: number;
  #backlogBytes = 0;
  #drainedBytes = 0;
  #previousDrainedBytes = 0;
  #drainStartMs: number | undefined;
  #graceStartMs: number | undefined;
  #rateKbps = 0;
  #rateLastSentKbps = 0;
  #xoffSent = false;

  constructor(params: FlowParams, xoffLimitBytes: number) {
    this.#params = params;
    this.#xoffLimitBytes = xoffLimitBytes;
  }

  get xoffSent(): boolean {
    return this.#xoffSent;
  }

  /** The rate to put into an XON, in kilobytes a second; 0 for no limit. */
  get adviceKbps(): number {
    return this.#rateKbps;
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** A DATA cell arrived; `backlogBytes` is what waited before it. Whoever is told to signal must do so. */
  received(backlogBytes: number, nowMs: number): FlowSignal {
    this.#backlogBytes = backlogBytes;
    let signal: FlowSignal;
    if (backlogBytes > this.#xoffLimitBytes) {
      if (!this.#xoffSent) signal = this.#overLimit(nowMs);
    } else {
      this.#graceStartMs = undefined;
    }
    if (signal === undefined && backlogBytes > expectedBurstBytes) signal = this.drained(0, backlogBytes, nowMs);
    return signal;
  }

  #overLimit(nowMs: number): FlowSignal {
    if (this.#graceStartMs === undefined) {
      this.#graceStartMs = nowMs;
      return undefined;
    }
    if (nowMs <= this.#graceStartMs + xoffGraceMs) return undefined;
    this.#graceStartMs = undefined;
    this.#xoffSent = true;
    this.#rateKbps = 0;
    return 'xoff';
  }

  /** `writtenBytes` left our side; `backlogBytes` still wait. */
  drained(writtenBytes: number, backlogBytes: number, nowMs: number): FlowSignal {
    this.#backlogBytes = backlogBytes;
    this.#drainedBytes += writtenBytes;
    if (this.#drainStartMs === undefined && backlogBytes > 0) {
      this.#drainStartMs = nowMs;
      this.#drainedBytes = 0;
    }
    if (this.#drainStartMs !== undefined && this.#drainedBytes > this.#params.xonRateBytes) {
      this.#measure(nowMs - this.#drainStartMs);
    }
    let signal: FlowSignal;
    if (this.#xoffSent ? backlogBytes === 0 : this.#rateChanged()) {
      this.#xoffSent = false;
      this.#rateLastSentKbps = this.#rateKbps;
      signal = 'xon';
    }
    if (backlogBytes === 0) this.#emptied();
    return signal;
  }

  #measure(elapsedMs: number): void {
    if (this.#previousDrainedBytes === 0) this.#previousDrainedBytes = this.#drainedBytes;
    const rate =
      elapsedMs <= 0 ? 0 : Math.min(maxRate, Math.max(1, Math.floor(this.#previousDrainedBytes / elapsedMs)));
    this.#previousDrainedBytes = this.#drainedBytes;
    if (rate === 0) return;
    const count = this.#params.xonEwmaCount;
    this.#rateKbps = this.#rateKbps === 0 ? rate : Math.floor((2 * rate + (count - 1) * this.#rateKbps) / (count + 1));
    this.#drainedBytes = 0;
    this.#drainStartMs = undefined;
  }

  #rateChanged(): boolean {
    const last = this.#rateLastSentKbps;
    if (last === 0) return false;
    const percent = this.#params.xonChangePercent;
    return (
      this.#rateKbps > Math.floor(((100 + percent) * last) / 100) ||
      this.#rateKbps < Math.floor(((100 - percent) * last) / 100)
    );
  }

  /** While nothing waits, every `xonRateBytes` double the advice. */
  #emptied(): void {
    this.#drainStartMs = undefined;
    if (this.#drainedBytes < this.#params.xonRateBytes || this.#rateLastSentKbps === 0) return;
    this.#rateKbps = Math.min(maxRate, 2 * this.#rateKbps);
    this.#previousDrainedBytes = this.#drainedBytes;
    this.#drainedBytes = 0;
  }
}
