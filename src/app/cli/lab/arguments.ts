export interface LabArguments {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** What stands after `--`. */
  readonly rest: readonly string[];
}
