import { base64Unpadded, bytesEqual, compareBytes, fromBase64 } from '../../../base/bytes/index.ts';
import type { AddressPort, VoteEntry } from '../../../wire/netdoc/index.ts';
import { compareText, mostFrequent } from './statistics.ts';

/** Orders entries so that those of one descriptor stand together; 0 for entries that say the same of it. */
export function compareEntries(a: VoteEntry, b: VoteEntry): number {
  return (
    compareBytes(a.descriptorDigest, b.descriptorDigest) ||
    b.publishedMs - a.publishedMs ||
    compareText(b.nickname, a.nickname) ||
    compareBytes(a.address, b.address) ||
    b.orPort - a.orPort ||
    b.dirPort - a.dirPort
  );
}

/** The descriptor that most votes have; of several the one published last, then the one with the lowest digest. */
export function chooseDescriptor(entries: readonly VoteEntry[]): VoteEntry {
  const first = entries[0] as VoteEntry;
  if (entries.every((entry) => entry === first || compareEntries(entry, first) === 0)) return first;
  const sorted = [...entries].sort(compareEntries);
  let best = first;
  let bestCount = 0;
  let bestPublishedMs = 0;
  for (let start = 0; start < sorted.length; ) {
    const entry = sorted[start] as VoteEntry;
    let end = start + 1;
    while (end < sorted.length && compareEntries(entry, sorted[end] as VoteEntry) === 0) end++;
    const count = end - start;
    if (count > bestCount || (count === bestCount && entry.publishedMs > bestPublishedMs)) {
      best = entry;
      bestCount = count;
      bestPublishedMs = entry.publishedMs;
    }
    start = end;
  }
  return best;
}

/** The IPv6 address that most of the entries have. */
export function chooseIpv6(entries: readonly VoteEntry[]): AddressPort | undefined {
  const addresses = entries.flatMap((entry) => entry.ipv6 ?? []);
  if (addresses.length === 0) return undefined;
  addresses.sort((a, b) => compareBytes(a.address, b.address) || b.port - a.port);
  return mostFrequent(addresses, (a, b) => a.port === b.port && bytesEqual(a.address, b.address));
}

/** Finds the microdescriptor digests of one consensus method in `m` lines. */
export class MicrodescChoice {
  readonly #method: string;
  /** Whether a list of methods has ours; the lists repeat from relay to relay. */
  readonly #covers = new Map<string, boolean>();

  constructor(method: number) {
    this.#method = String(method);
  }

  /** The SHA-256 that most entries have, in base64 without padding; of several the highest. */
  choose(entries: readonly VoteEntry[]): string | undefined {
    const found: string[] = [];
    for (const { microdescs } of entries) {
      const digest = this.#find(microdescs);
      if (digest !== undefined) found.push(digest);
    }
    const [first] = found;
    if (first === undefined) return undefined;
    const same = found.every((digest) => digest === first);
    const best = same ? decode(first) : highest(found.flatMap((digest) => decode(digest) ?? []));
    return best === undefined || best.every((byte) => byte === 0) ? undefined : base64Unpadded(best);
  }

  #find(lines: readonly string[]): string | undefined {
    for (const line of lines) {
      const space = line.indexOf(' ');
      if (!this.#hasMethod(space === -1 ? line : line.slice(0, space))) continue;
      const at = line.indexOf(' sha256=');
      return at === -1 ? undefined : line.slice(at + 8, at + 8 + 43);
    }
    return undefined;
  }

  #hasMethod(list: string): boolean {
    let covers = this.#covers.get(list);
    if (covers === undefined) {
      // Reading stops at the first word that is no number.
      const words = list.split(',');
      const end = words.findIndex((word) => !/^\d+$/.test(word));
      covers = (end === -1 ? words : words.slice(0, end)).includes(this.#method);
      this.#covers.set(list, covers);
    }
    return covers;
  }
}

function decode(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]{43}$/.test(text)) return undefined;
  return fromBase64(text).subarray(0, 32);
}

const highest = (digests: Uint8Array[]): Uint8Array | undefined =>
  mostFrequent(digests.sort(compareBytes), (a, b) => bytesEqual(a, b));
