import type { Logger } from '../../base/log/index.ts';
import type { LogTargets } from '../node/logging/index.ts';
import type { CommandLine, Quiet } from './command-line.ts';
import type { ProgramIo } from './program.ts';

/** A start of the program whose command line has been read. */
export interface ConfiguredRun {
  readonly commandLine: CommandLine;
  readonly quiet: Quiet;
  readonly log: Logger;
  readonly targets: LogTargets;
  readonly io: ProgramIo;
}
