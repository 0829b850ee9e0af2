import { base16Upper, compareBytes } from '../../../base/bytes/index.ts';
import { formatIp } from '../../../base/ip/index.ts';
import type { ConsensusFlavor, Vote } from '../../../wire/netdoc/index.ts';
import { formatIsoTime } from '../format/time.ts';
import { bandwidthWeightsLine } from './bandwidth-weights.ts';
import { collate } from './collate.ts';
import { FlagTally } from './flags.ts';
import { chooseMethod, methodWithoutMdPublished, methodWithoutPackages } from './methods.ts';
import { Names } from './naming.ts';
import { packageLines } from './packages.ts';
import { computeParams, formatParams } from './params.ts';
import { protocolLines } from './protocols.ts';
import { type ConsensusRelay, RelayChooser } from './relay.ts';
import { sharedRandomLines } from './shared-random.ts';
import { compareText, lowMedian } from './statistics.ts';
import { computeVersions } from './versions.ts';

export interface ComputeOptions {
  /** Authorities that vote, as far as we know, whether they voted this time or not. */
  readonly totalAuthorities: number;
  /** AuthDirSharedRandomness; on unless said otherwise. */
  readonly sharedRandom?: boolean;
  /** Our own state holds a shared random value that it has just computed. */
  readonly sharedRandomFresh?: boolean;
  readonly warn?: (message: string) => void;
}

/** A consensus before anybody has signed it: everything up to the first `directory-signature`. */
export interface UnsignedConsensus {
  readonly method: number;
  /** Text by flavour. */
  readonly texts: Readonly<Record<ConsensusFlavor, string>>;
}

const defaultUnmeasuredCap = 20;
const defaultWeightScale = 10_000;
const farPublished = '2038-01-01 00:00:00';

/**
 * The consensus of both flavours that C tor computes from the same votes, byte for byte. Whether the votes are of
 * trusted authorities and for the right time is for the caller to see to; there is at least one.
 *
 * spec: dir-spec 3.8
 */
export function computeConsensus(votes: readonly Vote[], options: ComputeOptions): UnsignedConsensus {
  const warn = options.warn ?? (() => undefined);
  const { totalAuthorities } = options;
  const { method, unsupported } = chooseMethod(votes);
  if (unsupported !== undefined) {
    warn(
      `The other authorities will use consensus method ${unsupported}, which I don't support.  Maybe I should upgrade!`,
    );
  }
  const flags = new FlagTally(votes);
  const params = computeParams(votes, totalAuthorities);
  const head = headLines(votes, method, flags) + tailLines(votes, params, options);
  const chooser = new RelayChooser({
    method,
    totalAuthorities,
    flags,
    names: new Names(votes),
    unmeasuredCap: unmeasuredCap(votes, params),
    warn,
  });
  const ns: string[] = [`network-status-version 3\n${head}`];
  const microdesc: string[] = [`network-status-version 3 microdesc\n${head}`];
  const ordered = [...votes].sort((a, b) => compareBytes(a.voter.identity, b.voter.identity));
  for (const collated of collate(
    ordered.map((vote) => vote.entries),
    totalAuthorities,
  )) {
    const relay = chooser.choose(collated);
    if (relay === undefined) continue;
    ns.push(nsEntry(relay));
    microdesc.push(microdescEntry(relay, method));
  }
  const weightScale = Math.max(1, params.get('bwweightscale') ?? defaultWeightScale);
  const weights = bandwidthWeightsLine(chooser.bandwidth.totals, weightScale);
  if (weights === undefined) warn('The bandwidth of the relays is such that no bandwidth weights can be found.');
  const footer = `directory-footer\n${weights ?? ''}`;
  return { method, texts: { ns: ns.join('') + footer, microdesc: microdesc.join('') + footer } };
}

/** Undefined when too few authorities measure bandwidth. */
function unmeasuredCap(votes: readonly Vote[], params: ReadonlyMap<string, number>): number | undefined {
  const measuring = votes.filter((vote) => vote.entries.some((entry) => entry.measured !== undefined)).length;
  return measuring > 2 ? Math.max(1, params.get('maxunmeasuredbw') ?? defaultUnmeasuredCap) : undefined;
}

function headLines(votes: readonly Vote[], method: number, flags: FlagTally): string {
  const median = (pick: (vote: Vote) => number): number => lowMedian(votes.map(pick)) as number;
  return [
    'vote-status consensus\n',
    `consensus-method ${method}\n`,
    `valid-after ${formatIsoTime(median((vote) => vote.validAfterMs))}\n`,
    `fresh-until ${formatIsoTime(median((vote) => vote.freshUntilMs))}\n`,
    `valid-until ${formatIsoTime(median((vote) => vote.validUntilMs))}\n`,
    `voting-delay ${median((vote) => vote.voteDelaySec)} ${median((vote) => vote.distDelaySec)}\n`,
    `client-versions ${computeVersions(votes.map((vote) => vote.clientVersions))}\n`,
    `server-versions ${computeVersions(votes.map((vote) => vote.serverVersions))}\n`,
    method >= methodWithoutPackages ? '' : packageLines(votes),
    `known-flags ${flags.flags.join(' ')}\n`,
  ].join('');
}

function tailLines(votes: readonly Vote[], params: ReadonlyMap<string, number>, options: ComputeOptions): string {
  const { totalAuthorities } = options;
  const sharedRandom =
    options.sharedRandom === false
      ? ''
      : sharedRandomLines(votes, {
          totalAuthorities,
          agreements: params.get('AuthDirNumSRVAgreements') ?? Math.floor((totalAuthorities * 2) / 3),
          fresh: options.sharedRandomFresh === true,
        });
  return [
    protocolLines(votes, totalAuthorities),
    params.size === 0 ? '' : `params ${formatParams(params)}\n`,
    sharedRandom,
    dirSources(votes),
  ].join('');
}

/** The voters by identity; an old identity gets a line of its own. */
function dirSources(votes: readonly Vote[]): string {
  const sources = votes.flatMap((vote) => {
    const { voter, legacyIdentity } = vote;
    const line = (nickname: string, identity: Uint8Array): string =>
      `dir-source ${nickname} ${base16Upper(identity)} ${voter.hostname} ${formatIp(voter.address)} ` +
      `${voter.dirPort} ${voter.orPort}\n`;
    const text = `${line(voter.nickname, voter.identity)}contact ${voter.contact}\nvote-digest ${base16Upper(vote.digest)}\n`;
    const own = { key: base16Upper(voter.identity), text };
    if (legacyIdentity === undefined) return [own];
    return [own, { key: base16Upper(legacyIdentity), text: line(`${voter.nickname}-legacy`, legacyIdentity) }];
  });
  return sources
    .sort((a, b) => compareText(a.key, b.key))
    .map(({ text }) => text)
    .join('');
}

function nsEntry(relay: ConsensusRelay): string {
  const policy = relay.policy === undefined ? '' : `p ${relay.policy}\n`;
  return relay.routerLines(formatIsoTime(relay.winner.publishedMs), true) + relay.commonLines + policy;
}

function microdescEntry(relay: ConsensusRelay, method: number): string {
  if (relay.microdesc === undefined) return '';
  const published = method >= methodWithoutMdPublished ? farPublished : formatIsoTime(relay.winner.publishedMs);
  return `${relay.routerLines(published, false)}m ${relay.microdesc}\n${relay.commonLines}`;
}
