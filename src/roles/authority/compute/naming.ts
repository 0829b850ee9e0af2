import { bytesEqual } from '../../../base/bytes/index.ts';
import type { Vote } from '../../../wire/netdoc/index.ts';

type NameVote = Pick<Vote, 'knownFlags' | 'entries'>;

/** Whose a nickname is, for votes that still know the flags `Named` and `Unnamed`. */
export class Names {
  readonly #owners = new Map<string, Uint8Array | 'conflict' | 'unknown'>();

  constructor(votes: readonly NameVote[]) {
    for (const [nickname, rsaId] of flagged(votes, 'Named')) {
      const owner = this.#owners.get(nickname);
      if (owner === undefined) this.#owners.set(nickname, rsaId);
      else if (owner instanceof Uint8Array && !bytesEqual(owner, rsaId)) this.#owners.set(nickname, 'conflict');
    }
    for (const [nickname, rsaId] of flagged(votes, 'Unnamed')) {
      const owner = this.#owners.get(nickname);
      if (owner === undefined) this.#owners.set(nickname, 'unknown');
      else if (owner instanceof Uint8Array && bytesEqual(owner, rsaId)) this.#owners.set(nickname, 'conflict');
    }
  }

  flagFor(nickname: string, rsaId: Uint8Array): 'Named' | 'Unnamed' | undefined {
    const owner = this.#owners.get(nickname.toLowerCase());
    if (owner === undefined) return undefined;
    return owner instanceof Uint8Array && bytesEqual(owner, rsaId) ? 'Named' : 'Unnamed';
  }
}

function* flagged(votes: readonly NameVote[], flag: string): Generator<[nickname: string, rsaId: Uint8Array]> {
  for (const vote of votes) {
    if (!vote.knownFlags.includes(flag)) continue;
    for (const entry of vote.entries) {
      if (entry.flags.includes(flag)) yield [entry.nickname.toLowerCase(), entry.rsaId];
    }
  }
}
