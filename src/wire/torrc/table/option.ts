/**
 * The types of option values, by C tor's names.
 *
 * - `linelist`: every line counts, order kept. `linelist-s` options share one list with their relatives, kept in
 *   order, which `linelist-v` shows as a whole (`SocksPort` and `__SocksPort` in `SocksPortLines`).
 * - `interval` and `csv-interval` are seconds, `msec-interval` milliseconds, `memunit` bytes.
 */
export type OptionType =
  | 'bool'
  | 'autobool'
  | 'int'
  | 'posint'
  | 'uint64'
  | 'double'
  | 'interval'
  | 'msec-interval'
  | 'csv-interval'
  | 'memunit'
  | 'string'
  | 'filename'
  | 'csv'
  | 'routerset'
  | 'linelist'
  | 'linelist-s'
  | 'linelist-v';

export interface OptionTraits {
  /** Cannot change while the node runs. */
  readonly immutable?: true;
  /** Never written by SAVECONF or `--dump-config`. */
  readonly nodump?: true;
  /** Not a user's to set. */
  readonly invisible?: true;
  /** Accepted without effect, for this reason. */
  readonly inert?: string;
  /** A value other than the default stops the start, for this reason. */
  readonly refused?: string;
}

export interface OptionSpec<T extends OptionType = OptionType> extends OptionTraits {
  readonly type: T;
  /** As it would stand in a torrc; undefined: nothing is set. */
  readonly initial: string | undefined;
}

export function option<T extends OptionType>(type: T, initial?: string, traits: OptionTraits = {}): OptionSpec<T> {
  return { type, initial, ...traits };
}
