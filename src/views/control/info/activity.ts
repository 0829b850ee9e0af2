import type { GuardDescription } from '../../../network/guard/index.ts';
import type { Mapping } from '../../../roles/client/index.ts';
import { quote } from '../../../wire/torrc/index.ts';
import type { InfoScope } from '../context.ts';
import { bootstrapText } from '../format/bootstrap.ts';
import { circuitLine } from '../format/circuit.ts';
import { channelName } from '../format/orconn.ts';
import { streamLine } from '../format/stream.ts';
import { isoTime } from '../format/time.ts';
import { torVersionStatus } from '../format/version-status.ts';
import type { InfoTable } from './info-keys.ts';

const lines = (items: readonly string[]): string => items.join('\r\n');

function circuits({ context }: InfoScope): string {
  return lines(context.deps.parts.circuits.list().map((info) => circuitLine(info)));
}

function links({ context }: InfoScope): string {
  const { channels, directory } = context.deps.parts;
  return lines(
    [...channels.channels].map(
      (channel) => `${channelName(channel, directory.netdir)} ${channel.state === 'open' ? 'CONNECTED' : 'LAUNCHED'}`,
    ),
  );
}

function guardLine({ fingerprint, nickname, status, sinceSec }: GuardDescription): string {
  const since = sinceSec === undefined ? '' : ` ${isoTime(sinceSec * 1000)}`;
  return `$${fingerprint}${nickname === '' ? '' : `~${nickname}`} ${status}${since}\n`;
}

const kinds: Readonly<Record<string, string>> = { socks: 'socks', 'http-tunnel': 'httptunnel', dns: 'dns' };

function listeners(kind: string) {
  return ({ context }: InfoScope): string =>
    context.deps.parts.client.listeners
      .filter((listener) => kinds[listener.kind] === kind)
      .map(({ address }) => quote(address))
      .join(' ');
}

function mappings(sources: readonly Mapping['source'][]) {
  return ({ context }: InfoScope): string =>
    lines(
      context.deps.parts.client.addressMap
        .list()
        .filter((mapping) => sources.includes(mapping.source))
        .map(({ from, to, expiresMs, fromWildcard, toWildcard }) => {
          const expiry = expiresMs === undefined ? 'NEVER' : `"${isoTime(expiresMs)}"`;
          return `${fromWildcard ? '*.' : ''}${from} ${toWildcard ? '*.' : ''}${to} ${expiry}`;
        }),
    );
}

const flag = (on: boolean): string => (on ? '1' : '0');

const guards = ({ context }: InfoScope): string => context.deps.parts.guards.describe().map(guardLine).join('');

/** What the node is doing. */
export const activityInfo: InfoTable = {
  'circuit-status': { help: 'List of current circuits originating here.', get: circuits },
  'stream-status': {
    help: 'List of current streams.',
    get: ({ context }) => lines(context.streams.list().map(streamLine)),
  },
  'orconn-status': { help: 'A list of current OR connections.', get: links },
  'entry-guards': {
    help: 'Which nodes are we using as entry guards?',
    get: guards,
  },
  'helper-nodes': { get: guards },
  'net/listeners/dir': { get: () => '' },
  'net/listeners/socks': { get: listeners('socks') },
  'net/listeners/trans': { get: () => '' },
  'net/listeners/natd': { get: () => '' },
  'net/listeners/dns': { get: listeners('dns') },
  'net/listeners/httptunnel': { get: listeners('httptunnel') },
  'net/listeners/extor': { get: () => '' },
  'net/listeners/metrics': { get: () => '' },
  'net/listeners/control': { get: ({ context }) => context.listeners().map(quote).join(' ') },
  'address-mappings/all': {
    help: 'Current address mappings.',
    get: mappings(['torrc', 'controller', 'automap', 'dns', 'track-exit']),
  },
  'address-mappings/cache': { help: 'Current cached DNS replies.', get: mappings(['dns', 'track-exit']) },
  'address-mappings/config': { help: 'Current address mappings from configuration.', get: mappings(['torrc']) },
  'address-mappings/control': {
    help: 'Current address mappings from controller.',
    get: mappings(['controller', 'automap']),
  },
  'status/bootstrap-phase': {
    help: 'The last bootstrap phase status event that Tor sent.',
    get: ({ context }) => `${bootstrapText(context.deps.parts.directory.status)}`,
  },
  'status/circuit-established': {
    help: 'Whether we think client functionality is working.',
    get: ({ context: { deps } }) =>
      flag(deps.parts.directory.status.percent >= 100 && !deps.configuration.options.get('DisableNetwork')),
  },
  'status/enough-dir-info': {
    help: 'Whether we have enough up-to-date directory information to build circuits.',
    get: ({ context }) => flag(context.deps.parts.directory.netdir?.enoughDirInfo().enough === true),
  },
  'status/version/recommended': {
    help: 'List of currently recommended versions.',
    get: ({ context }) => context.deps.parts.directory.consensus('microdesc')?.clientVersions.join(',') ?? '?',
  },
  'status/version/current': {
    help: 'Status of the current version.',
    get: ({ context }) =>
      torVersionStatus(context.options.version, context.deps.parts.directory.consensus('microdesc')?.clientVersions),
  },
  'status/good-server-descriptor': { get: () => '0' },
  'status/accepted-server-descriptor': { get: () => '0' },
  'onions/current': {
    help: 'Onion services owned by the current control connection.',
    get: ({ context, controller }) => lines(context.onions.current(controller)),
  },
  'onions/detached': {
    help: 'Onion services detached from the control connection.',
    get: ({ context }) => lines(context.onions.detached()),
  },
  'bw-event-cache': { help: 'Cached BW events for a short interval.', get: ({ context }) => context.recentBandwidth() },
};
