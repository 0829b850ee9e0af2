import { base16Upper, fromLatin1, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { LogDomain, Logger, Severity } from '../../base/log/index.ts';
import type { Runtime, Timer } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import type { DirAuthority } from '../../network/directory/index.ts';
import type { DataStore } from '../../network/storage/index.ts';
import {
  type AuthorityCertificate,
  type BandwidthFile,
  parseBandwidthFile,
  parseServerDescriptors,
  type Vote,
} from '../../wire/netdoc/index.ts';
import { MeasuredBandwidths } from './bandwidth/measured.ts';
import type { ConsensusSigner } from './compute/sign.ts';
import type { AuthorityConfig } from './config.ts';
import { type AuthorityDocuments, authorityDocuments, MicrodescShelf, statusVoteDocuments } from './documents.ts';
import { AuthorityFiles } from './files.ts';
import { RouterHistory } from './history/router-history.ts';
import { CertificateBook } from './keys/certificate-book.ts';
import { ExpiryWatch } from './keys/expiry.ts';
import { type AuthorityKeys, loadAuthorityKeys } from './keys/load.ts';
import { Authorities, type PeerTransport } from './peers.ts';
import { ReachabilityTests, type ReachRelay, testEveryMs } from './reachability.ts';
import { SharedRandomState } from './sharedrandom/state.ts';
import { ApprovedRouters } from './uploads/approved-routers.ts';
import { RelayJudge } from './uploads/judge.ts';
import { KeyPins } from './uploads/key-pins.ts';
import { RouterStore } from './uploads/router-store.ts';
import { acceptUpload } from './uploads/upload.ts';
import { type AuthorityAddress, makeVote } from './vote/make-vote.ts';
import { MicrodescCache } from './vote/microdescs.ts';
import { type SignedConsensus, signedConsensus } from './voting/consensus-desk.ts';
import { type VotingActions, VotingSession } from './voting/session.ts';
import { VotingTimer } from './voting/voting-timer.ts';

export interface AuthorityDeps extends Runtime {
  readonly logger: Logger;
  readonly store: DataStore;
  readonly transport: PeerTransport;
  readonly reach: ReachRelay;
  /** Reads a file of the operator's (V3BandwidthsFile). Undefined when there is none. */
  readonly readFile: (path: string) => Promise<Uint8Array | undefined>;
}

export interface AuthorityOptions {
  readonly config: AuthorityConfig;
  /** All authorities of the network, ourselves among them. */
  readonly authorities: readonly DirAuthority[];
  /** RSA identity of our own relay, 20 bytes. */
  readonly rsaId: Uint8Array;
  readonly where: () => AuthorityAddress;
  /** A parameter of the consensus in force. */
  readonly consensusParam?: (name: string) => number | undefined;
  /** Such as "0.4.9.11", for files. */
  readonly version: string;
}

export interface AuthorityEvents {
  /** Both flavours as far as enough authorities signed them: to be taken up, kept and served. */
  consensus: readonly SignedConsensus[];
  /** Certificates of authorities that came with votes: all that are known now. */
  certificates: readonly AuthorityCertificate[];
  /** A relay's descriptor was taken. */
  descriptor: { readonly rsaId: Uint8Array };
}

/** An answer to a POST; `headers` whole lines. */
export interface PostAnswer {
  readonly status: number;
  readonly message: string;
  readonly headers?: readonly string[];
}

const tickMs = 60_000;
const saveStabilityMs = 30 * 60_000;
const maxDescriptorsAsked = 96;

/** What the schedule of voting hangs on. C tor options_transition_affects_dirauth_timing() */
const votingTimes = (config: AuthorityConfig): string =>
  [
    config.votingIntervalSec,
    config.voteDelaySec,
    config.distDelaySec,
    config.initialIntervalSec,
    config.initialVoteDelaySec,
    config.initialDistDelaySec,
    config.startOffsetSec,
  ].join();

/** A directory authority: takes uploads, tests relays, votes, and makes consensuses with the others. spec: dir-spec 3 */
export class Authority {
  readonly events = new Emitter<AuthorityEvents>();
  readonly documents: AuthorityDocuments;
  readonly #deps: AuthorityDeps;
  readonly #options: AuthorityOptions;
  /** All parts look here; a reload changes it in place. */
  readonly #config: AuthorityConfig;
  readonly #peers: Authorities;
  readonly #files: AuthorityFiles;
  readonly #store: RouterStore;
  readonly #history = new RouterHistory();
  readonly #measured = new MeasuredBandwidths();
  readonly #microdescs = new MicrodescCache();
  readonly #shelf = new MicrodescShelf();
  readonly #certificates: CertificateBook;
  readonly #expiry = new ExpiryWatch();
  readonly #tests: ReachabilityTests;
  readonly #keys: AuthorityKeys;
  readonly #legacyKeys: AuthorityKeys | undefined;
  readonly #session: VotingSession;
  readonly #voting: VotingTimer;
  readonly #startedMs: number;
  readonly #timers = new Set<Timer>();
  #approved = new ApprovedRouters();
  #bandwidthText: string | undefined;
  #sharedRandom: SharedRandomState | undefined;
  #savedStabilityMs: number;
  #stopped = false;

  private constructor(
    deps: AuthorityDeps,
    options: AuthorityOptions,
    loaded: { keys: AuthorityKeys; legacyKeys: AuthorityKeys | undefined; consensus: SignedConsensus | undefined },
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#keys = loaded.keys;
    this.#legacyKeys = loaded.legacyKeys;
    this.#peers = new Authorities(options.authorities);
    this.#files = new AuthorityFiles(deps, options.version);
    this.#startedMs = deps.clock.now();
    this.#savedStabilityMs = this.#startedMs;
    const config = { ...options.config };
    this.#config = config;
    const isMe = (rsaId: Uint8Array): boolean => latin1(rsaId) === latin1(options.rsaId);
    const pins = new KeyPins((line) => this.#files.addPin(line));
    this.#files.pins = pins;
    const judge = new RelayJudge({ config, pins, approved: () => this.#approved });
    this.#store = new RouterStore({ config, judge, pins, isMe });
    this.#certificates = new CertificateBook(this.#peers.isVoter);
    this.#certificates.add(loaded.keys.certificate);
    this.#tests = new ReachabilityTests(
      { ...deps, store: this.#store, history: this.#history, isMe, penaltySec: () => this.#penaltySec() },
      config,
    );
    this.documents = authorityDocuments({
      store: this.#store,
      microdescs: this.#shelf,
      certificates: this.#certificates,
    });
    this.#session = new VotingSession(
      {
        actions: this.#actions(),
        log: this.#log,
        findCertificate: this.#certificates.find,
        authorities: () => this.#peers.v3Identities,
        signers: () => this.#signers(),
        sharedRandom: () => this.#sharedRandom,
      },
      config,
      { nowMs: this.#startedMs, consensus: loaded.consensus },
    );
    this.#voting = new VotingTimer({ ...deps, log: this.#log, session: this.#session });
  }

  /** Reads keys and what is known from before. Nothing happens until `start`. Throws BAD_KEY_FILE, STORAGE_FAILED. */
  static async open(deps: AuthorityDeps, options: AuthorityOptions): Promise<Authority> {
    const keys = await loadAuthorityKeys(deps.store);
    const legacyKeys = options.config.useLegacyKey ? await loadAuthorityKeys(deps.store, { legacy: true }) : undefined;
    const files = new AuthorityFiles(deps, options.version);
    const authority = new Authority(deps, options, { keys, legacyKeys, consensus: await files.loadConsensus() });
    await authority.#load();
    return authority;
  }

  async #load(): Promise<void> {
    const nowMs = this.#startedMs;
    this.#approved = await this.#files.loadApproved();
    await this.#files.loadPins(nowMs);
    await this.#files.loadStability(this.#history, nowMs);
    for (const certificate of await this.#files.loadCertificates()) this.#certificates.add(certificate);
    const { descriptors, extraInfos } = await this.#files.descriptors.load();
    for (const descriptor of descriptors) this.#store.add(descriptor, nowMs);
    for (const extraInfo of extraInfos) this.#store.addExtraInfo(extraInfo);
    if (this.#config.sharedRandomness) await this.#startSharedRandom(nowMs);
  }

  async #startSharedRandom(nowMs: number): Promise<void> {
    const round = this.#session.roundClock(nowMs);
    const state = new SharedRandomState(
      {
        random: this.#deps.random,
        warn: (message) => this.#log('warn', 'dir', message),
        changed: () => this.#files.saveSharedRandom(state.saved, this.#deps.clock.now()),
      },
      { identity: this.#keys.certificate.identity, isAuthority: this.#peers.isVoter },
      { nowMs, round, saved: await this.#files.loadSharedRandom(nowMs) },
    );
    this.#sharedRandom = state;
    state.prepare(round);
  }

  /** Begins to vote and to test relays. */
  start(): void {
    const config = this.#config;
    this.#log(
      'notice',
      'dir',
      `Scheduling voting.  Known authority IDs are ${this.#peers.v3Identities.map(base16Upper).join(', ')}. ` +
        `Mine is ${base16Upper(this.#keys.certificate.identity)}.`,
    );
    this.#voting.start();
    this.#every(tickMs, () => this.#tick());
    if (config.testReachability) {
      this.#every(testEveryMs, () => this.#tests.testPart());
      for (const relay of this.#store.all()) this.#tests.test(relay);
    }
    this.#tick();
  }

  /** Saves what must outlive this run. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#voting.stop();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#files.saveStability(this.#history, this.#deps.clock.now());
    await this.#files.settled();
  }

  /** Our identity as a voter, 20 bytes. */
  get v3Identity(): Uint8Array {
    return this.#keys.certificate.identity;
  }
  get session(): VotingSession {
    return this.#session;
  }
  get relays(): RouterStore {
    return this.#store;
  }

  /** The node downloaded and checked a plain consensus: it may be one that the others made without us. */
  noteConsensus(text: string): void {
    this.#voting.adopt(signedConsensus(text));
  }

  /** Takes up new options, and `approved-routers` anew. Keys and whether shared randomness is made stay as they are. */
  async reload(config: AuthorityConfig): Promise<void> {
    const before = votingTimes(this.#config);
    Object.assign(this.#config, config, { sharedRandomness: this.#config.sharedRandomness });
    if (votingTimes(this.#config) !== before) this.#voting.reschedule();
    this.#approved = await this.#files.loadApproved();
    for (const message of this.#store.rejudge()) this.#log('info', 'dirserv', message);
  }

  /** Documents at `/tor/status-vote/<path>`, but for the current consensus. */
  readonly statusVote = (path: string): readonly string[] => statusVoteDocuments(this.#session, this.v3Identity, path);

  /** The bandwidth file that went into our last vote: `/tor/status-vote/next/bandwidth`. */
  readonly bandwidthFile = (): string | undefined => this.#bandwidthText;

  readonly ownCertificate = () => this.#keys.certificate;

  /** POST requests for authorities; undefined for a path that is none of theirs. The answers are C tor's. */
  readonly post = (
    path: string,
    body: Uint8Array,
    asker: { readonly address: string | undefined },
  ): PostAnswer | undefined => {
    const from = asker.address ?? '?';
    if (path === '/tor/') return this.#upload(body, from);
    if (path === '/tor/post/vote') return this.#postedVote(latin1(body), from);
    if (path !== '/tor/post/consensus-signature') return undefined;
    const { ok, message } = this.#session.addSignatures(latin1(body), from);
    if (!ok) this.#log('warn', 'dir', `Unable to store signatures posted by ${from}: ${message}`);
    return { status: ok ? 200 : 400, message };
  };

  #upload(body: Uint8Array, from: string): PostAnswer {
    const nowMs = this.#deps.clock.now();
    const answer = acceptUpload(this.#store, body, nowMs);
    for (const relay of answer.test) this.#tests.test(relay);
    for (const descriptor of answer.descriptors) {
      this.#files.save(this.#files.descriptors.addDescriptor(descriptor.text, from, nowMs));
      this.events.emit('descriptor', { rsaId: descriptor.rsaId });
    }
    for (const extraInfo of answer.extraInfos) this.#files.save(this.#files.descriptors.addExtraInfo(extraInfo.text));
    if (answer.status >= 400) {
      this.#log('info', 'dirserv', `Rejected router descriptor or extra-info from ${from} ("${answer.message}").`);
    }
    return answer;
  }

  #postedVote(text: string, from: string): PostAnswer {
    const answer = this.#session.addVote(text, { from, postedMs: this.#deps.clock.now() });
    if (answer.status < 300 && answer.message !== 'Duplicate discarded') return { status: 200, message: 'Vote stored' };
    this.#log('warn', 'dirserv', `Rejected vote from ${from} ("${answer.message}").`);
    return { status: answer.status, message: answer.message };
  }

  readonly #log = (severity: Severity, domain: LogDomain, message: string): void =>
    this.#deps.logger.log(severity, domain, message);

  #later(delayMs: number, work: () => void): void {
    const act = (): void => {
      this.#timers.delete(timer);
      if (!this.#stopped) work();
    };
    const timer = this.#deps.timers.after(delayMs, act, { background: true });
    this.#timers.add(timer);
  }

  #every(periodMs: number, work: () => void): void {
    this.#later(periodMs, () => {
      work();
      this.#every(periodMs, work);
    });
  }

  #tick(): void {
    const nowMs = this.#deps.clock.now();
    const warning = this.#expiry.check(this.#keys.certificate.expiresMs, nowMs);
    if (warning !== undefined) this.#log(warning.severity, 'dir', warning.message);
    this.#history.discountOld(Math.floor(nowMs / 1000));
    this.#store.removeOld(nowMs);
    this.#shelf.removeOld(nowMs);
    if (nowMs < this.#savedStabilityMs + saveStabilityMs) return;
    this.#savedStabilityMs = nowMs;
    this.#history.clean();
    this.#files.save(this.#files.saveStability(this.#history, nowMs));
    const relays = this.#store.all();
    this.#files.save(
      this.#files.descriptors.fold(
        relays.map(({ descriptor }) => descriptor.text),
        relays.flatMap(({ extraInfo }) => extraInfo?.text ?? []),
      ),
    );
  }

  #penaltySec(): number {
    const consensus = this.#session.consensus;
    if (consensus === undefined) return this.#config.testingNetwork ? 240 : 3600;
    const { validAfterMs, freshUntilMs, validUntilMs } = consensus;
    return Math.floor((freshUntilMs - validAfterMs + validUntilMs - validAfterMs) / 2000);
  }

  #signers(): ConsensusSigner[] {
    const signer = ({ certificate, signingKey }: AuthorityKeys): ConsensusSigner => ({
      identity: certificate.identity,
      signingKey,
    });
    return [this.#keys, this.#legacyKeys].flatMap((keys) => (keys === undefined ? [] : [signer(keys)]));
  }

  #actions(): VotingActions {
    return {
      makeVote: (validAfterMs) => this.#makeVote(validAfterMs),
      postVote: (text) => this.#postToAll('/tor/post/vote', text),
      postSignatures: (text, delayMs) =>
        this.#later(delayMs, () => this.#postToAll('/tor/post/consensus-signature', text)),
      fetchVotes: (identities) => {
        this.#askAll(`/tor/status-vote/next/${identities.join('+')}.z`, (text, peer) =>
          this.#session.addVote(text, { from: peer.address }),
        );
      },
      fetchSignatures: () => {
        this.#askAll('/tor/status-vote/next/consensus-signatures.z', (text, { address }) => {
          const { ok, message } = this.#session.addSignatures(text, address);
          if (!ok) this.#log('warn', 'dir', `Problem adding detached signatures from ${address}: ${message}`);
        });
      },
      votesTaken: (votes) => this.#files.saveVotes(votes),
      consensusComputed: (texts) => {
        for (const { flavor, unsigned } of texts) this.#files.saveMyConsensus(flavor, unsigned);
      },
      publish: (consensuses) => {
        for (const { flavor } of consensuses) this.#files.exportConsensus(flavor);
        this.events.emit('consensus', consensuses);
      },
      voteTaken: (vote) => this.#fetchDescriptorsOf(vote),
      voteSeen: (vote) => {
        if (this.#certificates.add(vote.certificate)) this.events.emit('certificates', this.#certificates.all());
      },
    };
  }

  async #makeVote(validAfterMs: number): Promise<string | undefined> {
    const config = this.#config;
    const { rsaId, where, consensusParam } = this.#options;
    const nowMs = this.#deps.clock.now();
    if (this.#keys.certificate.expiresMs < nowMs) {
      this.#log('warn', 'net', "Can't generate v3 vote with expired certificate");
      return undefined;
    }
    const bandwidthFile = await this.#readBandwidthFile(nowMs);
    const text = makeVote({
      config,
      keys: this.#keys,
      legacyKeys: this.#legacyKeys,
      where: where(),
      store: this.#store,
      history: this.#history,
      measured: this.#measured,
      bandwidthFile,
      microdescs: this.#microdescs,
      sharedRandom: this.#sharedRandom?.votePart,
      isAuthority: this.#peers.isAuthority,
      isMe: (id) => latin1(id) === latin1(rsaId),
      consensusParam: consensusParam ?? (() => undefined),
      validAfterMs,
      startedMs: this.#startedMs,
      nowMs,
    });
    for (const { descriptor } of this.#store.all()) {
      const made = this.#microdescs.of(descriptor);
      if (made !== undefined) this.#shelf.list(made.texts, nowMs);
    }
    return text;
  }

  async #readBandwidthFile(nowMs: number): Promise<BandwidthFile | undefined> {
    const path = this.#config.bandwidthFile;
    if (path === undefined) {
      this.#measured.clear();
      return undefined;
    }
    const bytes = await this.#deps.readFile(path).catch(() => undefined);
    if (bytes === undefined) {
      this.#log('warn', 'config', `Can't open bandwidth file at configured location: ${path}`);
      return undefined;
    }
    this.#bandwidthText = latin1(bytes);
    const file = parseBandwidthFile(bytes);
    const problem = this.#measured.take(file, nowMs);
    if (problem === undefined) return file;
    this.#log('warn', 'dirserv', problem);
    return { ...file, headers: [], lines: [] };
  }

  #postToAll(path: string, text: string): void {
    const body = fromLatin1(text);
    const what = path.endsWith('vote') ? 'vote' : 'signature';
    for (const peer of this.#peers.othersThan(this.v3Identity)) {
      this.#deps.transport(peer, { method: 'POST', path, body }).then(
        ({ status, reason }) => {
          if (status === 200) this.#log('info', 'dir', `Uploaded our ${what} to ${peer.nickname}`);
          else
            this.#log('warn', 'dir', `http status ${status} ("${reason}") after uploading ${what} to ${peer.nickname}`);
        },
        (error: unknown) => {
          const { message } = TorError.from(error);
          this.#log('warn', 'dir', `Failed to post consensus ${what} upload to ${peer.nickname}: ${message}`);
        },
      );
    }
  }

  #askAll(path: string, take: (text: string, peer: DirAuthority) => unknown): void {
    for (const peer of this.#peers.othersThan(this.v3Identity)) this.#ask(peer, path, take);
  }

  #ask(peer: DirAuthority, path: string, take: (text: string, peer: DirAuthority) => unknown): void {
    this.#deps.transport(peer, { method: 'GET', path }).then(
      ({ status, body }) => {
        if (status === 200 && body.length > 0 && !this.#stopped) take(latin1(body), peer);
      },
      (error: unknown) => this.#log('info', 'dir', `Cannot reach ${peer.nickname}: ${TorError.from(error).message}`),
    );
  }

  /** Relays that the author of a vote knows and we do not, or not as they are now. */
  #fetchDescriptorsOf(vote: Vote): void {
    const peer = this.#peers.byV3(vote.voter.identity);
    if (peer === undefined || peer === this.#peers.byV3(this.v3Identity)) return;
    const wanted = vote.entries.filter((entry) => {
      const known = this.#store.find(entry.rsaId)?.descriptor;
      return known === undefined || known.publishedMs < entry.publishedMs;
    });
    for (let at = 0; at < wanted.length; at += maxDescriptorsAsked) {
      const names = wanted.slice(at, at + maxDescriptorsAsked).map((entry) => base16Upper(entry.descriptorDigest));
      this.#ask(peer, `/tor/server/d/${names.join('+')}.z`, (text) => this.#takeDescriptors(text, peer));
    }
  }

  #takeDescriptors(text: string, peer: DirAuthority): void {
    const nowMs = this.#deps.clock.now();
    for (const descriptor of parseServerDescriptors(text).documents) {
      const result = this.#store.add(descriptor, nowMs);
      if (result.outcome !== 'added') continue;
      if (result.test !== undefined) this.#tests.test(result.test);
      this.#files.save(this.#files.descriptors.addDescriptor(descriptor.text, peer.address, nowMs));
    }
  }
}
