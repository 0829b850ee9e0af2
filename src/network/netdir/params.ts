/** Network parameters of a consensus with every known name's range and default. spec: param-spec */
export interface ConsensusParams {
  /** The value in force: the consensus' own, clamped to the range, or the default. */
  get(name: ParamName): number;
  /** What the consensus itself says, unclamped; any name. */
  raw(name: string): number | undefined;
}

export interface ParamInfo {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

const int32Max = 2147483647;
const p = (min: number, max: number, fallback: number): ParamInfo => ({ min, max, default: fallback });

/** Names, ranges and defaults as C tor 0.4.9 asks for them. */
export const paramTable = {
  circwindow: p(100, 1000, 1000),
  bwweightscale: p(1, int32Max, 10000),
} as const satisfies Record<string, ParamInfo>;

export type ParamName = keyof typeof paramTable;
