import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  statusOf,
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
  const folder = await claimLabFolder(name);
  const stop = untilSignal();
  const lab = await start(topology, { folder, keep: given.options.has('keep'), signal: stop.signal }, io);
  const host = new LabHost(name, lab);
  try {
    await host.listen();
    io.stdout(`\n${statusText(statusOf(name, lab))}\nCtrl-C ends it.\n`);
    await Promise.race([aborted(stop.signal), host.ended]);
    io.stdout('Ending the nodes.\n');
  } finally {
    await lab.stop();
    // As long as it answers, others know that nodes are ending.
    host.close();
    stop.forget();
  }
  return 0;
}

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
  const folder = await claimLabFolder(name);
  const logFile = `${folder}.log`;
  const log = openSync(logFile, 'w', 0o600);
  const args = process.argv.slice(1).filter((word) => word !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended = false;
  child.on('exit', () => {
    ended = true;
  });
  child.on('error', () => {
    ended = true;
  });
  for (;;) {
    const status = await askLab(name, { do: 'status' }).catch(() => undefined);
    if (status !== undefined) {
      child.unref();
      io.stdout(statusText(status));
      io.stdout(`It runs in the background (process ${child.pid}); tropea lab down ends it.\n`);
      return 0;
    }
    if (ended) {
      throw new TorError('LAB_FAILED', `The lab did not start.\n${readFileSync(join(logFile), 'utf8')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
