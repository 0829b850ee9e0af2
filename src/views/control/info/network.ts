import { base64Unpadded, fromBase16 } from '../../../base/bytes/index.ts';
import type { Microdescriptor, RouterStatus } from '../../../wire/netdoc/index.ts';
import type { InfoScope } from '../context.ts';
import { refuse } from '../failure.ts';
import { routerStatusEntry } from '../format/router-status.ts';
import type { InfoTable } from './info-keys.ts';

const directoryOf = ({ context }: InfoScope) => context.deps.parts.directory;

const relaysOf = (scope: InfoScope): readonly RouterStatus[] => directoryOf(scope).consensus('microdesc')?.relays ?? [];

function byId(scope: InfoScope, text: string): RouterStatus | undefined {
  const hex = text.replace(/^\$/, '').slice(0, 40);
  if (!/^[0-9a-fA-F]{40}$/.test(hex)) return undefined;
  const id = base64Unpadded(fromBase16(hex));
  return relaysOf(scope).find((relay) => base64Unpadded(relay.rsaId) === id);
}

/** By nickname; the first one of that name. */
const byName = (scope: InfoScope, name: string): RouterStatus | undefined =>
  relaysOf(scope).find((relay) => relay.nickname.toLowerCase() === name.toLowerCase());

function status(scope: InfoScope, find: (scope: InfoScope, text: string) => RouterStatus | undefined) {
  return (text: string): string => {
    const relay = find(scope, text);
    return relay === undefined ? refuse(551, 'No such router') : routerStatusEntry(relay);
  };
}

function microdescriptor(scope: InfoScope, relay: RouterStatus | undefined): Microdescriptor | undefined {
  return relay === undefined ? undefined : directoryOf(scope).microdescriptor(relay.descriptorDigest);
}

function allMicrodescriptors(scope: InfoScope): string {
  return relaysOf(scope)
    .map((relay) => microdescriptor(scope, relay)?.text ?? '')
    .join('');
}

/** Only our own: clients and relays that are no caches fetch microdescriptors. */
function ownDescriptor(
  { context }: InfoScope,
  isOwn: (own: { id: string; name: string }) => boolean,
  by: string,
): string {
  const { configuration, parts } = context.deps;
  const id = parts.relay?.relay.fingerprint ?? '';
  const text = parts.relay?.descriptor?.text;
  if (text !== undefined && isOwn({ id, name: configuration.options.get('Nickname') ?? 'Unnamed' })) return text;
  const instead = `You'll need to use md/${by}/* instead of desc/${by}/*.`;
  return refuse(552, `We fetch microdescriptors, not router descriptors. ${instead}`);
}

const textOr = (found: Microdescriptor | undefined): string =>
  found === undefined ? refuse(551, 'Microdescriptor not found') : found.text;

function sharedRandom(which: 'sharedRandomCurrent' | 'sharedRandomPrevious') {
  return (scope: InfoScope): string => {
    const value = directoryOf(scope).netdir?.[which];
    return value === undefined ? '' : Buffer.from(value.value).toString('base64');
  };
}

/** The directory as this node knows it. */
export const networkInfo: InfoTable = {
  'ns/all': {
    help: 'Brief summary of router status (v2 directory format)',
    get: (scope) => relaysOf(scope).map(routerStatusEntry).join(''),
  },
  'ns/id/': {
    help: 'Brief summary of router status by ID (v2 directory format).',
    get: (s, id) => status(s, byId)(id),
  },
  'ns/name/': {
    help: 'Brief summary of router status by nickname (v2 directory format).',
    get: (s, n) => status(s, byName)(n),
  },
  'ns/purpose/': { help: 'Brief summary of router status by purpose (v2 directory format).', get: () => '' },
  'md/all': { help: 'All known microdescriptors.', get: allMicrodescriptors },
  'md/download-enabled': { help: 'Do we try to download microdescriptors?', get: () => '1' },
  'md/id/': { help: 'Microdescriptors by ID', get: (s, id) => textOr(microdescriptor(s, byId(s, id))) },
  'md/name/': { help: 'Microdescriptors by name', get: (s, name) => textOr(microdescriptor(s, byName(s, name))) },
  'desc/download-enabled': { help: 'Do we try to download router descriptors?', get: () => '0' },
  'desc/all-recent': { help: 'All non-expired, non-superseded router descriptors.', get: () => '' },
  'desc/all-recent-extrainfo-hack': { get: () => '' },
  'desc/id/': {
    help: 'Router descriptors by ID.',
    get: (scope, id) => ownDescriptor(scope, (own) => id.replace('$', '').toUpperCase() === own.id, 'id'),
  },
  'desc/name/': {
    help: 'Router descriptors by nickname.',
    get: (scope, name) => ownDescriptor(scope, (own) => name.toLowerCase() === own.name.toLowerCase(), 'name'),
  },
  'extra-info/digest/': { help: 'Extra-info documents by digest.', get: () => undefined },
  'dir/status-vote/current/consensus-microdesc': {
    get: (scope) =>
      directoryOf(scope).consensus('microdesc')?.text ??
      refuse(551, 'Could not open cached consensus. Make sure FetchUselessDescriptors is set to 1.'),
  },
  'dir/status-vote/current/consensus': {
    get: (scope) =>
      directoryOf(scope).consensus('ns')?.text ??
      refuse(551, 'Could not open cached consensus. Make sure FetchUselessDescriptors is set to 1.'),
  },
  'consensus/packages': { help: 'Packages in latest consensus', get: () => '' },
  'consensus/valid-after': {
    help: 'Valid-after time of the latest consensus',
    get: (scope) => consensusTime(scope, 'validAfterMs'),
  },
  'consensus/fresh-until': {
    help: 'Fresh-until time of the latest consensus',
    get: (scope) => consensusTime(scope, 'freshUntilMs'),
  },
  'consensus/valid-until': {
    help: 'Valid-until time of the latest consensus',
    get: (scope) => consensusTime(scope, 'validUntilMs'),
  },
  'network-liveness': {
    help: 'Current opinion on whether the network is live',
    get: (scope) => (directoryOf(scope).status.percent > 0 ? 'up' : 'down'),
  },
  'sr/current': { help: 'Get current shared random value.', get: sharedRandom('sharedRandomCurrent') },
  'sr/previous': { help: 'Get previous shared random value.', get: sharedRandom('sharedRandomPrevious') },
};

function consensusTime(scope: InfoScope, which: 'validAfterMs' | 'freshUntilMs' | 'validUntilMs'): string {
  const { netdir } = directoryOf(scope);
  return netdir === undefined ? '' : new Date(netdir[which]).toISOString().slice(0, 19).replace('T', ' ');
}
