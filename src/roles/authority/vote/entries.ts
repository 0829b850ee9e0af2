import { compareBytes, latin1 } from '../../../base/bytes/index.ts';
import type { ServerDescriptor, VoteEntry } from '../../../wire/netdoc/index.ts';
import { assignFlags, type FlagInput } from '../flags/assign.ts';
import { reachableForMs } from '../flags/running.ts';
import { maxAgeToPublishMs } from '../uploads/judge.ts';
import type { KnownRelay } from '../uploads/router-store.ts';
import type { MicrodescCache } from './microdescs.ts';

export interface EntryInput extends FlagInput {
  readonly hasIpv6: boolean;
  readonly isMe: (rsaId: Uint8Array) => boolean;
  readonly microdescs: MicrodescCache;
  /** Measured bandwidths of the file that goes with the vote. */
  readonly measuredKb: (rsaId: Uint8Array) => number | undefined;
}

/** What a vote says of a relay; undefined for one that it leaves out. */
export function makeEntry(relay: KnownRelay, input: EntryInput): VoteEntry | undefined {
  const { descriptor } = relay;
  if (descriptor.publishedMs < input.nowMs - maxAgeToPublishMs) return undefined;
  const microdescs = input.microdescs.of(descriptor);
  return {
    nickname: descriptor.nickname,
    rsaId: descriptor.rsaId,
    descriptorDigest: descriptor.digest,
    publishedMs: descriptor.publishedMs,
    address: descriptor.address,
    orPort: descriptor.orPort,
    dirPort: descriptor.dirPort,
    ipv6: publishesIpv6(relay, input) ? descriptor.ipv6 : undefined,
    flags: assignFlags(relay, input),
    version: platformVersionText(descriptor.platform),
    protover: descriptor.protoverText ?? '',
    bandwidth: Math.floor(advertisedBandwidth(descriptor) / 1000),
    measured: input.measuredKb(descriptor.rsaId),
    guardFraction: undefined,
    policy: microdescs?.policy ?? 'reject 1-65535',
    ed25519Id: descriptor.ed25519Id ?? 'none',
    microdescs: microdescs?.lines ?? [],
    stats: statsLine(descriptor.rsaId, input),
  };
}

function publishesIpv6({ descriptor, lastReachableIpv6Ms }: KnownRelay, input: EntryInput): boolean {
  if (!input.hasIpv6 || descriptor.ipv6 === undefined) return false;
  return lastReachableIpv6Ms >= input.nowMs - reachableForMs || input.isMe(descriptor.rsaId);
}

/** More than this is not believed. */
const maxBelieved = 10_000_000;

/** Bytes a second that a relay offers, as far as it is believed. */
export const advertisedBandwidth = (descriptor: ServerDescriptor): number =>
  Math.min(descriptor.bandwidthRate, descriptor.bandwidthObserved, maxBelieved);

/** `Tor 0.4.9.11` of a platform line. */
function platformVersionText(platform: string): string | undefined {
  return /^Tor [^ \t\r\n]*(?: \(r[^ \t\r\n]*)?/.exec(platform)?.[0];
}

function statsLine(rsaId: Uint8Array, { history, nowMs }: EntryInput): string {
  const nowSec = Math.floor(nowMs / 1000);
  const wfu = history.uptimeFraction(rsaId, nowSec).toFixed(6);
  const known = Math.trunc(history.timeKnownSec(rsaId, nowSec));
  return `wfu=${wfu} tk=${known} mtbf=${roundHalfEven(history.mtbfSec(rsaId, nowSec))}`;
}

/** As C's printf rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Of relays with one Ed25519 identity only the one that published last; of these the one with the lower digest. */
export function withUniqueEd25519(relays: readonly KnownRelay[]): KnownRelay[] {
  const best = new Map<string, KnownRelay>();
  for (const relay of relays) {
    const { ed25519Id } = relay.descriptor;
    if (ed25519Id === undefined) continue;
    const key = latin1(ed25519Id);
    const other = best.get(key);
    if (other === undefined || isNewer(relay.descriptor, other.descriptor)) best.set(key, relay);
  }
  return relays.filter(
    (relay) => relay.descriptor.ed25519Id === undefined || best.get(latin1(relay.descriptor.ed25519Id)) === relay,
  );
}

const isNewer = (a: ServerDescriptor, b: ServerDescriptor): boolean =>
  a.publishedMs > b.publishedMs || (a.publishedMs === b.publishedMs && compareBytes(a.digest, b.digest) < 0);
