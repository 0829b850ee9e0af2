import { base16Upper } from '../../src/base/bytes/index.ts';
import { RsaPrivateKey } from '../../src/crypto/primitives/index.ts';
import { CertificateBook } from '../../src/roles/authority/keys/certificate-book.ts';
import { SharedRandomState } from '../../src/roles/authority/sharedrandom/state.ts';
import type { SignedConsensus } from '../../src/roles/authority/voting/consensus-desk.ts';
import { type VotingActions, VotingSession } from '../../src/roles/authority/voting/session.ts';
import {
  type AuthorityCertificate,
  encodeAuthorityCertificate,
  encodeVote,
  parseAuthorityCertificate,
  parseVote,
  type VoteEntry,
  type VoteFields,
} from '../../src/wire/netdoc/index.ts';
import { documentText } from './documents.ts';
import { seededRandom } from './fake-runtime.ts';

const template = parseVote(documentText('network-0.4.9.11/vote-auth0-2026-11-21T072320'));
export const relayEntries: readonly VoteEntry[] = template.entries;

interface SimKeys {
  readonly signingKey: RsaPrivateKey;
  readonly certificate: AuthorityCertificate;
}

const made: Promise<SimKeys>[] = [];

/** Keys are made once in a test process; small ones, for speed. */
function keysOf(number: number): Promise<SimKeys> {
  made[number] ??= (async () => {
    const [identityKey, signingKey] = await Promise.all([RsaPrivateKey.generate(2048), RsaPrivateKey.generate(1024)]);
    const text = encodeAuthorityCertificate({ identityKey, signingKey, publishedMs: 0, expiresMs: 4e12 });
    return { signingKey, certificate: parseAuthorityCertificate(text) };
  })();
  return made[number] as Promise<SimKeys>;
}

export type Message = { readonly kind: 'vote' | 'signatures'; readonly text: string };

/** One authority of a simulation. What it may change is for tests of trouble. */
export class SimAuthority {
  readonly number: number;
  readonly keys: SimKeys;
  readonly net: VotingSim;
  readonly logged: string[] = [];
  readonly published: SignedConsensus[] = [];
  readonly certificates: CertificateBook;
  readonly session: VotingSession;
  readonly sharedRandom: SharedRandomState;
  skewMs = 0;
  alive = true;
  entries: readonly VoteEntry[] = relayEntries;
  /** Changes what is sent to another; undefined: nothing is sent. */
  send: (message: Message, to: SimAuthority) => Message | undefined = (message) => message;
  #nextMs = 0;

  constructor(number: number, keys: SimKeys, net: VotingSim) {
    this.number = number;
    this.keys = keys;
    this.net = net;
    const isAuthority = (identity: Uint8Array): boolean =>
      net.identities.some((each) => base16Upper(each) === base16Upper(identity));
    this.certificates = new CertificateBook(isAuthority);
    this.session = new VotingSession(
      {
        actions: this.#actions(),
        log: (severity, _domain, message) => this.logged.push(`${severity}: ${message}`),
        findCertificate: this.certificates.find,
        authorities: () => net.identities,
        signers: () => [{ identity: keys.certificate.identity, signingKey: keys.signingKey }],
        sharedRandom: () => this.sharedRandom,
      },
      { ...simConfig, initialIntervalSec: net.initialIntervalSec },
      { nowMs: net.nowMs },
    );
    const round = this.session.roundClock(net.nowMs);
    this.sharedRandom = new SharedRandomState(
      {
        random: seededRandom(number + 1),
        warn: (message) => this.logged.push(`warn: ${message}`),
        changed: () => undefined,
      },
      { identity: keys.certificate.identity, isAuthority },
      { nowMs: net.nowMs, round },
    );
    this.sharedRandom.prepare(round);
  }

  get warnings(): string[] {
    return this.logged.filter((line) => line.startsWith('warn'));
  }

  #actions(): VotingActions {
    return {
      makeVote: async (validAfterMs) => this.makeVote(validAfterMs),
      postVote: (text) => this.#sendAll({ kind: 'vote', text }),
      postSignatures: (text) => this.#sendAll({ kind: 'signatures', text }),
      fetchVotes: (identities) => {
        for (const other of this.#others()) {
          const texts = identities.flatMap((identity) => {
            const vote = other.session.votes.pending.find((each) => base16Upper(each.voter.identity) === identity);
            return vote?.text ?? [];
          });
          if (texts.length > 0) this.session.addVote(texts.join(''), { from: `auth${other.number}` });
        }
      },
      fetchSignatures: () => {
        for (const other of this.#others()) {
          const { detached } = other.session.desk;
          if (detached !== undefined) this.session.addSignatures(detached, `auth${other.number}`);
        }
      },
      votesTaken: () => undefined,
      consensusComputed: () => undefined,
      publish: (consensuses) => this.published.push(...consensuses),
      voteTaken: () => undefined,
      voteSeen: (vote) => void this.certificates.add(vote.certificate),
    };
  }

  /** A vote for a round; tests change it. */
  makeVote(validAfterMs: number, change: Partial<VoteFields> = {}): string {
    const { certificate, signingKey } = this.keys;
    return encodeVote(
      {
        ...template,
        ...this.sharedRandom.votePart,
        publishedMs: this.net.nowMs + this.skewMs,
        validAfterMs,
        freshUntilMs: validAfterMs + simConfig.votingIntervalSec * 1000,
        validUntilMs: validAfterMs + 3 * simConfig.votingIntervalSec * 1000,
        certificate,
        voter: { ...template.voter, nickname: `auth${this.number}`, identity: certificate.identity },
        entries: this.entries,
        ...change,
      },
      signingKey,
    );
  }

  #others(): SimAuthority[] {
    return this.net.authorities.filter((other) => other !== this && other.alive && this.alive);
  }

  #sendAll(message: Message): void {
    for (const other of this.#others()) {
      const sent = this.send(message, other);
      if (sent !== undefined) this.net.deliver(this, other, sent);
    }
  }

  receive(message: Message, from: SimAuthority): void {
    if (!this.alive) return;
    const name = `auth${from.number}`;
    if (message.kind === 'signatures') this.session.addSignatures(message.text, name);
    else this.session.addVote(message.text, { from: name, postedMs: this.net.nowMs + this.skewMs });
  }

  /** Its program was started again, or has a new schedule to keep to. */
  restart(): void {
    this.session.restart(this.net.nowMs + this.skewMs);
    this.#nextMs = 0;
  }

  async act(): Promise<void> {
    const nowMs = this.net.nowMs + this.skewMs;
    if (this.alive && nowMs >= this.#nextMs) this.#nextMs = await this.session.act(nowMs);
  }
}

export const simConfig = {
  votingIntervalSec: 20,
  initialIntervalSec: 20,
  initialVoteDelaySec: 4,
  initialDistDelaySec: 4,
  startOffsetSec: 0,
  sharedRandomness: true,
} as const;

/** Authorities that vote in a time of their own. A message takes half a second. */
export class VotingSim {
  authorities: SimAuthority[] = [];
  identities: Uint8Array[] = [];
  nowMs = Date.UTC(2026, 10, 21, 0, 0, 1);
  readonly initialIntervalSec: number;
  #underway: { readonly dueMs: number; readonly deliver: () => void }[] = [];

  private constructor(initialIntervalSec: number) {
    this.initialIntervalSec = initialIntervalSec;
  }

  static async make(count: number, options: { readonly initialIntervalSec?: number } = {}): Promise<VotingSim> {
    const sim = new VotingSim(options.initialIntervalSec ?? simConfig.initialIntervalSec);
    const keys = await Promise.all(Array.from({ length: count }, (_, i) => keysOf(i)));
    sim.identities = keys.map(({ certificate }) => certificate.identity);
    sim.authorities = keys.map((each, i) => new SimAuthority(i, each, sim));
    return sim;
  }

  deliver(from: SimAuthority, to: SimAuthority, message: Message): void {
    this.#underway.push({ dueMs: this.nowMs + 500, deliver: () => to.receive(message, from) });
  }

  /** Goes on until a round's consensus is published, and a bit further. */
  async round(count = 1): Promise<void> {
    const end = this.nowMs + count * simConfig.votingIntervalSec * 1000;
    while (this.nowMs < end) {
      this.nowMs += 250;
      const due = this.#underway.filter(({ dueMs }) => dueMs <= this.nowMs);
      this.#underway = this.#underway.filter(({ dueMs }) => dueMs > this.nowMs);
      for (const { deliver } of due) deliver();
      for (const authority of this.authorities) await authority.act();
    }
  }
}
