import { connect } from 'node:net';
import { renderUnicodeCompact } from 'uqr';
import { TorError } from '../../../base/errors/index.ts';
import type { Emitter } from '../../../base/util/index.ts';
import { type OnionServiceEvents, parseAuthorizedClient } from '../../../roles/onion/index.ts';
import type { PublishedService, PublishOptions, Tor } from '../../library/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';
import { inWords, type OnionArguments, portOf, readArguments, startTor, untilInterrupted } from './arguments.ts';

const targetTimeoutMs = 1000;

/** `tropea onion publish`: one command from a port to an address, with every step in sight. */
export async function publish(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  const given = readArguments(args);
  const options = optionsOf(given);
  const silent = await silentTarget(options.to);
  if (silent !== undefined) {
    io.stderr(
      `Nothing takes connections at ${silent} on this machine yet; until something does, visitors are refused.\n`,
    );
  }
  const signal = untilInterrupted();
  const tor = await startTor(given, io, signal);
  try {
    const service = await publishWithSteps(tor, { ...options, signal }, io);
    io.stdout(`\n${service.hostname}\n`);
    if (process.stdout.isTTY === true) io.stdout(`${renderUnicodeCompact(service.url)}\n`);
    io.stderr(`\nReachable. Open ${service.url} in a Tor browser; Ctrl-C takes it down.\n`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await service.close();
    return 0;
  } finally {
    await tor.close();
  }
}

function optionsOf({ target, port, key, clients }: OnionArguments): PublishOptions {
  const to = target.startsWith('unix:')
    ? pathOf(target.slice('unix:'.length))
    : target.startsWith('/')
      ? target
      : portOf(target);
  return {
    port: port ?? 80,
    to,
    authorizedClients: clients.map(sound),
    ...(key === undefined ? {} : { key }),
  };
}

function pathOf(path: string): string {
  if (path !== '') return path;
  throw new TorError('COMMAND_USAGE', 'unix: needs the path of a socket. See tropea onion --help.');
}

/** What nothing listens at, in words; undefined when something does. */
async function silentTarget(to: PublishOptions['to']): Promise<string | undefined> {
  if (typeof to !== 'number' && typeof to !== 'string') return undefined;
  const socket = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
  const answered = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.setTimeout(targetTimeoutMs, () => resolve(true));
  });
  socket.destroy();
  if (answered) return undefined;
  return typeof to === 'number' ? `port ${to}` : to;
}

/** Before the network is joined. Throws ONION_AUTH_FILE_INVALID. */
function sound(client: string): string {
  parseAuthorizedClient(client);
  return client;
}

async function publishWithSteps(tor: Tor, options: PublishOptions, io: ProgramIo): Promise<PublishedService> {
  const off = tor.parts.services.events.on('added', ({ events }) => tellSteps(tor, events, io));
  try {
    return await tor.publish(options);
  } finally {
    off();
  }
}

/** The six steps of an onion service as they happen. */
function tellSteps(tor: Tor, events: Emitter<OnionServiceEvents>, io: ProgramIo): void {
  const name = (fingerprint: string): string =>
    tor.parts.directory.netdir?.byFingerprint(fingerprint)?.nickname ?? fingerprint.slice(0, 8);
  const tell = (step: number, words: string): void => io.stderr(`[${step}] ${words}\n`);
  events.on('introPointChosen', ({ relay }) => tell(1, `${name(relay)} is asked to be an introduction point`));
  events.on('introPointEstablished', ({ relay }) => tell(2, `${name(relay)} introduces clients from now on`));
  events.on('introPointLost', ({ relay, reason }) =>
    tell(2, `${name(relay)} does not introduce clients now: ${inWords(reason)}`),
  );
  events.on('uploaded', ({ relay }) => tell(3, `${name(relay)} keeps the signed descriptor`));
  events.on('uploadFailed', ({ relay, error }) =>
    tell(3, `${name(relay)} did not take the descriptor: ${error.message}`),
  );
  events.on('introduced', ({ relay }) => tell(4, `a client sent a message through ${name(relay)}`));
  events.on('introductionRefused', ({ reason }) => tell(4, `an introduction was dropped: ${reason}`));
  events.on('rendezvousJoined', ({ relay }) => tell(5, `met the client at ${name(relay)}`));
  events.on('rendezvousFailed', ({ relay, error }) => tell(5, `could not meet at ${name(relay)}: ${error.message}`));
  events.on('stream', ({ port }) => tell(6, `the client asks for port ${port}`));
  events.on('targetFailed', ({ port, reason }) =>
    tell(6, `nothing takes connections for port ${port} on this machine: ${reason}`),
  );
}
