/** Seconds over which a rate is measured; length of a period; periods kept. */
export const rollingSec = 10;
export const periodSec = 86_400;
export const periodsKept = 5;

/** One period that is over. */
interface Period {
  /** Bytes. */
  readonly total: number;
  /** Most bytes in any `rollingSec`. */
  readonly max: number;
}

/** As it stands in the state file. */
export interface StoredSeries {
  /** When the newest value's period ends, seconds. */
  readonly endsSec: number;
  readonly intervalSec: number;
  /** Bytes of each period, oldest first; the last one is not over. */
  readonly values: readonly number[];
  /** Bytes a second at the best of each period. */
  readonly maxima: readonly number[];
}

const roundDown = (bytes: number): number => bytes - (bytes % 1024);

/** Bytes moved in one direction over the last days. C tor bwhist.c */
export class BandwidthSeries {
  readonly #seconds: number[] = new Array<number>(rollingSec).fill(0);
  #index = 0;
  #nowSec: number;
  /** Sum of `#seconds` but the current. */
  #before = 0;
  #max = 0;
  #total = 0;
  #nextPeriodSec: number;
  #periods: Period[] = [];

  constructor(nowSec: number) {
    this.#nowSec = nowSec;
    this.#nextPeriodSec = nowSec + periodSec;
  }

  /** Bytes in the given second; what lies in the past is not counted. */
  add(sec: number, bytes: number): void {
    if (sec < this.#nowSec) return;
    this.#advance(sec);
    this.#seconds[this.#index] = (this.#seconds[this.#index] as number) + bytes;
    this.#total += bytes;
  }

  #advance(sec: number): void {
    while (this.#nowSec < sec) {
      // After a long silence there is nothing to add up second by second.
      if (sec - this.#nowSec > rollingSec && this.#before === 0 && this.#seconds[this.#index] === 0) {
        this.#nowSec = Math.min(sec, this.#nextPeriodSec) - 1;
      }
      this.#step();
    }
  }

  #step(): void {
    const total = this.#before + (this.#seconds[this.#index] as number);
    if (total > this.#max) this.#max = total;
    this.#index = (this.#index + 1) % rollingSec;
    this.#before = total - (this.#seconds[this.#index] as number);
    this.#seconds[this.#index] = 0;
    this.#nowSec++;
    if (this.#nowSec >= this.#nextPeriodSec) this.#commit();
  }

  #commit(): void {
    this.#periods = [...this.#periods, { total: this.#total, max: this.#max }].slice(-periodsKept);
    this.#nextPeriodSec += periodSec;
    this.#total = 0;
    this.#max = 0;
  }

  /** Most bytes in any `rollingSec`; the current period counts once it is `minimumSec` old. */
  best(nowSec: number, minimumSec: number): number {
    this.#advance(nowSec);
    const current = this.#nowSec > this.#nextPeriodSec - periodSec + minimumSec ? this.#max : 0;
    return Math.max(current, ...this.#periods.map((period) => period.max));
  }

  /** Bytes of the periods that are over, oldest first, and when the last of them ended. */
  finished(nowSec = this.#nowSec): { readonly endSec: number; readonly totals: readonly number[] } {
    this.#advance(nowSec);
    return {
      endSec: this.#nextPeriodSec - periodSec,
      totals: this.#periods.map((period) => roundDown(period.total)),
    };
  }

  store(nowSec = this.#nowSec): StoredSeries {
    this.#advance(nowSec);
    const all = [...this.#periods, { total: this.#total, max: this.#max }];
    return {
      endsSec: this.#nextPeriodSec,
      intervalSec: periodSec,
      values: all.map((period) => roundDown(period.total)),
      maxima: all.map((period) => roundDown(Math.floor(period.max / rollingSec))),
    };
  }

  /** What a state file says, when it is not older than what is kept. */
  static restore(stored: StoredSeries, nowSec: number): BandwidthSeries {
    const { endsSec, intervalSec, values } = stored;
    const startSec = endsSec - intervalSec * values.length;
    const usable = values.length > 0 && intervalSec > 0 && endsSec >= nowSec - periodSec * periodsKept;
    if (!usable || startSec > nowSec) return new BandwidthSeries(nowSec);
    const series = new BandwidthSeries(startSec);
    const maxima = stored.maxima.length === values.length ? stored.maxima : undefined;
    values.forEach((value, i) => {
      const from = startSec + i * intervalSec;
      if (from >= nowSec) return;
      series.#advance(from);
      series.#total += value;
      series.#max = Math.max(series.#max, (maxima?.[i] ?? Math.floor(value / intervalSec)) * rollingSec);
    });
    series.#advance(nowSec);
    return series;
  }
}
