import { base16Upper, fromBase16, latin1 } from '../../base/bytes/index.ts';
import type { AuthorityCertificate, Vote } from '../../wire/netdoc/index.ts';
import type { CertificateBook } from './keys/certificate-book.ts';
import type { RouterStore } from './uploads/router-store.ts';
import type { VotingSession } from './voting/session.ts';

const microdescLifeMs = 7 * 24 * 3600_000;

/** Microdescriptors that this authority has made. */
export class MicrodescShelf {
  readonly #texts = new Map<string, { readonly text: string; readonly listedMs: number }>();

  /** `texts`: by digest, one character a byte. */
  list(texts: ReadonlyMap<string, string>, nowMs: number): void {
    for (const [digest, text] of texts) this.#texts.set(digest, { text, listedMs: nowMs });
  }

  find(digest: Uint8Array): string | undefined {
    return this.#texts.get(latin1(digest))?.text;
  }

  removeOld(nowMs: number): void {
    for (const [digest, { listedMs }] of this.#texts) {
      if (listedMs + microdescLifeMs < nowMs) this.#texts.delete(digest);
    }
  }
}

export interface DescriptorDocument {
  readonly text: string;
  readonly publishedMs: number;
}

/** What an authority adds to what a directory cache serves: look-ups as the cache makes them. */
export interface AuthorityDocuments {
  certificates(): readonly AuthorityCertificate[];
  microdescriptor(digest: Uint8Array): string | undefined;
  descriptorByDigest(digest: Uint8Array): DescriptorDocument | undefined;
  descriptorById(rsaId: Uint8Array): DescriptorDocument | undefined;
  extraInfoByDigest(digest: Uint8Array): DescriptorDocument | undefined;
  extraInfoById(rsaId: Uint8Array): DescriptorDocument | undefined;
  relayIds(): Iterable<Uint8Array>;
}

export function authorityDocuments(deps: {
  readonly store: RouterStore;
  readonly microdescs: MicrodescShelf;
  readonly certificates: CertificateBook;
}): AuthorityDocuments {
  const { store, microdescs, certificates } = deps;
  return {
    certificates: () => certificates.all(),
    microdescriptor: (digest) => microdescs.find(digest),
    descriptorByDigest: (digest) => store.descriptorByDigest(digest),
    descriptorById: (rsaId) => store.find(rsaId)?.descriptor,
    extraInfoByDigest: (digest) => store.extraInfoByDigest(digest),
    extraInfoById: (rsaId) => store.find(rsaId)?.extraInfo,
    *relayIds() {
      for (const { descriptor } of store.all()) yield descriptor.rsaId;
    },
  };
}

/**
 * The documents at `/tor/status-vote/<path>`, except the current consensus. spec: dir-spec 3.7 to 3.11
 */
export function statusVoteDocuments(session: VotingSession, ownIdentity: Uint8Array, path: string): readonly string[] {
  const match = /^(current|next)\/(.+?)(?:\.z)?$/.exec(path);
  if (match === null) return [];
  const current = match[1] === 'current';
  const what = match[2] as string;
  const present = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);
  if (!current && what === 'consensus') return present(session.desk.pending('ns')?.text);
  if (!current && what === 'consensus-signatures') return present(session.desk.detached);
  const which = current ? 'previous' : 'pending';
  const byIdentity = (identity: Uint8Array): Vote | undefined =>
    session.votes.findBy((vote) => vote.voter.identity, identity, which);
  if (what === 'authority') return present(byIdentity(ownIdentity)?.text);
  const byDigest = (digest: Uint8Array): Vote | undefined =>
    session.votes.findBy((vote) => vote.digest, digest, 'pending') ??
    session.votes.findBy((vote) => vote.digest, digest, 'previous');
  const find = what.startsWith('d/') ? byDigest : byIdentity;
  return digestsIn(what.replace(/^d\//, '')).flatMap((digest) => find(digest)?.text ?? []);
}

const maxNamed = 1000;

/** Sorted and without doubles, as C tor answers them. */
function digestsIn(list: string): Uint8Array[] {
  const names = list.split('+', maxNamed).filter((name) => /^[0-9A-Fa-f]{40}$/.test(name));
  return [...new Set(names.map((name) => base16Upper(fromBase16(name))))].sort().map(fromBase16);
}
