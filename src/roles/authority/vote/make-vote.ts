import { base64Unpadded } from '../../../base/bytes/index.ts';
import type { IpBytes } from '../../../base/ip/index.ts';
import { formatIp } from '../../../base/ip/index.ts';
import { type BandwidthFile, encodeVote, type VoteFields } from '../../../wire/netdoc/index.ts';
import type { MeasuredBandwidths } from '../bandwidth/measured.ts';
import { supportedMethods } from '../compute/methods.ts';
import { compareText } from '../compute/statistics.ts';
import type { AuthorityConfig } from '../config.ts';
import { knownFlags } from '../flags/assign.ts';
import { isGeneralExit } from '../flags/general-exit.ts';
import { updateRunning } from '../flags/running.ts';
import { findSybils } from '../flags/sybils.ts';
import { type Bandwidths, computeThresholds, formatThresholds } from '../flags/thresholds.ts';
import type { RouterHistory } from '../history/router-history.ts';
import type { AuthorityKeys } from '../keys/load.ts';
import type { SharedRandomVotePart } from '../sharedrandom/state.ts';
import type { KnownRelay, RouterStore } from '../uploads/router-store.ts';
import { advertisedBandwidth, makeEntry, withUniqueEd25519 } from './entries.ts';
import type { MicrodescCache } from './microdescs.ts';
import { votedProtocols, votedVersions } from './recommended.ts';

/** Where this authority is. */
export interface AuthorityAddress {
  readonly address: IpBytes;
  /** A name with a dot in it; the address stands in its place otherwise. */
  readonly hostname?: string | undefined;
  readonly orPort: number;
  readonly dirPort: number;
}

export interface VoteInput {
  readonly config: AuthorityConfig;
  readonly keys: AuthorityKeys;
  readonly legacyKeys: AuthorityKeys | undefined;
  readonly where: AuthorityAddress;
  readonly store: RouterStore;
  readonly history: RouterHistory;
  readonly measured: MeasuredBandwidths;
  /** The file of this moment; undefined when none is configured or none could be read. */
  readonly bandwidthFile: BandwidthFile | undefined;
  readonly microdescs: MicrodescCache;
  readonly sharedRandom: SharedRandomVotePart | undefined;
  readonly isAuthority: (rsaId: Uint8Array) => boolean;
  readonly isMe: (rsaId: Uint8Array) => boolean;
  readonly consensusParam: (name: string) => number | undefined;
  readonly validAfterMs: number;
  /** When this authority was started. */
  readonly startedMs: number;
  readonly nowMs: number;
}

/** The vote of this authority, signed. Looks at once who is running. */
export function makeVote(input: VoteInput): string {
  return encodeVote(voteFields(input), input.keys.signingKey);
}

function voteFields(input: VoteInput): VoteFields {
  const { config, keys, where, nowMs, validAfterMs } = input;
  const canTell = input.startedMs + config.learnReachabilitySec * 1000 < nowMs;
  const { entries, thresholds } = relayPart(input, canTell);
  const intervalMs = config.votingIntervalSec * 1000;
  const address = formatIp(where.address);
  return {
    methods: supportedMethods,
    publishedMs: nowMs,
    validAfterMs,
    freshUntilMs: validAfterMs + intervalMs,
    validUntilMs: validAfterMs + intervalMs * config.intervalsValid,
    voteDelaySec: config.voteDelaySec,
    distDelaySec: config.distDelaySec,
    ...votedVersions(config),
    ...votedProtocols,
    knownFlags: knownFlags(config, canTell),
    flagThresholds: thresholds,
    params: paramsOf(config),
    ...bandwidthPart(input),
    packages: [],
    voter: {
      nickname: config.nickname,
      identity: keys.certificate.identity,
      hostname: where.hostname?.includes('.') === true ? where.hostname : address,
      address: where.address,
      dirPort: where.dirPort,
      orPort: where.orPort,
      contact: config.contact ?? '(none)',
    },
    legacyIdentity: input.legacyKeys?.certificate.identity,
    ...(input.sharedRandom ?? noSharedRandom),
    certificate: keys.certificate,
    entries,
  };
}

const noSharedRandom: SharedRandomVotePart = {
  sharedRandomParticipate: false,
  sharedRandomCommits: [],
  sharedRandomPrevious: undefined,
  sharedRandomCurrent: undefined,
};

/** Sorted `name=value`; without ConsensusParams there are none at all. */
function paramsOf(config: AuthorityConfig): ReadonlyMap<string, number> {
  if (config.consensusParams.length === 0) return new Map();
  const words = config.consensusParams.flatMap((line) => line.split(/\s+/)).filter((word) => word.includes('='));
  words.push(`AuthDirMaxServersPerAddr=${config.maxServersPerAddress}`);
  const params = new Map<string, number>();
  for (const word of words.sort(compareText)) {
    const value = Number(word.slice(word.indexOf('=') + 1));
    if (Number.isInteger(value)) params.set(word.slice(0, word.indexOf('=')), value);
  }
  return params;
}

function bandwidthPart({
  config,
  bandwidthFile,
}: VoteInput): Pick<VoteFields, 'bandwidthFileHeaders' | 'bandwidthFileDigest'> {
  if (config.bandwidthFile === undefined) return { bandwidthFileHeaders: undefined, bandwidthFileDigest: undefined };
  return {
    bandwidthFileHeaders: bandwidthFile?.headers.join(' ') ?? '',
    bandwidthFileDigest: bandwidthFile === undefined ? undefined : `sha256=${base64Unpadded(bandwidthFile.digest)}`,
  };
}

function relayPart(input: VoteInput, canTell: boolean): { entries: VoteFields['entries']; thresholds: string } {
  const { config, store, history, measured, nowMs, isMe, isAuthority } = input;
  const all = store.all();
  for (const relay of all) updateRunning(relay, history, { config, isMe, canTell }, nowMs);
  const relays = withUniqueEd25519(all);
  const exits = new Map(
    relays.map((relay) => [relay, isGeneralExit(relay.descriptor.exitPolicy, config.allowPrivateAddresses)] as const),
  );
  const isExit = (relay: KnownRelay): boolean => exits.get(relay) === true;
  const bandwidth = believedBandwidths(relays, measured, config);
  const sybils = findSybils(relays, {
    maxPerAddress: config.maxServersPerAddress,
    isAuthority,
    bandwidthKb: (relay) => bandwidth.measuredKb(relay) ?? advertisedKb(relay),
  });
  for (const { descriptor } of sybils) history.makePessimal(descriptor.rsaId, Math.floor(nowMs / 1000));
  const shared = { bandwidth, history, isExit, isSybil: (relay: KnownRelay) => sybils.has(relay), nowMs };
  const thresholds = computeThresholds({
    ...shared,
    relays,
    config: config.flags,
    fastMin: input.consensusParam('FastFlagMinThreshold'),
    fastMax: input.consensusParam('FastFlagMaxThreshold'),
  });
  const inFile = new Map((input.bandwidthFile?.lines ?? []).map((line) => [hex(line.rsaId), line.bandwidth] as const));
  const entries = relays.flatMap(
    (relay) =>
      makeEntry(relay, {
        ...shared,
        thresholds,
        config,
        isAuthority,
        isMe,
        ownUptimeSec: Math.floor((nowMs - input.startedMs) / 1000),
        voteRunning: canTell,
        hasIpv6: config.hasIpv6,
        microdescs: input.microdescs,
        measuredKb: (rsaId) => inFile.get(hex(rsaId)),
      }) ?? [],
  );
  return { entries, thresholds: formatThresholds(thresholds) };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const advertisedKb = ({ descriptor }: KnownRelay): number => Math.floor(advertisedBandwidth(descriptor) / 1000);

/** When enough relays are measured, what others say of themselves counts for nothing. */
function believedBandwidths(
  relays: readonly KnownRelay[],
  measured: MeasuredBandwidths,
  config: AuthorityConfig,
): Bandwidths {
  const measuredKb = (relay: KnownRelay): number | undefined => measured.of(relay.descriptor.rsaId);
  const count = relays.filter((relay) => measuredKb(relay) !== undefined).length;
  const ignoringAdvertised = count > config.flags.minMeasuredToIgnoreAdvertised;
  return {
    ignoringAdvertised,
    measuredKb,
    credibleKb: (relay) => measuredKb(relay) ?? (ignoringAdvertised ? 0 : advertisedKb(relay)),
  };
}
