import type { CongestionView } from './types.ts';

/** How many DATA cells may be on the way to the other end of a hop. */
export interface PackageWindow {
  /** Cells that acknowledge themselves with one SENDME. */
  readonly increment: number;
  /** Cells that may go now. */
  readonly room: number;
  readonly maxRttMs: number;
  /** The round trip as it is now; 0 when it is not measured. */
  readonly rttMs: number;
  /** Undefined with fixed windows. */
  readonly view: CongestionView | undefined;
  /** Counts a DATA cell; true when the other end will answer it with a SENDME. */
  sent(): boolean;
  /**
   * A valid SENDME came. `blocked` and `queuedCells` tell of our own channel. False when the window would grow beyond what
   * there can be.
   */
  acknowledged(blocked: boolean, queuedCells: number): boolean;
}

/** Cells that one SENDME answers on a hop with fixed windows, and the most a window can be. spec: tor-spec 7.3 */
export const circuitWindowIncrement = 100;
export const circuitWindowMax = 1000;

/** The window of old: 1000 cells at first, 100 more with each SENDME. */
export class FixedWindow implements PackageWindow {
  readonly increment = circuitWindowIncrement;
  readonly maxRttMs = 0;
  readonly rttMs = 0;
  readonly view = undefined;
  #window: number;

  constructor(initial: number) {
    this.#window = initial;
  }

  get room(): number {
    return this.#window;
  }

  sent(): boolean {
    this.#window--;
    return this.#window % circuitWindowIncrement === 0;
  }

  acknowledged(): boolean {
    if (this.#window + circuitWindowIncrement > circuitWindowMax) return false;
    this.#window += circuitWindowIncrement;
    return true;
  }
}
