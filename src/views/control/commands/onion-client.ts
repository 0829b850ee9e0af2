import { base64, fromBase64 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Relay } from '../../../network/netdir/index.ts';
import { type ClientCredential, onionLabel, parseOnionAddress } from '../../../roles/onion/index.ts';
import {
  type ControlArgument,
  endReply,
  linesReply,
  okReply,
  parseArguments,
  splitWords,
} from '../../../wire/control/index.ts';
import type { CommandContext, CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';
import { dropCredential, keepCredential } from './credential-files.ts';

const maxNameLength = 16;

/** 56 characters, without ".onion". */
export function isAddress(label: string): boolean {
  try {
    parseOnionAddress(label);
    return label.length === 56;
  } catch {
    return false;
  }
}

/** The answer comes as HS_DESC and HS_DESC_CONTENT events. spec: control-spec 3.25 */
export const fetchDescriptor: CommandHandler = ({ rest }, { deps }) => {
  const [address, ...servers] = parseArguments(rest);
  const bad = (why: string): never => refuse(512, `Bad arguments to HSFETCH: ${why}`);
  if (address === undefined) return bad('Need at least 1 argument(s)');
  for (const { key } of servers) {
    if (key === undefined) bad('Cannot parse keyword argument(s)');
    else if (key.toUpperCase() !== 'SERVER') bad(`Unrecognized keyword argument "${key}"`);
  }
  if (!isAddress(address.value)) refuse(513, `Invalid argument "${address.value}"`);
  const hsDirs = servers.map(({ value }) => relayOf(value, deps));
  const { onionClient } = deps.parts;
  onionClient.fetchDescriptor(address.value, hsDirs.length === 0 ? undefined : hsDirs).catch((error: unknown) => {
    deps.log.info('control', `Fetching a descriptor for a controller failed: ${TorError.from(error).message}`);
  });
  return okReply;
};

function relayOf(name: string, { parts }: CommandContext['deps']): Relay {
  const fingerprint = /^\$?([0-9a-f]{40})(?:[=~].*)?$/i.exec(name)?.[1]?.toUpperCase();
  const relay = fingerprint === undefined ? undefined : parts.directory.netdir?.byFingerprint(fingerprint);
  return relay ?? refuse(552, `Server "${name}" not found`);
}

/** spec: control-spec 3.30 */
export const addClientAuth: CommandHandler = async ({ rest }, { deps }) => {
  const [address, key, ...more] = parseArguments(rest);
  if (address === undefined || key === undefined) refuse(512, 'Incomplete ONION_CLIENT_AUTH_ADD command');
  if (!isAddress(address.value)) refuse(512, `Invalid v3 address "${address.value}"`);
  const identityKey = parseOnionAddress(address.value);
  const secretKey = secretKeyOf(key.key === undefined ? key.value : `${key.key}=${key.value}`);
  const credential: ClientCredential = { identityKey, secretKey, ...detailsOf(more) };
  if (credential.permanent === true) {
    const folder = deps.configuration.options.get('ClientOnionAuthDir');
    const unable = (why: string): never => {
      deps.log.warn('control', `Cannot keep the key for ${address.value}: ${why}`);
      return refuse(553, `Unable to store creds for "${address.value}"`);
    };
    if (folder === undefined) unable('there is no ClientOnionAuthDir.');
    else await keepCredential(folder, credential, deps.log).catch((error) => unable(TorError.from(error).message));
  }
  const { onionClient } = deps.parts;
  const existed = onionClient.credential(identityKey) !== undefined;
  onionClient.addCredential(credential);
  return existed ? endReply(251, 'Client for onion existed and replaced') : okReply;
};

function detailsOf(words: readonly ControlArgument[]): Pick<ClientCredential, 'clientName' | 'permanent'> {
  let details: Pick<ClientCredential, 'clientName' | 'permanent'> = {};
  for (const { key, value } of words) {
    if (key?.toLowerCase() === 'flags') {
      const flags = value.split(',').filter((flag) => flag !== '');
      if (flags.length === 0) refuse(512, "Invalid 'Flags' argument");
      for (const flag of flags) {
        if (flag.toLowerCase() !== 'permanent') refuse(512, `Invalid 'Flags' argument: "${flag}"`);
      }
      details = { ...details, permanent: true };
    } else if (key?.toLowerCase() === 'clientname') {
      if (value.length > maxNameLength) refuse(512, `ClientName longer than ${maxNameLength} chars`);
      details = { ...details, clientName: value };
    }
  }
  return details;
}

/** Base64 may end in an equals sign, which makes a key and an empty value of it; both are put together before. */
function secretKeyOf(text: string): Uint8Array {
  const [type, blob] = text.split(':', 2);
  if (type?.toLowerCase() !== 'x25519' || blob === undefined) refuse(552, `Unrecognized key type "${type ?? ''}"`);
  try {
    const bytes = fromBase64(blob);
    if (bytes.length === 32) return bytes;
  } catch {
    // Told below.
  }
  return refuse(512, 'Failed to decode x25519 private key');
}

export const removeClientAuth: CommandHandler = async ({ rest }, { deps }) => {
  const [address] = splitWords(rest);
  if (address === undefined) refuse(512, 'Incomplete ONION_CLIENT_AUTH_REMOVE command');
  if (!isAddress(address)) refuse(512, `Invalid v3 address "${address}"`);
  const identityKey = parseOnionAddress(address);
  const { onionClient } = deps.parts;
  const folder = deps.configuration.options.get('ClientOnionAuthDir');
  if (onionClient.credential(identityKey)?.permanent === true && folder !== undefined) {
    await dropCredential(folder, identityKey, deps.log).catch((error) => {
      deps.log.warn('control', `The file with the key for ${address} stays: ${TorError.from(error).message}`);
    });
  }
  return onionClient.removeCredential(identityKey) ? okReply : endReply(251, `No credentials for "${address}"`);
};

export const viewClientAuth: CommandHandler = ({ rest }, { deps }) => {
  const [address] = splitWords(rest);
  if (address !== undefined && !isAddress(address)) refuse(512, `Invalid v3 address "${address}"`);
  const all = deps.parts.onionClient.credentials();
  const wanted =
    address === undefined ? all : all.filter(({ identityKey }) => onionLabel(identityKey) === address.toLowerCase());
  const lines = wanted.map(credentialLine).sort();
  return linesReply(250, [`ONION_CLIENT_AUTH_VIEW${address === undefined ? '' : ` ${address}`}`, ...lines, 'OK']);
};

function credentialLine({ identityKey, secretKey, permanent, clientName }: ClientCredential): string {
  const line = `CLIENT ${onionLabel(identityKey)} x25519:${base64(secretKey)}`;
  return `${line}${permanent === true ? ' Flags=Permanent' : ''}${clientName === undefined ? '' : ` ClientName=${clientName}`}`;
}
