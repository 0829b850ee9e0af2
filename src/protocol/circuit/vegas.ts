import type { Clock } from '../../base/runtime/index.ts';
import type { PackageWindow } from './package-window.ts';
import type { CongestionParams, CongestionPath, VegasParams } from './params.ts';
import type { CongestionView } from './types.ts';

/** A round trip this many times longer or shorter than the average is a clock that jumped, not a measurement. */
const jumpRatio = 5000;

/**
 * Tor-Vegas: guesses from round-trip times how many of our cells lie in queues along the way, and grows or shrinks the
 * window so that a few do.
 *
 * Integer arithmetic in microseconds, step by step as C tor `congestion_control_common.c` and `congestion_control_vegas.c`.
 * spec: proposal 324, 3.3
 */
export class Vegas implements PackageWindow {
  readonly increment: number;
  readonly #clock: Clock;
  readonly #params: CongestionParams;
  readonly #thresholds: VegasParams;
  readonly #path: CongestionPath;
  #cwnd: number;
  #inflight = 0;
  #slowStart = true;
  #cwndFull = false;
  #blockedChannel = false;
  /** SENDMEs until the window is judged again, and until a whole window has been acknowledged. */
  #nextEvent: number;
  #nextFullEvent = 0;
  /** When the cells were sent that SENDMEs will answer; a queue with its head at `#timesHead`. */
  #times: number[] = [];
  #timesHead = 0;
  #rttUs = 0;
  #minRttUs = 0;
  #maxRttUs = 0;
  #bdp = 0;
  #clockBroken = false;

  constructor(clock: Clock, params: CongestionParams, path: CongestionPath, sendmeInc: number) {
    this.#clock = clock;
    this.#params = params;
    this.#thresholds = params.paths[path];
    this.#path = path;
    this.increment = sendmeInc;
    this.#cwnd = params.cwndInit;
    this.#nextEvent = this.#updateRate();
  }

  get room(): number {
    return Math.max(0, this.#cwnd - this.#inflight);
  }

  get maxRttMs(): number {
    return this.#maxRttUs / 1000;
  }

  get rttMs(): number {
    return this.#rttUs / 1000;
  }

  get view(): CongestionView {
    return {
      path: this.#path,
      sendmeInc: this.increment,
      cwnd: this.#cwnd,
      inflight: this.#inflight,
      inSlowStart: this.#slowStart,
      rttMs: this.#rttUs / 1000,
      minRttMs: this.#minRttUs / 1000,
    };
  }

  sent(): boolean {
    const answered = this.#inflight > 0 && (this.#inflight + 1) % this.increment === 0;
    this.#inflight++;
    if (answered) this.#times.push(this.#nowUs());
    return answered;
  }

  acknowledged(blocked: boolean, queuedCells: number): boolean {
    if (this.#inflight < this.increment) return false;
    if (this.#nextEvent > 0) this.#nextEvent--;
    if (this.#nextFullEvent > 0) this.#nextFullEvent--;
    if (this.#measure(blocked, queuedCells)) this.#judge();
    this.#inflight -= this.increment;
    this.#cwnd = Math.min(this.#cwnd, this.#params.cwndMax);
    return true;
  }

  #nowUs(): number {
    return Math.floor(this.#clock.monotonic() * 1000);
  }

  #takeTime(): number {
    const time = this.#times[this.#timesHead++] ?? this.#nowUs();
    if (this.#timesHead > 32 && this.#timesHead * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#timesHead);
      this.#timesHead = 0;
    }
    return time;
  }

  /** SENDMEs between two updates of the window. */
  #updateRate(): number {
    if (this.#slowStart) return 1;
    const cells = this.#params.cwndIncRate * this.increment;
    return Math.floor((this.#cwnd + Math.floor(cells / 2)) / cells);
  }

  #sendmesPerWindow(): number {
    return Math.floor((this.#cwnd + Math.floor(this.increment / 2)) / this.increment);
  }

  // Measuring.

  /** Updates round trip and bandwidth-delay product; false when there is nothing new to judge by. */
  #measure(blocked: boolean, queuedCells: number): boolean {
    const measured = this.#measureRtt(this.#nowUs() - this.#takeTime());
    if (this.#rttUs === 0) {
      this.#bdp = blocked ? this.#cwndLessQueue(queuedCells) : this.#cwnd;
      this.#blockedChannel = blocked;
      return blocked;
    }
    this.#bdp = Math.floor((this.#cwnd * this.#minRttUs) / this.#rttUs);
    if (blocked !== this.#blockedChannel) {
      this.#blockedChannel = blocked;
      this.#nextEvent = 0;
    }
    return blocked || measured;
  }

  #cwndLessQueue(queuedCells: number): number {
    const { cwndMin } = this.#params;
    return queuedCells >= this.#cwnd ? cwndMin : Math.max(this.#cwnd - queuedCells, cwndMin);
  }

  #measureRtt(rttUs: number): boolean {
    if (this.#clockStalledOrJumped(rttUs)) return false;
    const count = this.#ewmaCount();
    this.#rttUs = this.#rttUs === 0 ? rttUs : Math.floor((2 * rttUs + (count - 1) * this.#rttUs) / (count + 1));
    this.#maxRttUs = Math.max(this.#maxRttUs, rttUs);
    if (this.#minRttUs === 0) {
      this.#minRttUs = this.#rttUs;
    } else if (this.#cwnd === this.#params.cwndMin && !this.#slowStart) {
      this.#minRttUs = mix(this.#rttUs, this.#minRttUs, this.#params.rttResetPercent);
    } else if (this.#rttUs < this.#minRttUs) {
      this.#minRttUs = this.#rttUs;
    }
    return true;
  }

  #ewmaCount(): number {
    const { ewmaSlowStart, ewmaCwndPercent, ewmaMax } = this.#params;
    const count = this.#slowStart
      ? ewmaSlowStart
      : Math.min(Math.floor((this.#updateRate() * ewmaCwndPercent) / 100), ewmaMax);
    return Math.max(count, 2);
  }

  #clockStalledOrJumped(rttUs: number): boolean {
    if (rttUs <= 0) {
      this.#clockBroken = true;
      return true;
    }
    if (this.#slowStart || this.#rttUs === 0) return false;
    if (this.#rttUs > rttUs * jumpRatio) return this.#clockBroken;
    if (rttUs > this.#rttUs * jumpRatio) return true;
    this.#clockBroken = false;
    return false;
  }

  // Judging.

  #judge(): void {
    const queued = Math.max(0, this.#cwnd - this.#bdp);
    const { increment } = this;
    if (this.#inflight + this.#params.cwndFullGap * increment >= this.#cwnd) this.#cwndFull = true;
    else if (100 * this.#inflight < this.#params.cwndFullMinPercent * this.#cwnd) this.#cwndFull = false;

    if (this.#slowStart) this.#judgeSlowStart(queued);
    else if (this.#nextEvent === 0) this.#judgeSteady(queued);

    if (this.#nextFullEvent === 0) this.#nextFullEvent = this.#sendmesPerWindow();
    if (this.#nextEvent === 0) this.#nextEvent = this.#updateRate();
    const windowDone = this.#params.cwndFullPerCwnd
      ? this.#nextFullEvent === this.#sendmesPerWindow()
      : this.#nextEvent === this.#updateRate();
    if (windowDone) this.#cwndFull = false;
  }

  #judgeSlowStart(queued: number): void {
    if (queued < this.#thresholds.gamma && !this.#blockedChannel) {
      if (this.#cwndFull) {
        const increase = this.#slowStartIncrease();
        this.#cwnd += increase;
        if (increase * this.#sendmesPerWindow() <= this.#params.cwndInc * this.#params.cwndIncRate) {
          this.#slowStart = false;
        }
      }
    } else {
      this.#cwnd = this.#bdp + this.#thresholds.gamma;
      this.#slowStart = false;
    }
    if (this.#cwnd >= this.#params.slowStartMax) {
      this.#cwnd = this.#params.slowStartMax;
      this.#slowStart = false;
    }
  }

  /** Limited slow start, RFC 3742. */
  #slowStartIncrease(): number {
    const { slowStartCap } = this.#thresholds;
    if (this.#cwnd <= slowStartCap) {
      return Math.floor((this.#params.cwndIncPercentSlowStart * this.increment + 50) / 100);
    }
    return Math.max(Math.floor((this.increment * slowStartCap + this.#cwnd) / (2 * this.#cwnd)), 1);
  }

  #judgeSteady(queued: number): void {
    const { alpha, beta, delta } = this.#thresholds;
    const { cwndInc, cwndMin } = this.#params;
    if (queued > delta) this.#cwnd = this.#bdp + delta - cwndInc;
    else if (queued > beta || this.#blockedChannel) this.#cwnd -= cwndInc;
    else if (this.#cwndFull && queued < alpha) this.#cwnd += cwndInc;
    this.#cwnd = Math.max(this.#cwnd, cwndMin);
  }
}

/** A mean of two values with `percent` of the larger. */
function mix(a: number, b: number, percent: number): number {
  return Math.floor((percent * Math.max(a, b)) / 100) + Math.floor(((100 - percent) * Math.min(a, b)) / 100);
}
