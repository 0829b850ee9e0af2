/** Bandwidth of the relays of a consensus by position, kilobytes a second. */
export interface BandwidthTotals {
  readonly guard: bigint;
  readonly middle: bigint;
  readonly exit: bigint;
  readonly both: bigint;
  readonly total: bigint;
}

interface Weights {
  readonly gg: bigint;
  readonly gd: bigint;
  readonly mg: bigint;
  readonly me: bigint;
  readonly md: bigint;
  readonly ee: bigint;
  readonly ed: bigint;
}

type Check = 'good' | 'range' | 'sum' | 'middle unbalanced' | 'exits unbalanced';

const margin = 10n;
const near = (a: bigint, b: bigint, within: bigint): boolean => (a >= b ? a - b : b - a) <= within;

function check(w: Weights, { guard: G, middle: M, exit: E, both: D, total: T }: BandwidthTotals, scale: bigint): Check {
  if (!near(w.ed + w.md + w.gd, scale, margin)) return 'sum';
  if (!near(w.mg + w.gg, scale, margin)) return 'sum';
  if (!near(w.me + w.ee, scale, margin)) return 'sum';
  if (Object.values(w).some((weight: bigint) => weight < 0n || weight > scale)) return 'range';
  const guards = w.gg * G + w.gd * D;
  if (!near(guards, w.ee * E + w.ed * D, (margin * T) / 3n)) return 'exits unbalanced';
  if (!near(guards, M * scale + w.md * D + w.me * E + w.mg * G, (margin * T) / 3n)) return 'middle unbalanced';
  return 'good';
}

/**
 * The `bandwidth-weights` line; undefined when there are no weights that would do. spec: dir-spec 3.8.3. Whole numbers
 * throughout, and divisions cut as C cuts them.
 */
export function bandwidthWeightsLine(totals: BandwidthTotals, weightScale: number): string | undefined {
  const { guard, middle, exit, both } = totals;
  if (guard <= 0n || middle <= 0n || exit <= 0n || both <= 0n) return undefined;
  const scale = BigInt(weightScale);
  const weights = chooseWeights(totals, scale);
  return weights === undefined ? undefined : format(weights, scale);
}

function chooseWeights(totals: BandwidthTotals, scale: bigint): Weights | undefined {
  const { guard: G, exit: E, total: T } = totals;
  const guardsScarce = 3n * G < T;
  const exitsScarce = 3n * E < T;
  if (!guardsScarce && !exitsScarce) return ifGood(noneScarce(totals, scale), totals, scale);
  if (guardsScarce && exitsScarce) return bothScarce(totals, scale);
  return oneScarce(totals, scale);
}

const ifGood = (weights: Weights, totals: BandwidthTotals, scale: bigint): Weights | undefined =>
  check(weights, totals, scale) === 'good' ? weights : undefined;

/** Case 1. */
function noneScarce({ guard: G, middle: M, exit: E }: BandwidthTotals, scale: bigint): Weights {
  const third = scale / 3n;
  const ee = (scale * (E + G + M)) / (3n * E);
  const mg = (scale * (2n * G - E - M)) / (3n * G);
  return { gd: third, ed: third, md: third, ee, me: scale - ee, mg, gg: scale - mg };
}

/** Case 2: all that can be guard or exit is needed there. */
function bothScarce(totals: BandwidthTotals, scale: bigint): Weights | undefined {
  const { guard: G, middle: M, exit: E, both: D } = totals;
  const [less, more] = E < G ? [E, G] : [G, E];
  if (less + D < more) {
    const toExits = E < G;
    return { gg: scale, ee: scale, mg: 0n, me: 0n, md: 0n, ed: toExits ? scale : 0n, gd: toExits ? 0n : scale };
  }
  const ed = (scale * (D - 2n * E + 4n * G - 2n * M)) / (3n * D);
  const rest = (scale - ed) / 2n;
  const first = { ee: (scale * (E - G + M)) / E, ed, me: (scale * (G - M)) / E, mg: 0n, gg: scale, md: rest, gd: rest };
  if (check(first, totals, scale) === 'good') return first;
  const otherEd = (scale * (D - 2n * E + G + M)) / (3n * D);
  const balancedMd = (scale * (D - 2n * M + G + E)) / (3n * D);
  const md = balancedMd < 0n ? 0n : balancedMd;
  const second = { gg: scale, ee: scale, ed: otherEd, md, me: 0n, mg: 0n, gd: scale - otherEd - md };
  const state = check(second, totals, scale);
  return state === 'good' || state === 'middle unbalanced' ? second : undefined;
}

/** Case 3: guards or exits are scarce, not both. */
function oneScarce(totals: BandwidthTotals, scale: bigint): Weights | undefined {
  const { guard: G, middle: M, exit: E, both: D, total: T } = totals;
  const scarce = G < E ? G : E;
  if (3n * (scarce + D) < T) {
    if (G < E) {
      const me = E < M ? 0n : (scale * (E - M)) / (2n * E);
      return { gg: scale, gd: scale, md: 0n, ed: 0n, mg: 0n, me, ee: scale - me };
    }
    const mg = G < M ? 0n : (scale * (G - M)) / (2n * G);
    return { ee: scale, ed: scale, md: 0n, gd: 0n, me: 0n, mg, gg: scale - mg };
  }
  if (G < E) {
    const gd = (scale * (D - 2n * G + E + M)) / (3n * D);
    const ee = (scale * (E + M)) / (2n * E);
    const rest = (scale - gd) / 2n;
    return ifGood({ gg: scale, gd, mg: 0n, ee, me: scale - ee, md: rest, ed: rest }, totals, scale);
  }
  const ed = (scale * (D - 2n * E + G + M)) / (3n * D);
  const gg = (scale * (G + M)) / (2n * G);
  const rest = (scale - ed) / 2n;
  return ifGood({ ee: scale, ed, me: 0n, gg, mg: scale - gg, md: rest, gd: rest }, totals, scale);
}

function format(w: Weights, scale: bigint): string {
  return (
    `bandwidth-weights Wbd=${w.md} Wbe=${w.me} Wbg=${w.mg} Wbm=${scale} Wdb=${scale} ` +
    `Web=${scale} Wed=${w.ed} Wee=${w.ee} Weg=${w.ed} Wem=${w.ee} ` +
    `Wgb=${scale} Wgd=${w.gd} Wgg=${w.gg} Wgm=${w.gg} ` +
    `Wmb=${scale} Wmd=${w.md} Wme=${w.me} Wmg=${w.mg} Wmm=${scale}\n`
  );
}

/** Adds up the bandwidth of relays. Every position begins with one, so that no division is by zero. */
export class BandwidthCount {
  #guard = 1;
  #middle = 1;
  #exit = 1;
  #both = 1;
  #total = 4;

  /** `guardFraction`: percent of the time that a young guard counts as guard. spec: proposal 236 */
  add(bandwidth: number, isExit: boolean, isGuard: boolean, guardFraction: number | undefined): void {
    const main = guardFraction === undefined ? bandwidth : Math.round((guardFraction / 100) * bandwidth);
    const rest = bandwidth - main;
    this.#total += main;
    if (isExit && isGuard) {
      this.#both += main;
      this.#exit += rest;
    } else if (isExit) {
      this.#exit += main;
    } else if (isGuard) {
      this.#guard += main;
      this.#middle += rest;
    } else {
      this.#middle += main;
    }
  }

  get totals(): BandwidthTotals {
    return {
      guard: BigInt(this.#guard),
      middle: BigInt(this.#middle),
      exit: BigInt(this.#exit),
      both: BigInt(this.#both),
      total: BigInt(this.#total),
    };
  }
}
