import { TorError } from '../../../base/errors/index.ts';
import type { ConsensusFlavor, SharedRandomLine, Vote } from '../../../wire/netdoc/index.ts';
import { parseConsensus, parseDetachedSignatures } from '../../../wire/netdoc/index.ts';
import { computeConsensus } from '../compute/consensus.ts';
import { type CertificateFinder, detachedSignatures, PendingConsensus, votersOf } from '../compute/pending.ts';
import type { ConsensusSigner } from '../compute/sign.ts';
import type { Log } from './vote-box.ts';

const flavors: readonly ConsensusFlavor[] = ['ns', 'microdesc'];
/** C tor keeps any number; so many from each authority and more is an attack. */
const maxQueued = 100;

export interface ConsensusDeskDeps {
  readonly log: Log;
  readonly findCertificate: CertificateFinder;
}

export interface ComputeInput {
  readonly votes: readonly Vote[];
  readonly totalAuthorities: number;
  /** Our own, and the legacy one when it is used. */
  readonly signers: readonly ConsensusSigner[];
  readonly sharedRandom: boolean;
  readonly sharedRandomFresh: boolean;
}

export interface SignaturesAnswer {
  readonly ok: boolean;
  readonly message: string;
}

/** A consensus with signatures enough to be published. */
export interface SignedConsensus {
  readonly flavor: ConsensusFlavor;
  readonly text: string;
  readonly validAfterMs: number;
  readonly freshUntilMs: number;
  readonly validUntilMs: number;
  readonly voteDelaySec: number;
  readonly distDelaySec: number;
  readonly sharedRandomPrevious: SharedRandomLine | undefined;
  readonly sharedRandomCurrent: SharedRandomLine | undefined;
}

/** Makes the consensus of a round and gathers signatures on it. */
export class ConsensusDesk {
  readonly #deps: ConsensusDeskDeps;
  #pending: readonly PendingConsensus[] = [];
  #queued: string[] = [];
  #detached: string | undefined;
  #totalAuthorities = 0;

  constructor(deps: ConsensusDeskDeps) {
    this.#deps = deps;
  }

  /** Detached signatures on the consensus that is being made. */
  get detached(): string | undefined {
    return this.#detached;
  }

  pending(flavor: ConsensusFlavor): PendingConsensus | undefined {
    return this.#pending.find((each) => each.flavor === flavor);
  }

  clear(): void {
    this.#pending = [];
    this.#queued = [];
    this.#detached = undefined;
  }

  /** Computes and signs. Says whether there is a consensus now. */
  compute(input: ComputeInput): boolean {
    const { log } = this.#deps;
    const { votes, totalAuthorities } = input;
    const needed = Math.floor(totalAuthorities / 2) + 1;
    if (votes.length < needed) {
      log('warn', 'dir', `We don't have enough votes to generate a consensus: ${votes.length} of ${needed}`);
      return false;
    }
    if (!votes.some((vote) => vote.knownFlags.includes('Running'))) {
      log(
        'warn',
        'dir',
        'Nobody has voted on the Running flag. Generating and publishing a consensus without Running nodes would make ' +
          'many clients stop working. Not generating a consensus!',
      );
      return false;
    }
    const { texts } = computeConsensus(votes, {
      totalAuthorities,
      sharedRandom: input.sharedRandom,
      sharedRandomFresh: input.sharedRandomFresh,
      warn: (message) => log('warn', 'dir', message),
    });
    const voters = votersOf(votes);
    this.#totalAuthorities = totalAuthorities;
    this.#pending = flavors.map((flavor) => {
      const pending = new PendingConsensus(flavor, texts[flavor], timesOf(texts[flavor]), voters);
      for (const signer of input.signers) pending.sign(signer);
      return pending;
    });
    this.#detached = detachedSignatures(this.#pending);
    this.#addQueued();
    return true;
  }

  #addQueued(): void {
    const queued = this.#queued;
    this.#queued = [];
    for (const text of queued) {
      const { ok, message } = this.#addNow(text, 'pending');
      if (!ok) this.#deps.log('warn', 'dir', `Could not add queued signature to new consensus: ${message}`);
    }
  }

  /** Takes detached signatures; those that come before our own consensus wait for it. */
  addSignatures(text: string, from: string): SignaturesAnswer {
    const { log } = this.#deps;
    if (this.#pending.length > 0) {
      log('notice', 'dir', `Got a signature from ${from}. Adding it to the pending consensus.`);
      return this.#addNow(text, from);
    }
    log('notice', 'dir', `Got a signature from ${from}. Queuing it for the next consensus.`);
    if (this.#queued.length >= maxQueued) return { ok: false, message: 'Too many signatures queued' };
    this.#queued.push(text);
    return { ok: true, message: 'Signature queued' };
  }

  #addNow(text: string, from: string): SignaturesAnswer {
    const detached = this.#parse(text);
    if (detached === undefined) return { ok: false, message: "Couldn't parse detached signatures." };
    let added = 0;
    let problem: string | undefined;
    for (const pending of this.#pending) {
      const result = pending.add(detached, this.#deps.findCertificate);
      if ('problem' in result) {
        problem = result.problem;
        this.#deps.log('info', 'dir', `Unable to add signatures to consensus: ${problem}`);
        continue;
      }
      added += result.added.length;
      const severity = pending.flavor === 'ns' ? 'notice' : 'info';
      for (const nickname of result.added) {
        this.#deps.log(severity, 'dir', `Added a signature for ${nickname} from ${from}.`);
      }
    }
    if (added === 0 && problem !== undefined) return { ok: false, message: problem };
    if (added > 0) this.#detached = detachedSignatures(this.#pending);
    return { ok: true, message: added > 0 ? 'Signatures added' : 'Signatures ignored' };
  }

  #parse(text: string): ReturnType<typeof parseDetachedSignatures> | undefined {
    try {
      return parseDetachedSignatures(text);
    } catch (error) {
      if (TorError.is(error)) return undefined;
      throw error;
    }
  }

  /** Whether anybody's signature is still to come. */
  get lacksSignatures(): boolean {
    return this.#pending.some((pending) => pending.goodVoters < this.#totalAuthorities);
  }

  /** What can be published: what more than half of the authorities have signed. */
  publishable(): SignedConsensus[] {
    const needed = Math.floor(this.#totalAuthorities / 2) + 1;
    const ready: SignedConsensus[] = [];
    for (const flavor of flavors) {
      const pending = this.pending(flavor);
      pending?.recheck(this.#deps.findCertificate);
      if (pending === undefined || pending.goodVoters < needed) {
        this.#deps.log('warn', 'dir', `Not enough info to publish pending ${flavor} consensus`);
      } else {
        ready.push(signedConsensus(pending.text));
      }
    }
    return ready;
  }
}

function timesOf(unsigned: string): { validAfterMs: number; freshUntilMs: number; validUntilMs: number } {
  const time = (keyword: string): number => {
    const text = new RegExp(`^${keyword} (.*)$`, 'm').exec(unsigned)?.[1] ?? '';
    return Date.parse(`${text.replace(' ', 'T')}Z`);
  };
  return {
    validAfterMs: time('valid-after'),
    freshUntilMs: time('fresh-until'),
    validUntilMs: time('valid-until'),
  };
}

/** What the schedule and the shared random state need of a consensus. Throws NETDOC_SYNTAX. */
export function signedConsensus(text: string): SignedConsensus {
  const content = parseConsensus(text).dangerouslyUnverified();
  return {
    flavor: content.flavor,
    text,
    validAfterMs: content.validAfterMs,
    freshUntilMs: content.freshUntilMs,
    validUntilMs: content.validUntilMs,
    voteDelaySec: content.voteDelaySec,
    distDelaySec: content.distDelaySec,
    sharedRandomPrevious: content.sharedRandomPrevious,
    sharedRandomCurrent: content.sharedRandomCurrent,
  };
}
