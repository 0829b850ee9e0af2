import type { TorOptions } from '../../../wire/torrc/index.ts';
import type { ConfiguredRun } from '../configured-run.ts';

/** Brings `Log` options into force; a reload by signal also empties files when TruncateLogFile is set. */
export class LogControl {
  readonly #run: ConfiguredRun;
  #truncate = true;

  constructor(run: ConfiguredRun) {
    this.#run = run;
  }

  /** Throws TORRC_VALUE, STORAGE_FAILED; the old targets stay then. */
  configure(options: TorOptions, old?: TorOptions): void {
    const { targets, quiet } = this.#run;
    const known = old === undefined || this.#truncate ? {} : { old };
    targets.configure(options, { quiet, daemon: options.get('RunAsDaemon'), ...known });
    this.#truncate = false;
  }

  truncateNext(): void {
    this.#truncate = true;
  }

  switchToDebug(): void {
    this.#run.targets.switchToDebug();
  }
}
