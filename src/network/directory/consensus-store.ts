import { bytesEqual, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import {
  type AuthorityCertificate,
  applyConsensusDiff,
  type CertificateName,
  type Consensus,
  type ConsensusFlavor,
  parseConsensus,
  type SignatureReport,
  type TrustedAuthority,
  type UnverifiedConsensus,
} from '../../wire/netdoc/index.ts';
import type { DataStore } from '../storage/index.ts';

export interface ConsensusStoreDeps {
  readonly clock: Clock;
  readonly store: DataStore;
  readonly certificates: () => readonly AuthorityCertificate[];
  readonly logger?: Logger | undefined;
}

export interface ConsensusStoreOptions {
  readonly flavor: ConsensusFlavor;
  readonly authorities: readonly TrustedAuthority[];
}

/** What became of a consensus that was offered. */
export type ConsensusOutcome =
  | { readonly kind: 'accepted'; readonly consensus: Consensus }
  /** Enough signatures, once these certificates are there. */
  | { readonly kind: 'waiting' }
  /** Nothing new in it. */
  | { readonly kind: 'stale' };

const maxFileBytes = 64 * 1024 * 1024;
/** C tor: OLD_ROUTER_DESC_MAX_AGE; a cached consensus older than this is not looked at. */
const maxCachedAgeMs = 5 * 86_400_000;
/** How long a consensus may wait for certificates before another is asked for. */
const waitForCertificatesMs = 20 * 60_000;

/** The newest consensus of one flavour that enough authorities signed, and one that waits for certificates. */
export class ConsensusStore {
  readonly #deps: ConsensusStoreDeps;
  readonly #options: ConsensusStoreOptions;
  #current: Consensus | undefined;
  #waiting: { readonly consensus: UnverifiedConsensus; readonly text: string; readonly sinceMs: number } | undefined;

  constructor(deps: ConsensusStoreDeps, options: ConsensusStoreOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  get current(): Consensus | undefined {
    return this.#current;
  }

  /** True while a consensus is there that only lacks certificates, and has not waited too long. */
  get isWaiting(): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    const nowMs = this.#deps.clock.now();
    return waiting.sinceMs + waitForCertificatesMs > nowMs && waiting.consensus.validUntilMs > nowMs;
  }

  /** Certificates that the waiting consensus, or the current one, is signed with and that we lack. */
  get missingCertificates(): readonly CertificateName[] {
    if (this.#waiting !== undefined) return this.#report(this.#waiting.consensus).missingCertificates;
    return this.#currentMissing;
  }
  #currentMissing: readonly CertificateName[] = [];

  get #cachedName(): string {
    return this.#options.flavor === 'ns' ? 'cached-consensus' : `cached-${this.#options.flavor}-consensus`;
  }
  get #unverifiedName(): string {
    return this.#options.flavor === 'ns' ? 'unverified-consensus' : `unverified-${this.#options.flavor}-consensus`;
  }

  /** Reads both cache files. A file that cannot be used is told of and left for the next good consensus to replace. */
  async load(): Promise<void> {
    await this.#loadFile(this.#cachedName, false);
    await this.#loadFile(this.#unverifiedName, true);
  }

  async #loadFile(name: string, unverified: boolean): Promise<void> {
    try {
      const content = await this.#deps.store.read(name, { maxBytes: maxFileBytes });
      if (content === undefined) return;
      const parsed = this.#parse(latin1(content));
      if (parsed.validUntilMs < this.#deps.clock.now() - maxCachedAgeMs) {
        this.#deps.logger?.info('dir', `${name} has expired; it is not used.`);
        return;
      }
      const outcome = this.#judge(parsed, latin1(content));
      if (!unverified) return;
      if (outcome.kind === 'accepted') await this.#deps.store.rename(name, this.#cachedName);
      else if (outcome.kind === 'stale') await this.#deps.store.remove(name);
    } catch (error) {
      this.#deps.logger?.warn('dir', `Couldn't use the consensus in ${name}: ${TorError.from(error).message}`);
    }
  }

  /**
   * A document that a directory sent: a consensus, or a diff to the one we have. Rejects with NETDOC_*, DIFF_*,
   * CONSENSUS_NOT_TRUSTED.
   */
  async offer(body: Uint8Array): Promise<ConsensusOutcome> {
    const text = this.#undiff(latin1(body));
    const outcome = this.#judge(this.#parse(text), text);
    if (outcome.kind === 'accepted') {
      await this.#write(this.#cachedName, text);
      await this.#remove(this.#unverifiedName);
    } else if (outcome.kind === 'waiting') await this.#write(this.#unverifiedName, text);
    return outcome;
  }

  /** New certificates came: the waiting consensus may be good now. */
  async recheck(): Promise<ConsensusOutcome | undefined> {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      if (this.#current !== undefined) this.#currentMissing = this.#reportCurrent(this.#current);
      return undefined;
    }
    let outcome: ConsensusOutcome;
    try {
      outcome = this.#judge(waiting.consensus, waiting.text, waiting.sinceMs);
    } catch (error) {
      this.#waiting = undefined;
      await this.#remove(this.#unverifiedName);
      throw error;
    }
    if (outcome.kind === 'accepted') {
      await this.#write(this.#cachedName, waiting.text);
      await this.#remove(this.#unverifiedName);
    }
    return outcome;
  }

  #undiff(text: string): string {
    if (!text.startsWith('network-status-diff-version')) return text;
    if (this.#current === undefined) throw new TorError('DIFF_MISMATCH', 'a diff, but no consensus to apply it to');
    const whole = applyConsensusDiff(this.#current.text, text);
    this.#deps.logger?.info(
      'dir',
      `Applied consensus diff (size ${text.length}): a consensus of size ${whole.length}.`,
    );
    return whole;
  }

  #parse(text: string): UnverifiedConsensus {
    const parsed = parseConsensus(text);
    if (parsed.flavor !== this.#options.flavor) {
      throw new TorError('NETDOC_SYNTAX', `a consensus of flavour ${parsed.flavor} instead of ${this.#options.flavor}`);
    }
    return parsed;
  }

  /** Throws CONSENSUS_NOT_TRUSTED. */
  #judge(parsed: UnverifiedConsensus, text: string, sinceMs?: number): ConsensusOutcome {
    const current = this.#current;
    if (current !== undefined) {
      if (bytesEqual(parsed.digests.sha256, current.digests.sha256)) return { kind: 'stale' };
      if (parsed.validAfterMs <= current.validAfterMs) return { kind: 'stale' };
    }
    const nowMs = this.#deps.clock.now();
    const report = this.#report(parsed);
    if (report.outcome === 'waiting') {
      this.#waiting = { consensus: parsed, text, sinceMs: sinceMs ?? nowMs };
      return { kind: 'waiting' };
    }
    const consensus = parsed.verify(this.#deps.certificates(), this.#options.authorities, { nowMs });
    this.#current = consensus;
    this.#currentMissing = report.missingCertificates;
    if (this.#waiting !== undefined && this.#waiting.consensus.validAfterMs <= consensus.validAfterMs) {
      this.#waiting = undefined;
    }
    return { kind: 'accepted', consensus };
  }

  #report(parsed: UnverifiedConsensus): SignatureReport {
    const nowMs = this.#deps.clock.now();
    return parsed.checkSignatures(this.#deps.certificates(), this.#options.authorities, { nowMs });
  }

  #reportCurrent(consensus: Consensus): readonly CertificateName[] {
    return this.#report(parseConsensus(consensus.text)).missingCertificates;
  }

  async #write(name: string, text: string): Promise<void> {
    try {
      await this.#deps.store.write(name, Buffer.from(text, 'latin1'));
    } catch (error) {
      this.#deps.logger?.warn('fs', `Couldn't write ${name}: ${TorError.from(error).message}`);
    }
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#deps.store.remove(name);
    } catch (error) {
      this.#deps.logger?.info('fs', `Couldn't remove ${name}: ${TorError.from(error).message}`);
    }
  }
}
