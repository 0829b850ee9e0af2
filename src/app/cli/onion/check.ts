import { TorError } from '../../../base/errors/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { onionHostname, parseOnionAddress, surveyHsDirs } from '../../../roles/onion/index.ts';
import type { Tor } from '../../library/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';
import { inWords, readArguments, startTor, untilInterrupted } from './arguments.ts';

const connectTimeoutMs = 90_000;
const offline = 'offline      no directory holds its descriptor: the service is not running, or never was\n';
const unknown =
  'unknown      no directory could be asked, so nothing is known of the service: the network fails, not the address.\n' +
  '             Try again in some minutes.\n';
const mostlyOffline = (silent: number): string =>
  `offline      no directory that could be asked holds its descriptor; ${silent} could not be asked. The service is\n` +
  '             probably not running; try again in some minutes.\n';

/** Why an introduction point did not pass our message on. */
function introductionFailure(reason: string): string {
  if (reason === 'ONION_INTRO_FAILED') return 'does not know the service, or lets no more through to it now';
  if (reason === 'TIMEOUT') return 'did not answer in time';
  return `could not be reached: ${inWords(reason)}`;
}

/** `tropea onion check`: each step a client takes, and the one that fails. */
export async function check(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  const given = readArguments(args);
  const { host, port } = placeOf(given.target);
  const identityKey = parseOnionAddress(host);
  io.stdout(`address      ${onionHostname(identityKey)} is whole\n`);
  const signal = untilInterrupted();
  const tor = await startTor(given, io, signal);
  try {
    const { holders, silent, asked } = await surveyed(tor, identityKey, io);
    if (holders === 0) {
      io.stdout(silent === asked ? unknown : silent > 0 ? mostlyOffline(silent) : offline);
      return 1;
    }
    return await connected(tor, { host: onionHostname(identityKey), port: given.port ?? port, signal }, io);
  } finally {
    await tor.close();
  }
}

/** A host, or the address of a page there as it is copied from a browser. */
function placeOf(target: string): { readonly host: string; readonly port: number } {
  const isPage = /^https?:\/\//i.test(target);
  if (isPage && !URL.canParse(target)) {
    throw new TorError('COMMAND_USAGE', `${target} is no address of a page. See tropea onion --help.`);
  }
  const url = isPage ? new URL(target) : undefined;
  if (url === undefined) return { host: target, port: 80 };
  return { host: url.hostname, port: url.port !== '' ? Number(url.port) : url.protocol === 'https:' ? 443 : 80 };
}

/** How many directories there are, how many of them hold the descriptor, and how many could not be asked. */
interface Survey {
  readonly asked: number;
  readonly holders: number;
  readonly silent: number;
}

async function surveyed(tor: Tor, identityKey: Uint8Array, io: ProgramIo): Promise<Survey> {
  const { circuits, directory, dirRequest } = tor.parts;
  const netdir = await directory.whenReady();
  let [asked, holders, silent] = [0, 0, 0];
  let expiresMs = Number.POSITIVE_INFINITY;
  for await (const answer of surveyHsDirs({ ...nodeRuntime, circuits, dirRequest }, identityKey, netdir)) {
    const { nickname } = answer.hsDir;
    asked++;
    if (answer.state === 'holds') {
      holders++;
      expiresMs = Math.min(expiresMs, answer.certExpiresMs);
      const minutes = Math.round(answer.lifetimeSec / 60);
      io.stdout(`descriptor   ${nickname} holds revision ${answer.revisionCounter}, good for ${minutes} minutes\n`);
    } else if (answer.state === 'nothing') io.stdout(`descriptor   ${nickname} does not have it\n`);
    else {
      silent++;
      io.stdout(`descriptor   ${nickname} could not be asked: ${answer.error.message}\n`);
    }
  }
  if (holders > 0) io.stdout(`certificate  runs out ${new Date(expiresMs).toISOString()}\n`);
  return { asked, holders, silent };
}

async function connected(
  tor: Tor,
  { host, port, signal }: { readonly host: string; readonly port: number; readonly signal: AbortSignal },
  io: ProgramIo,
): Promise<ExitCode> {
  const { events } = tor.parts.onionClient;
  const name = (fingerprint: string): string =>
    tor.parts.directory.netdir?.byFingerprint(fingerprint)?.nickname ?? fingerprint.slice(0, 8);
  events.on('descriptorReceived', ({ introPoints }) =>
    io.stdout(`opened       the descriptor names ${introPoints} introduction points\n`),
  );
  events.on('introduced', ({ introPoint }) => io.stdout(`introduced   ${name(introPoint)} passed our message on\n`));
  events.on('introductionFailed', ({ introPoint, reason }) =>
    io.stdout(`introduction ${name(introPoint)} ${introductionFailure(reason)}\n`),
  );
  events.on('joined', ({ elapsedMs }) =>
    io.stdout(`met          at the rendezvous point after ${Math.round(elapsedMs)} ms\n`),
  );
  try {
    const socket = await tor.connect(host, port, { timeoutMs: connectTimeoutMs, signal });
    socket.destroy();
    io.stdout(`up           the service took a connection to port ${port}\n`);
    return 0;
  } catch (thrown) {
    const error = TorError.from(thrown);
    if (error.code === 'STREAM_FAILED') {
      io.stdout(`refused      the service is up, but does not take connections to port ${port}: ${error.message}\n`);
      return 1;
    }
    io.stdout(`failed       ${error.code}: ${error.message}\n             ${error.fix}\n`);
    return 1;
  }
}
