import { join } from 'node:path';
import { base16Upper, base64Unpadded } from '../../../base/bytes/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import { DataDirectory, formatIsoTime } from '../../../network/storage/index.ts';
import { loadIdentityKeys, type RelayIdentityKeys } from '../../../roles/relay/index.ts';
import { isRelay } from '../../../wire/torrc/index.ts';
import { type Configuration, directoryPaths } from '../../node/config/index.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import type { ExitCode } from '../program.ts';
import { makeFamilyKey } from './family-key.ts';

/** `--list-fingerprint`, `--keygen`, `--keygen-family`, `--key-expiration`. */
export async function runKeyCommand(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  switch (run.commandLine.command) {
    case 'keygen-family':
      return makeFamilyKey(run.commandLine.argument, run);
    case 'list-fingerprint':
      return listFingerprint(run, configuration);
    case 'key-expiration':
      return tellKeyExpiration(run, configuration);
    default:
      return makeKeys(run, configuration);
  }
}

async function listFingerprint(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  const { log, io, commandLine } = run;
  const { options, ports } = configuration.settings;
  const kind = commandLine.argument === '' ? 'rsa' : commandLine.argument;
  if (kind !== 'rsa' && kind !== 'ed25519') {
    log.err('general', "If you give a key type, you must specify 'rsa' or 'ed25519'. Exiting.");
    return 1;
  }
  if (!isRelay(ports)) {
    log.err('general', "Clients don't have long-term identity keys. Exiting.");
    return 1;
  }
  const keys = await loadKeys(run, configuration);
  const value =
    kind === 'rsa' ? spaced(base16Upper(keys.rsaIdentity.publicKey.fingerprint)) : base64Unpadded(keys.ed25519Identity);
  io.stdout(`${options.get('Nickname') ?? 'Unnamed'} ${value}\n`);
  return 0;
}

/** `ABCD EF01 …`, as C tor prints it. */
const spaced = (hex: string): string => hex.replace(/(.{4})(?=.)/g, '$1 ');

async function tellKeyExpiration(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  const { log, io, commandLine } = run;
  if (commandLine.argument !== 'sign') {
    io.stderr("No valid argument to --key-expiration found!\nCurrently recognised arguments are: 'sign'\n");
    return 1;
  }
  const format = commandLine.switches.findLast(({ name }) => name === '--format')?.value ?? 'iso8601';
  if (format !== 'iso8601' && format !== 'timestamp') {
    log.err('config', `Invalid argument '${format}' to --format.`);
    return 1;
  }
  const keys = await loadKeys(run, configuration);
  const file = join(directoryPaths(configuration.options).keys, 'ed25519_signing_cert');
  const until =
    format === 'timestamp'
      ? String(Math.floor(keys.signingExpiresMs / 1000))
      : formatIsoTime(keys.signingExpiresMs / 1000);
  log.notice('or', `The signing certificate stored in ${file} is valid until ${until}.`);
  io.stderr(`signing-cert-expiry: ${until}\n`);
  return 0;
}

async function makeKeys(run: ConfiguredRun, configuration: Configuration): Promise<ExitCode> {
  const { log, commandLine } = run;
  const wants = (name: string): boolean => commandLine.switches.some((entry) => entry.name === name);
  if (wants('--newpass') || wants('--passphrase-fd')) {
    log.err(
      'general',
      'Key files with a passphrase are not supported. Keep the master key on another machine instead.',
    );
    return 1;
  }
  const keys = await loadKeys(run, configuration, { keygen: true });
  const folder = directoryPaths(configuration.options).keys;
  log.notice(
    'or',
    `The keys in ${folder} are ready; the signing key is valid until ${formatIsoTime(keys.signingExpiresMs / 1000)}.`,
  );
  return 0;
}

async function loadKeys(
  { log }: ConfiguredRun,
  configuration: Configuration,
  { keygen = false } = {},
): Promise<RelayIdentityKeys> {
  const { options } = configuration;
  const paths = directoryPaths(options);
  const store = await DataDirectory.open(
    { logger: log },
    {
      path: paths.data,
      cachePath: paths.cache,
      keyPath: paths.keys,
      groupReadable: options.get('DataDirectoryGroupReadable'),
      lock: false,
    },
  );
  const { clock, random } = nodeRuntime;
  const settings = {
    // Where keys are made the master key is, whatever the relay's torrc says of it.
    offlineMaster: options.get('OfflineMasterKey') && !keygen,
    renewSigning: keygen,
    signingLifetimeMs: options.get('SigningKeyLifetime') * 1000,
  };
  try {
    return await loadIdentityKeys({ store, clock, random }, settings);
  } finally {
    await store.close();
  }
}
