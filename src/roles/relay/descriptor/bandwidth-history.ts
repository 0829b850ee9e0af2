import type { Clock } from '../../../base/runtime/index.ts';
import { formatIsoTime, parseIsoTime, type StateStore } from '../../../network/storage/index.ts';
import { BandwidthSeries, periodSec, rollingSec, type StoredSeries } from './bandwidth-series.ts';

const kinds = [
  { key: 'Write', line: 'write-history' },
  { key: 'Read', line: 'read-history' },
  { key: 'IPv6Write', line: 'ipv6-write-history' },
  { key: 'IPv6Read', line: 'ipv6-read-history' },
  { key: 'DirWrite', line: 'dirreq-write-history' },
  { key: 'DirRead', line: 'dirreq-read-history' },
] as const;
type Kind = (typeof kinds)[number]['key'];

const stateDelayMs = 2 * 3600_000;

export interface BandwidthHistoryOptions {
  /** TestingMinTimeToReportBandwidth: a young relay does not tell its bandwidth. Default a day. */
  readonly minimumSec: number;
  /** RelayBandwidthRate, bytes a second: more than that was our own traffic, and is nobody's business. 0: no limit. */
  readonly relayRate: number;
}

/** How much this relay moved: measures what it can do, and fills the history lines. Kept in the state file as C tor's. */
export class BandwidthHistory {
  readonly #clock: Clock;
  readonly #state: StateStore;
  readonly #options: BandwidthHistoryOptions;
  readonly #series: Record<Kind, BandwidthSeries>;

  constructor(deps: { readonly clock: Clock; readonly state: StateStore }, options: BandwidthHistoryOptions) {
    this.#clock = deps.clock;
    this.#state = deps.state;
    this.#options = options;
    const nowSec = this.#nowSec();
    const read = (key: Kind): BandwidthSeries => readSeries(deps.state, key, nowSec);
    this.#series = {
      Write: read('Write'),
      Read: read('Read'),
      IPv6Write: read('IPv6Write'),
      IPv6Read: read('IPv6Read'),
      DirWrite: read('DirWrite'),
      DirRead: read('DirRead'),
    };
  }

  #nowSec(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  noteRead(bytes: number, ipv6: boolean): void {
    this.#note('Read', 'IPv6Read', bytes, ipv6);
  }

  noteWritten(bytes: number, ipv6: boolean): void {
    this.#note('Write', 'IPv6Write', bytes, ipv6);
  }

  /** Directory answers and requests served. */
  noteDirectory(readBytes: number, writtenBytes: number): void {
    const nowSec = this.#nowSec();
    this.#series.DirRead.add(nowSec, readBytes);
    this.#series.DirWrite.add(nowSec, writtenBytes);
  }

  #note(all: Kind, six: Kind, bytes: number, ipv6: boolean): void {
    const nowSec = this.#nowSec();
    this.#series[all].add(nowSec, bytes);
    if (ipv6) this.#series[six].add(nowSec, bytes);
  }

  /** Bytes a second that we have shown to carry, the slower direction. */
  assess(): number {
    const nowSec = this.#nowSec();
    const best = (kind: Kind): number => this.#series[kind].best(nowSec, this.#options.minimumSec);
    return Math.floor(Math.min(best('Read'), best('Write')) / rollingSec);
  }

  /** History lines of the extra-info document. */
  lines(): string[] {
    const limit = this.#options.relayRate > 0 ? this.#options.relayRate * periodSec : Number.POSITIVE_INFINITY;
    const nowSec = this.#nowSec();
    return kinds.flatMap(({ key, line }) => {
      const { endSec, totals } = this.#series[key].finished(nowSec);
      if (totals.every((total) => total === 0)) return [];
      const values = totals.map((total) => Math.min(total, limit)).join(',');
      return [`${line} ${formatIsoTime(endSec)} (${periodSec} s) ${values}`];
    });
  }

  /** Puts everything into the state file's lines; it is written within two hours. */
  save(): void {
    const nowSec = this.#nowSec();
    for (const { key } of kinds) {
      const { endsSec, intervalSec, values, maxima } = this.#series[key].store(nowSec);
      this.#state.set(`BWHistory${key}Ends`, formatIsoTime(endsSec));
      this.#state.set(`BWHistory${key}Interval`, String(intervalSec));
      this.#state.set(`BWHistory${key}Values`, values.join(','));
      this.#state.set(`BWHistory${key}Maxima`, maxima.join(','));
    }
    this.#state.saveSoon(stateDelayMs);
  }
}

function readSeries(state: StateStore, key: Kind, nowSec: number): BandwidthSeries {
  const text = (field: string): string => state.get(`BWHistory${key}${field}`) ?? '';
  const endsSec = parseIsoTime(text('Ends'));
  const values = numbers(text('Values'));
  const maxima = numbers(text('Maxima'));
  if (endsSec === undefined || values === undefined || maxima === undefined) return new BandwidthSeries(nowSec);
  const stored: StoredSeries = { endsSec, intervalSec: Number(text('Interval')) || periodSec, values, maxima };
  return BandwidthSeries.restore(stored, nowSec);
}

function numbers(text: string): number[] | undefined {
  const words = text.split(',').filter((word) => word !== '');
  return words.every((word) => /^\d{1,15}$/.test(word)) ? words.map(Number) : undefined;
}
