import { TorError } from '../../base/errors/index.ts';
import { dumpOptions } from '../../wire/torrc/index.ts';
import type { Configuration } from '../node/config/index.ts';
import type { ConfiguredRun } from './configured-run.ts';
import type { ExitCode } from './program.ts';

/** Commands that need the configuration and no network. */
export async function runOffline(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  const { commandLine, quiet, io, log } = run;
  switch (commandLine.command) {
    case 'verify-config':
      if (quiet === 'none') io.stdout('Configuration was valid\n');
      return 0;
    case 'dump-config':
      return dumpConfig(run, configuration);
    default: {
      const { runKeyCommand } = await import('./keys/key-commands.ts');
      try {
        return await runKeyCommand(run, configuration);
      } catch (error) {
        const known = TorError.from(error);
        if (known.kind === 'bug') throw error;
        log.err('general', known.advice);
        return 1;
      }
    }
  }
}

function dumpConfig({ commandLine, io }: ConfiguredRun, configuration: Configuration): ExitCode {
  switch (commandLine.argument) {
    case 'non-builtin':
      io.stderr("'non-builtin' is deprecated; use 'short' instead.\n");
      io.stdout(configuration.text());
      return 0;
    case 'short':
      io.stdout(configuration.text());
      return 0;
    case 'full':
      io.stdout(dumpOptions(configuration.options));
      return 0;
    default:
      io.stderr("No valid argument to --dump-config found!\nPlease select 'short' or 'full'.\n");
      return 1;
  }
}
