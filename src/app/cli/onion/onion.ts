import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { base32 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { expandedKeyFrom, x25519KeyPair } from '../../../crypto/primitives/index.ts';
import { parseTaggedFile } from '../../../network/storage/index.ts';
import {
  formatAuthorizedClient,
  formatClientCredential,
  onionHostname,
  onionLabel,
  parseOnionAddress,
} from '../../../roles/onion/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';

const keyFiles = 'give hs_ed25519_secret_key, hs_ed25519_public_key, or the folder of a service.';

const usage = `tropea onion address KEYFILE | FOLDER
    the address that belongs to hs_ed25519_secret_key or hs_ed25519_public_key, or to the folder of a service
tropea onion publish TARGET [--port PORT] [--key FOLDER] [--client LINE]...
    makes a port or a unix socket of this machine reachable at an onion address until Ctrl-C, and shows each step;
    --key keeps the address in a folder as tor does, --client lets only the holder of a key in
tropea onion check ADDRESS [--port PORT]
    whether an address is whole, which directories hold its descriptor, and whether the service answers
tropea onion auth new [ADDRESS]
    a key pair for one client of a service: a line for each side
publish and check take --data-directory FOLDER, and --torrc FILE for another network than the public one.
`;

export async function run(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  const [action, first, second] = args;
  if (action === 'help' || args.includes('--help') || args.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  if (action === 'address' && first !== undefined && args.length === 2) return address(first, io);
  if (action === 'publish' && first !== undefined) {
    const { publish } = await import('./publish.ts');
    return untilStopped(() => publish(args.slice(1), io), io);
  }
  if (action === 'check' && first !== undefined) {
    const { check } = await import('./check.ts');
    return untilStopped(() => check(args.slice(1), io), io);
  }
  if (action === 'auth' && first === 'new' && args.length <= 3) return newClient(second, io);
  io.stderr(usage);
  return 1;
}

/** Ctrl-C before the network was joined is no failure that needs words. */
async function untilStopped(work: () => Promise<ExitCode>, io: ProgramIo): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!TorError.is(error) || error.code !== 'ABORTED') throw error;
    io.stderr('Stopped.\n');
    return 1;
  }
}

function address(file: string, io: ProgramIo): ExitCode {
  io.stdout(`${onionHostname(publicKeyIn(file))}\n`);
  return 0;
}

function publicKeyIn(file: string): Uint8Array {
  const content = readKeyFile(file);
  try {
    const isPublic = content.length === 64;
    if (isPublic) return parseTaggedFile(content, 'ed25519v1-public', 'type0', 32);
    return expandedKeyFrom(parseTaggedFile(content, 'ed25519v1-secret', 'type0', 64)).publicKey;
  } catch (cause) {
    throw new TorError('COMMAND_USAGE', `${file} is no key of an onion service: ${keyFiles}`, { cause });
  }
}

/** The file, or the secret key in a service's folder. */
function readKeyFile(path: string): Uint8Array {
  try {
    const file = statSync(path).isDirectory() ? join(path, 'hs_ed25519_secret_key') : path;
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TorError('COMMAND_USAGE', `Cannot read ${path}: ${why}.`, { cause });
  }
}

function newClient(service: string | undefined, io: ProgramIo): ExitCode {
  const { secretKey, publicKey } = x25519KeyPair(nodeRuntime.random);
  const label = service === undefined ? undefined : onionLabel(parseOnionAddress(service));
  io.stdout(
    `# For the service: a file NAME.auth in its authorized_clients folder\n${formatAuthorizedClient(secretKey)}` +
      '# For the client: a file NAME.auth_private in its ClientOnionAuthDir\n' +
      formatClientCredential(label ?? '<56 characters of the address>', secretKey) +
      `# Public key: ${base32(publicKey).toUpperCase()}\n`,
  );
  return 0;
}
