import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ErrorCode, errorCodes, TorError } from '../../../base/errors/index.ts';
import { type StartProgress, Tor } from '../../library/index.ts';
import type { ProgramIo } from '../program.ts';

export interface OnionArguments {
  readonly target: string;
  readonly port: number | undefined;
  readonly key: string | undefined;
  readonly clients: readonly string[];
  readonly dataDirectory: string | undefined;
  readonly torrc: string | undefined;
}

const text = { type: 'string' } as const;

/** Throws COMMAND_USAGE. */
export function readArguments(args: readonly string[]): OnionArguments {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { port: text, key: text, client: { ...text, multiple: true }, 'data-directory': text, torrc: text },
    });
    const [target, ...rest] = positionals;
    if (target === undefined || rest.length > 0) throw new Error('one target is needed');
    return {
      target,
      port: values.port === undefined ? undefined : portOf(values.port),
      key: values.key,
      clients: values.client ?? [],
      dataDirectory: values['data-directory'],
      torrc: values.torrc,
    };
  } catch (error) {
    if (error instanceof TorError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new TorError('COMMAND_USAGE', `${why}. See tropea onion --help.`, { cause: error });
  }
}

/** Throws COMMAND_USAGE. */
export function portOf(word: string): number {
  const port = /^\d{1,5}$/.test(word) ? Number(word) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new TorError('COMMAND_USAGE', `${word} is not a port from 1 to 65535. See tropea onion --help.`);
}

function readTorrc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TorError('COMMAND_USAGE', `Cannot read ${file}: ${why}`, { cause });
  }
}

/** Joins the network with progress on standard error. */
export async function startTor(given: OnionArguments, io: ProgramIo, signal: AbortSignal): Promise<Tor> {
  const isTerminal = process.stderr.isTTY === true;
  let shown = '';
  const onProgress = ({ percent, summary, warning }: StartProgress): void => {
    const line = `${String(percent).padStart(3)}% ${warning ?? summary}`;
    if (line === shown) return;
    shown = line;
    io.stderr(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
  const tor = await Tor.start({
    signal,
    onProgress,
    ...(given.dataDirectory === undefined ? {} : { dataDirectory: given.dataDirectory }),
    ...(given.torrc === undefined ? {} : { torrc: readTorrc(given.torrc) }),
    onLog: ({ severity, message }) => {
      if (severity === 'warn' || severity === 'err')
        io.stderr(`${isTerminal ? '\r\u001b[K' : ''}[${severity}] ${message}\n`);
    },
  });
  io.stderr(`${isTerminal ? '\r\u001b[K' : ''}Joined the network.\n`);
  return tor;
}

/** A code of ours as a sentence without its full stop; other words as they are. */
export function inWords(reason: string): string {
  if (!Object.hasOwn(errorCodes, reason)) return reason;
  return new TorError(reason as ErrorCode).message.replace(/\.$/, '');
}

/** Aborts at the first Ctrl-C or SIGTERM; a second one ends the program by itself. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new TorError('ABORTED', 'interrupted'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}
