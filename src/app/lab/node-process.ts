/** A node that was started: a process of its own, or one of several in a process. */
export interface NodeProcess {
  readonly name: string;
  /** Of the process it is in. */
  readonly pid: number;
  readonly running: boolean;
  readonly exited: Promise<void>;
  /** How it ended. */
  readonly ended: string | undefined;
  /** What it said so far. */
  readonly lines: readonly string[];
  tail(count?: number): string;
  search(pattern: RegExp): string[];
  waitForLine(pattern: RegExp, options: { readonly timeoutMs: number; readonly after?: number }): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Tries at once what failed before. */
  retry(): void;
  /** Ends it and all it started, at once. */
  kill(): Promise<void>;
  /** Asks it to end; kills it when it has not after the time given. */
  stop(timeoutMs?: number): Promise<void>;
}
