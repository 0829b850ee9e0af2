import { base64, fromBase64 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { formatIpHost } from '../../../base/ip/index.ts';
import { type ExpandedKey, expandedKeyFrom, expandSeed } from '../../../crypto/primitives/index.ts';
import { onionLabel, parseAuthorizedClient, type ServicePort } from '../../../roles/onion/index.ts';
import { linesReply, okReply, parseArguments, splitWords } from '../../../wire/control/index.ts';
import { parseAddressPort } from '../../../wire/torrc/index.ts';
import type { CommandContext, CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';
import { isAddress } from './onion-client.ts';

const knownFlags = ['DISCARDPK', 'DETACH', 'V3AUTH', 'NONANONYMOUS', 'MAXSTREAMSCLOSECIRCUIT'];
const maxStreamsLimit = 65_535;

interface Request {
  readonly ports: ServicePort[];
  maxStreams: number;
  flags: ReadonlySet<string>;
  readonly clients: { readonly text: string; readonly key: Uint8Array }[];
}

/** spec: control-spec 3.27 */
export const addOnion: CommandHandler = ({ rest }, context, controller) => {
  const [key, ...words] = parseArguments(rest);
  if (key === undefined || words.length === 0) refuse(512, 'Bad arguments to ADD_ONION: Need at least 2 argument(s)');
  const request = readRequest(words);
  const { identity, isNew } = readKey(key.key === undefined ? key.value : `${key.key}=${key.value}`, context);
  const singleHop = checkAnonymity(request, context);
  const { services } = context.deps.parts;
  try {
    const service = services.add({
      identity,
      ports: request.ports,
      maxStreams: request.maxStreams,
      maxStreamsCloseCircuit: request.flags.has('MAXSTREAMSCLOSECIRCUIT'),
      authorizedClients: request.clients.map((client) => client.key),
      singleHop,
    });
    context.onions.add(service, request.flags.has('DETACH') ? 'detached' : controller);
  } catch (error) {
    if (TorError.from(error).code === 'ONION_SERVICE_EXISTS') refuse(550, 'Onion address collision');
    throw error;
  }
  const lines = [`ServiceID=${onionLabel(identity.publicKey)}`];
  if (isNew && !request.flags.has('DISCARDPK')) lines.push(`PrivateKey=ED25519-V3:${base64(identity.expanded)}`);
  for (const { text } of request.clients) lines.push(`ClientAuthV3=${text}`);
  return linesReply(250, [...lines, 'OK']);
};

function readRequest(words: ReturnType<typeof parseArguments>): Request {
  const request: Request = { ports: [], maxStreams: 0, flags: new Set(), clients: [] };
  for (const { key = '', value } of words) {
    switch (key.toUpperCase()) {
      case 'PORT':
        request.ports.push(readPort(value));
        break;
      case 'MAXSTREAMS':
        if (!/^\d+$/.test(value) || Number(value) > maxStreamsLimit) refuse(512, 'Invalid MaxStreams');
        request.maxStreams = Number(value);
        break;
      case 'FLAGS':
        request.flags = readFlags(value);
        break;
      case 'CLIENTAUTHV3':
        request.clients.push(readClient(value));
        break;
      case 'CLIENTAUTH':
        refuse(513, 'ClientAuth is not supported');
        break;
      case 'POWDEFENSESENABLED':
        if (value !== '0') refuse(512, 'Invalid PoWDefensesEnabled');
        break;
      case 'POWQUEUERATE':
      case 'POWQUEUEBURST':
        if (!/^\d{1,10}$/.test(value)) refuse(512, `Invalid ${key}`);
        break;
      default:
        refuse(512, `Bad arguments to ADD_ONION: Unrecognized keyword argument "${key}"`);
    }
  }
  if (request.ports.length === 0) refuse(512, "Missing 'Port' argument");
  if (request.clients.length > 0 && !request.flags.has('V3AUTH')) refuse(512, 'No auth type specified');
  if (request.clients.length === 0 && request.flags.has('V3AUTH')) refuse(512, 'No auth clients specified');
  return request;
}

function readFlags(value: string): ReadonlySet<string> {
  const flags = value.split(',');
  if (flags.length === 0 || flags.includes('')) refuse(512, "Invalid 'Flags' argument");
  for (const flag of flags) {
    if (!knownFlags.includes(flag.toUpperCase())) refuse(512, `Invalid 'Flags' argument: "${flag}"`);
  }
  return new Set(flags.map((flag) => flag.toUpperCase()));
}

function readClient(text: string): { text: string; key: Uint8Array } {
  try {
    return { text, key: parseAuthorizedClient(`descriptor:x25519:${text}`) };
  } catch {
    return refuse(512, 'Cannot decode v3 client auth key');
  }
}

/** `VIRTPORT`, `VIRTPORT,TARGETPORT`, `VIRTPORT,ADDRESS:PORT`, `VIRTPORT,unix:PATH`. */
function readPort(value: string): ServicePort {
  const bad = (): never => refuse(512, 'Invalid VIRTPORT/TARGET');
  const comma = value.indexOf(',');
  const virtual = portNumber(comma === -1 ? value : value.slice(0, comma)) ?? bad();
  const target = comma === -1 ? String(virtual) : value.slice(comma + 1);
  if (target.startsWith('unix:')) {
    return { port: virtual, target: { kind: 'unix', path: target.slice('unix:'.length).replace(/^"(.*)"$/, '$1') } };
  }
  const port = portNumber(target);
  if (port !== undefined) return { port: virtual, target: { kind: 'tcp', host: '127.0.0.1', port } };
  const where = parseAddressPort(target) ?? bad();
  return {
    port: virtual,
    target: { kind: 'tcp', host: formatIpHost(where.ip).replace(/^\[|\]$/g, ''), port: where.port },
  };
}

function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function readKey(text: string, { deps }: CommandContext): { identity: ExpandedKey; isNew: boolean } {
  const colon = text.indexOf(':');
  if (colon === -1) refuse(512, 'Invalid key type/blob');
  const type = text.slice(0, colon).toUpperCase();
  const blob = text.slice(colon + 1);
  if (type === 'NEW') {
    if (!['BEST', 'ED25519-V3'].includes(blob.toUpperCase())) refuse(513, 'Invalid key type');
    return { identity: expandSeed(deps.runtime.random.bytes(32)), isNew: true };
  }
  if (type !== 'ED25519-V3') refuse(513, 'Invalid key type');
  try {
    const bytes = fromBase64(blob);
    if (bytes.length !== 64) throw new TorError('BAD_KEY');
    return { identity: expandedKeyFrom(bytes), isNew: false };
  } catch {
    return refuse(512, 'Failed to decode ED25519-V3 key');
  }
}

function checkAnonymity({ flags }: Request, { deps }: CommandContext): boolean {
  const { options } = deps.configuration;
  const singleHop = options.get('HiddenServiceSingleHopMode') && options.get('HiddenServiceNonAnonymousMode');
  if (flags.has('NONANONYMOUS') !== singleHop) {
    refuse(512, `Tor is in ${singleHop ? 'non-' : ''}anonymous hidden service mode`);
  }
  return singleHop;
}

export const delOnion: CommandHandler = async ({ rest }, { onions }, controller) => {
  const [label = ''] = splitWords(rest);
  if (!isAddress(label)) refuse(512, 'Malformed Onion Service id');
  const service = onions.find(label.toLowerCase(), controller) ?? refuse(552, 'Unknown Onion Service id');
  await onions.remove(service);
  return okReply;
};
