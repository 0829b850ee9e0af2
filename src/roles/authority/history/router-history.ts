import { base16Upper, bytesEqual } from '../../../base/bytes/index.ts';

/** What was seen of one relay. Times in seconds since 1970, 0 for none, as in C tor's file. */
export interface HistoryEntry {
  startOfRunSec: number;
  startOfDowntimeSec: number;
  /** Lengths of all runs, older ones counting less. */
  weightedRunSec: number;
  /** How many runs, older ones counting less. */
  runWeights: number;
  weightedUptimeSec: number;
  weightedTimeSec: number;
  reachedAt: { readonly address: Uint8Array; readonly port: number } | undefined;
}

/** A run that counts for less than this is none. */
const epsilon = 0.0001;
const discount = 0.95;
const discountEverySec = 12 * 3600;
const enoughSec = 4 * 3600;

export interface HistoryState {
  trackedSinceSec: number;
  lastDiscountedSec: number;
}

/** How long relays run, and how much of the time: mean time between failures, weighted fractional uptime. */
export class RouterHistory {
  /** By fingerprint. */
  readonly entries = new Map<string, HistoryEntry>();
  readonly state: HistoryState = { trackedSinceSec: 0, lastDiscountedSec: 0 };

  entry(rsaId: Uint8Array): HistoryEntry {
    const key = base16Upper(rsaId);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = newEntry();
      this.entries.set(key, entry);
    }
    return entry;
  }

  /**
   * The relay was reached. `penaltySec`: how much downtime a change of address counts for.
   */
  reachable(
    rsaId: Uint8Array,
    at: { readonly address: Uint8Array; readonly port: number } | undefined,
    nowSec: number,
    penaltySec: number,
  ): void {
    const entry = this.entry(rsaId);
    const moved =
      at !== undefined &&
      entry.reachedAt !== undefined &&
      (at.port !== entry.reachedAt.port || !bytesEqual(at.address, entry.reachedAt.address));
    if (this.state.trackedSinceSec === 0) this.state.trackedSinceSec = nowSec;
    if (entry.startOfRunSec === 0) entry.startOfRunSec = nowSec;
    if (entry.startOfDowntimeSec !== 0) {
      entry.weightedTimeSec += nowSec - entry.startOfDowntimeSec;
      entry.startOfDowntimeSec = 0;
    } else if (moved) {
      this.unreachable(rsaId, nowSec - penaltySec, nowSec);
      this.reachable(rsaId, undefined, nowSec, penaltySec);
    }
    if (at !== undefined) entry.reachedAt = at;
  }

  /** The relay has been down since `whenSec`. */
  unreachable(rsaId: Uint8Array, whenSec: number, nowSec = whenSec): void {
    const entry = this.entry(rsaId);
    if (this.state.trackedSinceSec === 0) this.state.trackedSinceSec = nowSec;
    if (entry.startOfRunSec !== 0) {
      const runSec = whenSec - entry.startOfRunSec;
      entry.runWeights += 1;
      entry.startOfRunSec = 0;
      entry.weightedRunSec = Math.max(0, entry.weightedRunSec + runSec);
      entry.weightedUptimeSec = Math.max(0, entry.weightedUptimeSec + runSec);
      if (runSec >= 0) entry.weightedTimeSec += runSec;
    }
    if (entry.startOfDowntimeSec === 0) entry.startOfDowntimeSec = whenSec;
  }

  /** As if it had never run: for relays that look like a Sybil attack. */
  makePessimal(rsaId: Uint8Array, nowSec: number): void {
    this.unreachable(rsaId, nowSec);
    const entry = this.entry(rsaId);
    entry.weightedRunSec = 0;
    entry.weightedUptimeSec = 0;
  }

  /** Makes the past count less, every twelve hours. Returns when to come again. */
  discountOld(nowSec: number): number {
    const { state } = this;
    if (state.lastDiscountedSec === 0) state.lastDiscountedSec = nowSec;
    let factor = 1;
    while (state.lastDiscountedSec + discountEverySec <= nowSec) {
      state.lastDiscountedSec += discountEverySec;
      factor *= discount;
    }
    if (factor < 1) {
      for (const entry of this.entries.values()) {
        entry.weightedRunSec = Math.floor(entry.weightedRunSec * factor);
        entry.runWeights *= factor;
        entry.weightedUptimeSec = Math.floor(entry.weightedUptimeSec * factor);
        entry.weightedTimeSec = Math.floor(entry.weightedTimeSec * factor);
      }
    }
    return state.lastDiscountedSec + discountEverySec;
  }

  /** Forgets relays of which nothing counts any more. */
  clean(): void {
    for (const [key, entry] of this.entries) {
      if (entry.runWeights < epsilon && entry.startOfRunSec === 0) this.entries.delete(key);
    }
  }

  /** Seconds since the relay was found up; 0 while it is down. */
  uptimeSec(rsaId: Uint8Array, nowSec: number): number {
    const { startOfRunSec } = this.#read(rsaId);
    return startOfRunSec === 0 || nowSec < startOfRunSec ? 0 : nowSec - startOfRunSec;
  }

  /** Mean time between failures, seconds. */
  mtbfSec(rsaId: Uint8Array, nowSec: number): number {
    const { weightedRunSec, runWeights, startOfRunSec } = this.#read(rsaId);
    const running = startOfRunSec !== 0;
    const weights = runWeights + (running ? 1 : 0);
    return weights < epsilon ? 0 : (weightedRunSec + (running ? nowSec - startOfRunSec : 0)) / weights;
  }

  /** Part of the time that the relay was up, 0 to 1. */
  uptimeFraction(rsaId: Uint8Array, nowSec: number): number {
    const entry = this.#read(rsaId);
    const total = knownSec(entry, nowSec);
    const up = entry.weightedUptimeSec + (entry.startOfRunSec === 0 ? 0 : nowSec - entry.startOfRunSec);
    return total === 0 ? 0 : up / total;
  }

  /** For how long we have known the relay, older time counting less. */
  timeKnownSec(rsaId: Uint8Array, nowSec: number): number {
    return knownSec(this.#read(rsaId), nowSec);
  }

  /** Whether there are enough observations to judge stability by. */
  hasEnough(nowSec: number): boolean {
    return this.state.trackedSinceSec < nowSec - enoughSec;
  }

  #read(rsaId: Uint8Array): HistoryEntry {
    return this.entries.get(base16Upper(rsaId)) ?? unknown;
  }
}

export const newEntry = (): HistoryEntry => ({
  startOfRunSec: 0,
  startOfDowntimeSec: 0,
  weightedRunSec: 0,
  runWeights: 0,
  weightedUptimeSec: 0,
  weightedTimeSec: 0,
  reachedAt: undefined,
});
const unknown = newEntry();

function knownSec(entry: HistoryEntry, nowSec: number): number {
  if (entry.startOfRunSec !== 0) return entry.weightedTimeSec + nowSec - entry.startOfRunSec;
  return entry.startOfDowntimeSec === 0
    ? entry.weightedTimeSec
    : entry.weightedTimeSec + nowSec - entry.startOfDowntimeSec;
}
