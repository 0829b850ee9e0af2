import { TorError } from '../../../base/errors/index.ts';
import { askLab, type LabRequest, labFolder, readyMadeNetworks } from '../../lab/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';
import type { LabArguments } from './arguments.ts';
import { labDemo } from './demo.ts';
import { execInLab } from './exec.ts';
import { showLog } from './logs.ts';
import { statusText } from './status-text.ts';
import { labUp } from './up.ts';

const networks = Object.entries(readyMadeNetworks)
  .map(([name, { summary }]) => `    ${name.padEnd(10)} ${summary}`)
  .join('\n');

const usage = `tropea lab demo [--once]
    a network from nothing, and step by step how a client reaches an onion service in it
tropea lab up [FILE | NETWORK] [--implementation tor|tropea]
          [--processes NUMBER] [--detach] [--keep]
    starts a private Tor network on this machine and keeps it until Ctrl-C; nodes
    of Tropea share NUMBER processes, or have one each with 0
tropea lab status [--json]
tropea lab exec -- PROGRAM [ARGUMENT...]
    runs a program with proxy settings that lead into the network
tropea lab logs NODE [--follow]
tropea lab kill | stop | start | restart NODE
tropea lab down
All take --name NAME to tell several labs apart.

Ready-made networks:
${networks}
`;

const valued = new Set(['name', 'implementation', 'processes']);
const flags = new Set(['once', 'detach', 'keep', 'json', 'follow']);

function readArguments(args: readonly string[]): LabArguments {
  const dashes = args.indexOf('--');
  const own = dashes < 0 ? args : args.slice(0, dashes);
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < own.length; i++) {
    const word = own[i] ?? '';
    if (!word.startsWith('--')) words.push(word);
    else {
      const [key = '', inline] = word.slice(2).split('=', 2);
      if (valued.has(key)) options.set(key, inline ?? own[++i] ?? '');
      else if (flags.has(key)) options.set(key, '1');
      else throw new TorError('COMMAND_USAGE', `tropea lab has no option ${word}.\n${usage}`);
    }
  }
  return { words, options, rest: dashes < 0 ? [] : args.slice(dashes + 1) };
}

/** `tropea lab`. */
export async function run(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  if (args.length === 0 || ['--help', '-h', 'help'].includes(args[0] ?? '')) {
    io.stdout(usage);
    return args.length === 0 ? 1 : 0;
  }
  // All of a node's code, which only that process needs.
  if (args[0] === 'host') return (await import('./host.ts')).host(io);
  const given = readArguments(args);
  const [action = '', operand] = given.words;
  refuseMore(action, given);
  const name = given.options.get('name') ?? 'default';
  labFolder(name);
  switch (action) {
    case 'up':
      return labUp(name, given, io);
    case 'demo':
      return labDemo(name, given, io);
    case 'status': {
      const status = await askLab(name, { do: 'status' });
      io.stdout(given.options.has('json') ? `${JSON.stringify(status, null, 1)}\n` : statusText(status));
      return 0;
    }
    case 'down':
      return down(name, io);
    case 'exec':
      return execInLab(await askLab(name, { do: 'status' }), given.rest.length > 0 ? given.rest : given.words.slice(1));
    case 'logs':
      return showLog(await askLab(name, { do: 'status' }), needed(operand), given.options.has('follow'), io);
    case 'kill':
    case 'stop':
    case 'start':
    case 'restart':
      return steer(name, { do: action, node: needed(operand) }, io);
    default:
      throw new TorError('COMMAND_USAGE', `tropea lab has no command ${action}.\n${usage}`);
  }
}

/** How many words a command takes after its name; those of `exec` are the program's. */
const operands: Readonly<Record<string, number>> = {
  up: 1,
  demo: 0,
  status: 0,
  down: 0,
  logs: 1,
  kill: 1,
  stop: 1,
  start: 1,
  restart: 1,
};

function refuseMore(action: string, { words }: LabArguments): void {
  const most = operands[action];
  const more = most === undefined ? undefined : words[most + 1];
  if (more !== undefined)
    throw new TorError('COMMAND_USAGE', `tropea lab ${action} does not take "${more}".\n${usage}`);
}

function needed(operand: string | undefined): string {
  if (operand === undefined) throw new TorError('COMMAND_USAGE', `The name of a node is missing.\n${usage}`);
  return operand;
}

async function steer(name: string, request: LabRequest, io: ProgramIo): Promise<ExitCode> {
  io.stdout(statusText(await askLab(name, request)));
  return 0;
}

/** Asks for the end and waits until nobody answers any more. */
async function down(name: string, io: ProgramIo): Promise<ExitCode> {
  // One that is still starting gives up.
  await askLab(name, { do: 'down' }).catch(unlessStarting);
  for (;;) {
    const status = await askLab(name, { do: 'status' }).catch(noLab);
    if (status === 'none') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  io.stdout(`The lab ${name} is down.\n`);
  return 0;
}

function unlessStarting(error: unknown): void {
  if (!TorError.is(error) || error.code !== 'LAB_STARTING') throw error;
}

const noLab = (error: unknown): 'none' | undefined =>
  TorError.is(error) && error.code === 'LAB_STARTING' ? undefined : 'none';
