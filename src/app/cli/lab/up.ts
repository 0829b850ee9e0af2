import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { TorError } from '../../../base/errors/index.ts';
import {
  askLab,
  claimLabFolder,
  type Implementation,
  Lab,
  LabHost,
  type LabTopology,
  loadTopology,
  sizeOf,
  usualProcesses,
} from '../../lab/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';
import type { LabArguments } from './arguments.ts';
import { statusText } from './status-text.ts';
import { aborted, untilSignal } from './until-signal.ts';

function implementationOf(given: LabArguments): Implementation | undefined {
  const name = given.options.get('implementation');
  if (name === undefined || name === 'tor' || name === 'tropea') return name;
  throw new TorError('COMMAND_USAGE', '--implementation is tor or tropea.');
}

function processesOf(given: LabArguments): number | undefined {
  const text = given.options.get('processes');
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) throw new TorError('COMMAND_USAGE', '--processes is a number; 0 is one for each node.');
  return Number(text);
}

/** What the command line says wins; without a word, all nodes are ours, in as many processes as help. */
function settled(written: LabTopology, given: LabArguments): LabTopology {
  return {
    ...written,
    implementation: implementationOf(given) ?? written.implementation ?? 'tropea',
    processes: processesOf(given) ?? written.processes ?? usualProcesses(),
  };
}

/** Starts a network and stays until Ctrl-C, SIGTERM or `tropea lab down`. */
export async function labUp(name: string, given: LabArguments, io: ProgramIo): Promise<ExitCode> {
  const written = await loadTopology(given.words[1] ?? 'basic');
  if (given.options.has('detach')) return detached(name, io);
  const topology = settled(written, given);
  const keep = given.options.has('keep');
  const host = await LabHost.claim(name);
  const { folder } = host;
  const stop = untilSignal();
  void host.ended.then(stop.stop);
  let lab: Lab | undefined;
  try {
    lab = await start(topology, { folder, keep, signal: stop.signal }, io);
    io.stdout(`\n${statusText(await host.serve(lab))}\nCtrl-C ends it.\n`);
    await aborted(stop.signal);
    io.stdout('Ending the nodes.\n');
    return 0;
  } catch (error) {
    if (!TorError.is(error) || error.code !== 'ABORTED') throw error;
    io.stdout('Ended before it was ready.\n');
    return 1;
  } finally {
    await lab?.stop();
    if (!keep && lab !== undefined) rmSync(detachedLog(folder), { force: true });
    // As long as it answers, others know that nodes are ending.
    host.close();
    stop.forget();
  }
}

/** What a lab in the background says. */
const detachedLog = (folder: string): string => `${folder}.log`;

function start(
  topology: LabTopology,
  place: { folder: string; keep: boolean; signal: AbortSignal },
  io: ProgramIo,
): Promise<Lab> {
  io.stdout(`Starting ${sizeOf(topology)} nodes.\n`);
  return Lab.start({ ...topology, ...place, progress: (text) => io.stdout(`  ${text}\n`) });
}

/** Starts the same command in the background and waits until it answers. */
async function detached(name: string, io: ProgramIo): Promise<ExitCode> {
  const logFile = detachedLog(await claimLabFolder(name));
  const log = openSync(logFile, 'w', 0o600);
  const args = process.argv.slice(1).filter((word) => word !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    for (const event of ['exit', 'error'])
      child.on(event, () => {
        ended = true;
        resolve();
      });
  });
  const stop = untilSignal();
  for (;;) {
    if (stop.signal.aborted) {
      child.kill('SIGTERM');
      await exited;
      rmSync(logFile, { force: true });
      io.stdout('Ended before it was ready.\n');
      return 1;
    }
    const status = await askLab(name, { do: 'status' }).catch(() => undefined);
    if (status !== undefined) {
      child.unref();
      stop.forget();
      io.stdout(statusText(status));
      io.stdout(`It runs in the background (process ${child.pid}); tropea lab down ends it.\n`);
      return 0;
    }
    if (ended) {
      throw new TorError('LAB_FAILED', `The lab did not start.\n${readFileSync(logFile, 'utf8').trimEnd()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
