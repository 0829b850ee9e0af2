import { spawn } from 'node:child_process';
import { TorError } from '../../../base/errors/index.ts';
import { formatLogLine } from '../../node/logging/index.ts';
import type { CommandLine } from '../command-line.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import type { ExitCode, ProgramIo } from '../program.ts';

/** Set for the process that stays; nobody else should set it. */
const marker = 'TROPEA_IN_BACKGROUND';
const ready = 'ready';

/** Whether this process is still the one in the foreground. */
export const isForeground = (): boolean => process.env[marker] === undefined;

/**
 * RunAsDaemon: Node.js cannot fork, so the program is started a second time, apart from this terminal, and this process
 * ends once the other one runs, or with its exit code when it does not come so far. Throws COMMAND_USAGE.
 */
export function runInBackground(commandLine: CommandLine, io: ProgramIo): Promise<ExitCode> {
  if (commandLine.switches.some(({ name, value }) => name === '-f' && value === '-')) {
    throw new TorError('COMMAND_USAGE', 'RunAsDaemon needs a torrc in a file: standard input can be read only once.');
  }
  const [program = '', ...args] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    detached: true,
    // Its standard output would say once more what was said here.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [marker]: '1' },
  });
  child.stderr?.on('data', (chunk: Buffer) => io.stderr(chunk.toString()));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      io.stderr(`Cannot run in the background: ${error.message}\n`);
      resolve(1);
    });
    child.once('close', (code) => resolve(code === 0 ? 0 : 1));
    child.once('message', (message) => {
      if (message !== ready) return;
      child.disconnect();
      child.stderr?.destroy();
      child.unref();
      resolve(0);
    });
  });
}

/** What goes wrong before `tellReady` is told in the foreground, wherever the log goes. */
export function tellTroubles({ log, io, quiet }: ConfiguredRun): () => void {
  if (isForeground() || quiet === 'quiet') return () => undefined;
  const format = { granularityMs: 1, domains: false };
  return log.addSink((record) => io.stderr(formatLogLine(record, format)), 'warn');
}

/** Lets the process in the foreground go. */
export function tellReady(): void {
  if (isForeground() || process.send === undefined) return;
  process.send(ready, () => {
    if (process.connected) process.disconnect();
  });
}
