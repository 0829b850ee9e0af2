import { TorError } from '../../base/errors/index.ts';
import { Logger } from '../../base/log/index.ts';
import { LogTargets } from '../node/logging/index.ts';
import { type CommandLine, parseCommandLine } from './command-line.ts';
import type { ConfiguredRun } from './configured-run.ts';
import { isImmediate, runImmediate } from './immediate.ts';
import { type ExitCode, type ProgramIo, processIo } from './program.ts';
import { findSubcommand, isSubcommandWord, unknownSubcommand } from './subcommands.ts';
import { logHead, productName } from './version.ts';

const exitGraceMs = 3000;

/** What bin/tropea does: runs `main` on this process and lets it end when nothing is left to do. */
export async function runProgram(args: readonly string[]): Promise<void> {
  // Who reads our output may stop doing so (`tropea --help | head`); that is no reason to fail.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.exitCode = await main(args, processIo);
  // What was left open after a failed start must not keep a process without a purpose alive.
  setTimeout(() => process.exit(), exitGraceMs).unref();
}

/** The program: a subcommand when the first word has no dash, else all that `tor` does. */
export async function main(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  const [first] = args;
  if (first !== undefined && isSubcommandWord(first)) {
    const load = findSubcommand(first);
    if (load === undefined) return unknownSubcommand(first, io);
    return runSubcommand(async () => (await load()).run(args.slice(1), io), io);
  }
  return runTor(args, io);
}

async function runSubcommand(run: () => Promise<ExitCode>, io: ProgramIo): Promise<ExitCode> {
  try {
    return await run();
  } catch (error) {
    const known = TorError.from(error);
    if (known.kind === 'bug') throw error;
    io.stderr(`${known.message}\n${known.fix}\n`);
    return 1;
  }
}

async function runTor(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  const { quiet } = parseCommandLine(args, { lenient: true });
  const now = (): number => Date.now();
  const log = new Logger(now);
  const targets = new LogTargets({ log, stdout: io.stdout, stderr: io.stderr, now }, { product: productName });
  targets.useDefault(quiet);
  logHead(log);
  const commandLine = readCommandLine(args, log);
  if (commandLine === undefined) return failed(log);
  if (isImmediate(commandLine.command)) return runImmediate(commandLine.command, io);
  return runConfigured({ commandLine, quiet, log, targets, io });
}

async function runConfigured(run: ConfiguredRun): Promise<ExitCode> {
  const { commandLine, log, io } = run;
  if (commandLine.command === 'hash-password') {
    const { hashPassword } = await import('./hash-password.ts');
    warnOfRoot(log);
    return hashPassword(commandLine.argument, io);
  }
  const { loadConfiguration } = await import('./load-configuration.ts');
  const configuration = await loadConfiguration(run);
  if (configuration === undefined) return failed(log);
  warnOfRoot(log);
  if (commandLine.command === 'run') {
    const { runNode } = await import('./run/run-node.ts');
    return runNode(run, configuration);
  }
  const { runOffline } = await import('./offline.ts');
  return runOffline(run, configuration);
}

function readCommandLine(args: readonly string[], log: Logger): CommandLine | undefined {
  try {
    return parseCommandLine(args, { warn: (message) => log.warn('config', message) });
  } catch (error) {
    log.warn('config', TorError.from(error).message);
    return undefined;
  }
}

function failed(log: Logger): ExitCode {
  log.err('config', 'Reading config failed--see warnings above.');
  return 1;
}

function warnOfRoot(log: Logger): void {
  if (process.geteuid?.() !== 0) return;
  log.warn('general', "You are running Tor as root. You don't need to, and you probably shouldn't.");
}
