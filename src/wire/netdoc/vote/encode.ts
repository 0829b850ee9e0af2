import { base16Upper, base64Unpadded } from '../../../base/bytes/index.ts';
import { formatIp, formatIpPort } from '../../../base/ip/index.ts';
import { type RsaPrivateKey, sha1 } from '../../../crypto/primitives/index.ts';
import { formatSharedRandomCommit, formatSharedRandomValues } from '../meta/shared-random.ts';
import { bytesOf } from '../meta/text.ts';
import { formatIsoTime, formatObject } from '../meta/values.ts';
import type { VoteEntry, VoteFields } from './types.ts';

/** The signed text of a vote, as C tor writes it. `signingKey` is the one of `fields.certificate`. */
export function encodeVote(fields: VoteFields, signingKey: RsaPrivateKey): string {
  const identity = base16Upper(fields.certificate.identity);
  const signed = `${header(fields)}${fields.entries.map(formatVoteEntry).join('')}directory-footer\ndirectory-signature `;
  const signature = signingKey.signDigest(sha1(bytesOf(signed)));
  const names = `${identity} ${base16Upper(signingKey.publicKey.fingerprint)}\n`;
  return signed + names + formatObject('SIGNATURE', signature);
}

const line = (keyword: string, value: string | undefined): string =>
  value === undefined ? '' : `${keyword} ${value}\n`;

function header(fields: VoteFields): string {
  const { voter } = fields;
  const params = [...fields.params].map(([name, value]) => `${name}=${value}`).join(' ');
  return [
    'network-status-version 3\n',
    'vote-status vote\n',
    `consensus-methods ${fields.methods.join(' ')}\n`,
    `published ${formatIsoTime(fields.publishedMs)}\n`,
    `valid-after ${formatIsoTime(fields.validAfterMs)}\n`,
    `fresh-until ${formatIsoTime(fields.freshUntilMs)}\n`,
    `valid-until ${formatIsoTime(fields.validUntilMs)}\n`,
    `voting-delay ${fields.voteDelaySec} ${fields.distDelaySec}\n`,
    line('client-versions', fields.clientVersions),
    line('server-versions', fields.serverVersions),
    ...fields.packages.map((each) => line('package', each)),
    line('recommended-relay-protocols', fields.recommendedRelayProtocols),
    line('recommended-client-protocols', fields.recommendedClientProtocols),
    line('required-relay-protocols', fields.requiredRelayProtocols),
    line('required-client-protocols', fields.requiredClientProtocols),
    `known-flags ${fields.knownFlags.join(' ')}\n`,
    line('flag-thresholds', fields.flagThresholds),
    `params ${params}\n`,
    line('bandwidth-file-headers', fields.bandwidthFileHeaders),
    line('bandwidth-file-digest', fields.bandwidthFileDigest),
    `dir-source ${voter.nickname} ${base16Upper(voter.identity)} ${voter.hostname} ${formatIp(voter.address)} `,
    `${voter.dirPort} ${voter.orPort}\n`,
    `contact ${voter.contact}\n`,
    fields.sharedRandomParticipate ? 'shared-rand-participate\n' : '',
    ...fields.sharedRandomCommits.map(formatSharedRandomCommit),
    formatSharedRandomValues(fields.sharedRandomPrevious, fields.sharedRandomCurrent),
    fields.legacyIdentity === undefined ? '' : `legacy-dir-key ${base16Upper(fields.legacyIdentity)}\n`,
    fields.certificate.text,
  ].join('');
}

/** The first lines of an entry, as they stand in votes and consensuses. `digest` is left out of microdesc consensuses. */
export function formatRouterLines(
  entry: Pick<VoteEntry, 'nickname' | 'rsaId' | 'address' | 'orPort' | 'dirPort' | 'ipv6'>,
  published: string,
  digest: Uint8Array | undefined,
): string {
  const digestWord = digest === undefined ? '' : ` ${base64Unpadded(digest)}`;
  const address = `${formatIp(entry.address)} ${entry.orPort} ${entry.dirPort}`;
  const router = `r ${entry.nickname} ${base64Unpadded(entry.rsaId)}${digestWord} ${published} ${address}\n`;
  return entry.ipv6 === undefined ? router : `${router}a ${formatIpPort(entry.ipv6.address, entry.ipv6.port)}\n`;
}

/** spec: dir-spec 3.4.1 */
export function formatVoteEntry(entry: VoteEntry): string {
  const flags = entry.flags.length === 0 ? '' : ` ${entry.flags.join(' ')}`;
  const { ed25519Id } = entry;
  return [
    formatRouterLines(entry, formatIsoTime(entry.publishedMs), entry.descriptorDigest),
    `s${flags}\n`,
    line('v', entry.version),
    line('pr', entry.protover),
    weights(entry),
    line('p', entry.policy),
    ed25519Id === undefined ? '' : `id ed25519 ${ed25519Id === 'none' ? 'none' : base64Unpadded(ed25519Id)}\n`,
    line('stats', entry.stats),
    ...entry.microdescs.map((digests) => `m ${digests}\n`),
  ].join('');
}

/** An authority's own measured bandwidth is only told, not voted on. */
function weights(entry: VoteEntry): string {
  if (entry.bandwidth === undefined) return '';
  const measuredName = entry.flags.includes('Authority') ? 'MeasuredButAuthority' : 'Measured';
  const measured = entry.measured === undefined ? '' : ` ${measuredName}=${entry.measured}`;
  const guardFraction = entry.guardFraction === undefined ? '' : ` GuardFraction=${entry.guardFraction}`;
  return `w Bandwidth=${entry.bandwidth}${measured}${guardFraction}\n`;
}
