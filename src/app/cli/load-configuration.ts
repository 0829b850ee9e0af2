import { totalmem } from 'node:os';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import { Configuration } from '../node/config/index.ts';
import type { ConfiguredRun } from './configured-run.ts';
import { userExists } from './run/switch-user.ts';
import { includeFiles, readDefaultsTorrc, readTorrc } from './torrc-files.ts';

const onlyWithKeygen = ['--newpass', '--no-passphrase', '--passphrase-fd'];

/** Reads and checks the configuration; what is wrong goes to the log, and then there is none. */
export async function loadConfiguration(run: ConfiguredRun): Promise<Configuration | undefined> {
  const { commandLine, log, io } = run;
  const deps = {
    notice: (message: string): void => log.notice('config', message),
    warn: (message: string): void => log.warn('config', message),
    readStdin: io.readStdin,
  };
  // Standard input can be read only once; a reload keeps what it gave.
  let typed: string | undefined;
  const readStdin = (): string => {
    typed ??= io.readStdin();
    return typed;
  };
  const alone = onlyWithKeygen.find((name) => commandLine.switches.some((given) => given.name === name));
  if (alone !== undefined && commandLine.command !== 'keygen') {
    log.err('config', `${alone} specified without --keygen!`);
    return undefined;
  }
  try {
    const configuration = new Configuration(
      {
        log,
        include: includeFiles,
        readFiles: () => ({
          defaults: readDefaultsTorrc(commandLine, deps),
          torrc: readTorrc(commandLine, { ...deps, readStdin }),
        }),
        totalMemoryBytes: totalmem(),
      },
      { commandLine: commandLine.options },
    );
    await checkWhatRuns(run, configuration);
    return configuration;
  } catch (error) {
    const known = TorError.from(error);
    if (known.kind === 'bug') throw error;
    if (known.facts.logged !== true) log.warn('config', `Failed to parse/validate config: ${known.message}`);
    return undefined;
  }
}

/** What only the node's rooms can check; they take a while to be read, and commands about keys do not need them. */
async function checkWhatRuns({ commandLine, log }: ConfiguredRun, configuration: Configuration): Promise<void> {
  if (commandLine.command !== 'run' && commandLine.command !== 'verify-config') return;
  const { checkConfig, checkSupport } = await import('../node/index.ts');
  await checkConfig(configuration.settings, log);
  checkUser(configuration.options.get('User'), log);
  if (commandLine.command === 'run') checkSupport(configuration.settings);
}

function checkUser(name: string | undefined, log: Logger): void {
  if (name === undefined || userExists(name)) return;
  log.warn('config', `Error setting configured user: ${name} not found`);
  throw new TorError('TORRC_VALUE', 'Problem with User value. See logs for details.', { facts: { option: 'User' } });
}
