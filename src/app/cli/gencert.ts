import { readSync } from 'node:fs';
import { access, chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { parseIpv4 } from '../../base/ip/index.ts';
import { defaultMonths, makeAuthorityKeys, maxMonths, minPassphraseLength } from '../../roles/authority/index.ts';
import type { AddressPort } from '../../wire/netdoc/index.ts';
import type { ExitCode, ProgramIo } from './program.ts';

const usage = `tropea gencert [-h|--help] [-v] [-r|--reuse] [--create-identity-key]
      [-i identity_key_file] [-s signing_key_file] [-c certificate_file]
      [-m lifetime_in_months] [-a address:port] [--passphrase-fd fd]
Makes the keys of a directory authority, as tor-gencert does, in the same files.
The passphrase is read from the descriptor, or from the variable TROPEA_PASSPHRASE.
`;

interface Options {
  identityFile: string;
  signingFile: string;
  certificateFile: string;
  months: number;
  dirAddress: AddressPort | undefined;
  createIdentity: boolean;
  reuse: boolean;
  passphraseFd: number | undefined;
  help: boolean;
}

/** tor-gencert's own work under our name. */
export async function run(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  try {
    const options = parse(args);
    if (options.help) {
      io.stdout(usage);
      return 0;
    }
    await generate(options, io);
    return 0;
  } catch (error) {
    if (!TorError.is(error)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
}

const fail = (message: string): never => {
  throw new TorError('COMMAND_USAGE', message);
};

function parse(args: readonly string[]): Options {
  const options: Options = {
    identityFile: './authority_identity_key',
    signingFile: './authority_signing_key',
    certificateFile: './authority_certificate',
    months: defaultMonths,
    dirAddress: undefined,
    createIdentity: false,
    reuse: false,
    passphraseFd: undefined,
    help: false,
  };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const name = word;
    const value = (): string => rest.shift() ?? fail(`No argument to ${name}`);
    if (name === '-h' || name === '--help') options.help = true;
    else if (name === '-i') options.identityFile = value();
    else if (name === '-s') options.signingFile = value();
    else if (name === '-c') options.certificateFile = value();
    else if (name === '-m') options.months = monthsOf(value());
    else if (name === '-a') options.dirAddress = addressOf(value());
    else if (name === '-r' || name === '--reuse') options.reuse = true;
    else if (name === '--create-identity-key') options.createIdentity = true;
    else if (name === '--passphrase-fd') options.passphraseFd = Number(value());
    else if (name !== '-v') fail(`Unrecognized option ${name}`);
  }
  return options;
}

function monthsOf(text: string): number {
  const months = Number(text);
  return Number.isInteger(months) && months >= 0 && months <= maxMonths
    ? months
    : fail('Lifetime (in months) was out of range.');
}

function addressOf(text: string): AddressPort {
  const match = /^([0-9.]+):(\d{1,5})$/.exec(text);
  const address = parseIpv4(match?.[1] ?? '');
  const port = Number(match?.[2]);
  return address === undefined || !(port > 0 && port < 65536)
    ? fail(`Not an IPv4 address and port: ${text}`)
    : { address, port };
}

async function generate(options: Options, io: ProgramIo): Promise<void> {
  const passphrase = passphraseOf(options);
  const exists = await access(options.identityFile).then(
    () => true,
    () => false,
  );
  if (options.createIdentity && exists) {
    fail(`--create-identity-key was specified, but ${options.identityFile} already exists.`);
  }
  if (!options.createIdentity && !exists) {
    fail(
      `No identity key found in ${options.identityFile}.  To specify a location for an identity key, use -i.  ` +
        'To generate a new identity key, use --create-identity-key.',
    );
  }
  if (options.createIdentity && passphrase.length < minPassphraseLength) {
    fail(`Passphrase empty or too short. Passphrase needs to be at least ${minPassphraseLength} characters.`);
  }
  const made = await makeAuthorityKeys(
    {
      passphrase,
      identityKey: options.createIdentity ? undefined : await readKey(options.identityFile),
      signingKey: options.reuse ? await readKey(options.signingFile) : undefined,
      months: options.months,
      dirAddress: options.dirAddress,
    },
    { now: () => Date.now(), monotonic: () => performance.now() },
  );
  if (made.identityKey !== undefined) await save(options.identityFile, made.identityKey, 0o400);
  if (!options.reuse) await save(options.signingFile, made.signingKey, 0o600);
  await save(options.certificateFile, made.certificate, 0o644);
  io.stdout(`Certificate of authority ${base16Upper(made.identity)} written to ${options.certificateFile}.\n`);
}

async function readKey(name: string): Promise<string> {
  try {
    return await readFile(name, 'latin1');
  } catch (error) {
    throw new TorError('STORAGE_FAILED', `Couldn't open ${name} for reading`, { cause: error });
  }
}

async function save(name: string, text: string, mode: number): Promise<void> {
  const temporary = `${name}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flush: true });
    await chmod(temporary, mode);
    await rename(temporary, name);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new TorError('STORAGE_FAILED', `Couldn't write ${name}`, { cause: error });
  }
}

const maxPassphrase = 1024;

function passphraseOf(options: Options): string {
  // biome-ignore lint/complexity/useLiteralKeys: process.env has an index signature
  if (options.passphraseFd === undefined) return process.env['TROPEA_PASSPHRASE'] ?? '';
  const buffer = Buffer.alloc(maxPassphrase);
  let length = 0;
  try {
    while (length < maxPassphrase && !buffer.subarray(0, length).includes(10)) {
      const count = readSync(options.passphraseFd, buffer, length, maxPassphrase - length, null);
      if (count === 0) break;
      length += count;
    }
  } catch (error) {
    throw new TorError('COMMAND_USAGE', "Couldn't read from passphrase fd", { cause: error });
  }
  return buffer.subarray(0, length).toString('utf8').split('\n', 1)[0] as string;
}
