import { bytesEqual, compareBytes } from '../../../base/bytes/index.ts';
import type { VoteEntry } from '../../../wire/netdoc/index.ts';

/** What the votes say of one relay. */
export interface Collated {
  readonly rsaId: Uint8Array;
  /** By vote; undefined where a vote does not list the relay, or lists it with another Ed25519 identity. */
  readonly entries: readonly (VoteEntry | undefined)[];
  /** How many of them list the Ed25519 identity that most authorities see. */
  readonly ed25519Agreeing: number;
}

/**
 * Relays that more than half of the authorities list, in the order of their identities. A pair of RSA and Ed25519
 * identity that a majority lists takes in the votes that know no Ed25519 identity; without such a pair all votes on the
 * RSA identity count.
 *
 * @param votes each sorted by RSA identity, as votes are
 */
export function* collate(votes: readonly (readonly VoteEntry[])[], totalAuthorities: number): Generator<Collated> {
  const half = Math.floor(totalAuthorities / 2);
  const at = votes.map(() => 0);
  for (;;) {
    let lowest: Uint8Array | undefined;
    for (let i = 0; i < votes.length; i++) {
      const id = votes[i]?.[at[i] as number]?.rsaId;
      if (id !== undefined && (lowest === undefined || compareBytes(id, lowest) < 0)) lowest = id;
    }
    if (lowest === undefined) return;
    const entries: (VoteEntry | undefined)[] = new Array(votes.length);
    let listing = 0;
    for (let i = 0; i < votes.length; i++) {
      const entry = votes[i]?.[at[i] as number];
      if (entry === undefined || !bytesEqual(entry.rsaId, lowest)) continue;
      entries[i] = entry;
      at[i] = (at[i] as number) + 1;
      listing++;
    }
    if (listing > half) yield settle(lowest, entries, half);
  }
}

function settle(rsaId: Uint8Array, entries: readonly (VoteEntry | undefined)[], half: number): Collated {
  for (let i = 0; i < entries.length; i++) {
    const key = entries[i]?.ed25519Id;
    if (key === undefined) continue;
    const agreeing = entries.reduce((count, entry) => count + (sameKey(entry?.ed25519Id, key) ? 1 : 0), 0);
    if (agreeing <= half) continue;
    const kept =
      agreeing === entries.length
        ? entries
        : entries.map((entry) =>
            entry !== undefined && (entry.ed25519Id === undefined || sameKey(entry.ed25519Id, key)) ? entry : undefined,
          );
    return { rsaId, entries: kept, ed25519Agreeing: agreeing };
  }
  return { rsaId, entries, ed25519Agreeing: 0 };
}

type Key = VoteEntry['ed25519Id'];

function sameKey(a: Key, b: Key): boolean {
  if (a === undefined || b === undefined) return false;
  if (a === 'none' || b === 'none') return a === b;
  return bytesEqual(a, b);
}
