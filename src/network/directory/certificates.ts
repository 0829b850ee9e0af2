import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import {
  type AuthorityCertificate,
  type CertificateName,
  parseAuthorityCertificates,
  type TrustedAuthority,
} from '../../wire/netdoc/index.ts';
import type { DataStore } from '../storage/index.ts';
import { DownloadStatus } from './download-status.ts';

export interface CertificateStoreDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: DataStore;
  readonly logger?: Logger | undefined;
}

export interface CertificateStoreOptions {
  readonly authorities: readonly TrustedAuthority[];
  /** Caches and authorities keep what others may ask for; default false. */
  readonly keepUnknown?: boolean;
  /** TestingClientDownloadInitialDelay, seconds. */
  readonly initialDelaySec?: number;
}

/** Which certificates to ask for: the newest of an authority, or one by its signing key. */
export interface CertificateWants {
  /** Upper-case hex. */
  readonly identities: readonly string[];
  readonly keys: readonly { readonly identity: string; readonly signingKey: string }[];
}

const file = 'cached-certs';
const maxFileBytes = 8 * 1024 * 1024;
const keepOldMs = 2 * 86_400_000;

/** Certificates of directory authorities: cache file, what is missing, when to ask again. spec: dir-spec 5.3 */
export class CertificateStore {
  readonly #deps: CertificateStoreDeps;
  readonly #options: CertificateStoreOptions;
  readonly #trusted: ReadonlySet<string>;
  readonly #byIdentity = new Map<string, AuthorityCertificate[]>();
  readonly #downloads = new Map<string, DownloadStatus>();
  readonly #inFlight = new Set<string>();
  #changed = false;

  constructor(deps: CertificateStoreDeps, options: CertificateStoreOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#trusted = new Set(options.authorities.map((authority) => base16Upper(authority.v3Identity)));
  }

  get all(): AuthorityCertificate[] {
    return [...this.#byIdentity.values()].flat();
  }

  /** Reads the cache; a broken certificate costs only itself. */
  async load(): Promise<void> {
    let text: Uint8Array | undefined;
    try {
      text = await this.#deps.store.read(file, { maxBytes: maxFileBytes });
    } catch (error) {
      await this.#deps.store.setAside(file, TorError.from(error).message);
    }
    if (text === undefined) return;
    const { documents, refused } = parseAuthorityCertificates(text);
    for (const certificate of documents) this.#add(certificate);
    if (refused.length > 0) {
      this.#deps.logger?.warn('dir', `${refused.length} certificates in ${file} cannot be read; they are left out.`);
      this.#changed = true;
    }
    await this.save();
  }

  /**
   * Certificates from a directory. Returns how many new ones of trusted authorities there were; the answer's names are
   * no longer in flight. Throws NETDOC_SYNTAX when the answer holds none.
   */
  async addDownloaded(body: Uint8Array): Promise<number> {
    const { documents, refused } = parseAuthorityCertificates(body);
    let added = 0;
    for (const certificate of documents) {
      if (this.#add(certificate)) added += this.#trusted.has(base16Upper(certificate.identity)) ? 1 : 0;
    }
    await this.save();
    if (documents.length === 0) {
      throw new TorError('NETDOC_SYNTAX', `no certificate in the answer: ${refused[0]?.reason ?? 'it is empty'}`);
    }
    return added;
  }

  /** What to ask for now: authorities without a live certificate, and keys that signed the consensus. */
  wanted(missing: readonly CertificateName[]): CertificateWants {
    const nowMs = this.#deps.clock.now();
    const identities: string[] = [];
    for (const identity of this.#trusted) {
      const live = this.#byIdentity.get(identity)?.some((certificate) => nowMs < certificate.expiresMs) === true;
      if (live) this.#downloads.get(identity)?.reset(nowMs);
      else if (this.#isDue(identity, nowMs)) identities.push(identity);
    }
    const keys: { identity: string; signingKey: string }[] = [];
    for (const name of missing) {
      const [identity, signingKey] = [base16Upper(name.identity), base16Upper(name.signingKeyDigest)];
      if (!this.#trusted.has(identity) && this.#options.keepUnknown !== true) continue;
      // The newest certificate of an unknown authority is most likely the one that is missing.
      if (!this.#byIdentity.has(identity) && (identities.includes(identity) || this.#inFlight.has(identity))) continue;
      if (this.#find(identity, signingKey) !== undefined) continue;
      if (this.#isDue(`${identity}-${signingKey}`, nowMs)) keys.push({ identity, signingKey });
    }
    return { identities, keys };
  }

  noteAsked(names: readonly string[]): void {
    for (const name of names) this.#inFlight.add(name);
  }

  /** An answer came or none: what is still not there may be asked again after a while. */
  noteAnswered(names: readonly string[]): void {
    const nowMs = this.#deps.clock.now();
    for (const name of names) {
      this.#inFlight.delete(name);
      const [identity = '', signingKey] = name.split('-');
      const have = signingKey === undefined ? this.#hasLive(identity, nowMs) : this.#find(identity, signingKey);
      if (have === undefined || have === false) this.#download(name).noteFailure(nowMs);
      else this.#download(name).reset(nowMs);
    }
  }

  /** Forgets the back-off: the user or a new network wants it now. */
  resetDownloads(): void {
    const nowMs = this.#deps.clock.now();
    for (const download of this.#downloads.values()) download.reset(nowMs);
  }

  /** Certificates that a newer one of their authority replaced, or that ran out, both two days ago. */
  async removeOld(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    for (const [identity, certificates] of this.#byIdentity) {
      certificates.sort((a, b) => a.publishedMs - b.publishedMs);
      const kept = certificates.filter((certificate, i) => {
        const next = certificates[i + 1];
        if (next === undefined || next.publishedMs > nowMs) return true;
        return certificate.expiresMs + keepOldMs >= nowMs && next.publishedMs + keepOldMs >= nowMs;
      });
      if (kept.length === certificates.length) continue;
      this.#byIdentity.set(identity, kept);
      this.#changed = true;
    }
    await this.save();
  }

  async save(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    try {
      await this.#deps.store.write(
        file,
        Buffer.from(this.all.map((certificate) => certificate.text).join(''), 'latin1'),
      );
    } catch (error) {
      this.#changed = true;
      this.#deps.logger?.warn('fs', `Error writing certificates to disk: ${TorError.from(error).message}`);
    }
  }

  #add(certificate: AuthorityCertificate): boolean {
    const identity = base16Upper(certificate.identity);
    if (!this.#trusted.has(identity) && this.#options.keepUnknown !== true) return false;
    const list = this.#byIdentity.get(identity) ?? [];
    if (list.some((other) => other.text === certificate.text)) return false;
    this.#byIdentity.set(identity, [...list, certificate]);
    this.#changed = true;
    return true;
  }

  #hasLive(identity: string, nowMs: number): boolean {
    return this.#byIdentity.get(identity)?.some((certificate) => nowMs < certificate.expiresMs) === true;
  }

  #find(identity: string, signingKey: string): AuthorityCertificate | undefined {
    return this.#byIdentity.get(identity)?.find((each) => base16Upper(each.signingKeyDigest) === signingKey);
  }

  #isDue(name: string, nowMs: number): boolean {
    return !this.#inFlight.has(name) && this.#download(name).isReady(nowMs);
  }

  #download(name: string): DownloadStatus {
    let status = this.#downloads.get(name);
    if (status === undefined) {
      status = new DownloadStatus(this.#deps.random, 'failure', () => this.#options.initialDelaySec ?? 0);
      this.#downloads.set(name, status);
    }
    return status;
  }
}

/** The names of wants as `noteAsked` and `noteAnswered` take them. */
export const certificateNames = (wants: CertificateWants): { identities: string[]; keys: string[] } => ({
  identities: [...wants.identities],
  keys: wants.keys.map(({ identity, signingKey }) => `${identity}-${signingKey}`),
});
