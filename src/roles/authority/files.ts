import { fromLatin1, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { DataStore } from '../../network/storage/index.ts';
import { type AuthorityCertificate, parseAuthorityCertificates, type Vote } from '../../wire/netdoc/index.ts';
import { formatIsoTime } from './format/time.ts';
import type { RouterHistory } from './history/router-history.ts';
import { formatStability, loadStability, stabilityFile } from './history/stability-file.ts';
import { formatSharedRandomState, parseSharedRandomState, sharedRandomFile } from './sharedrandom/file.ts';
import type { SharedRandomSaved } from './sharedrandom/state.ts';
import { ApprovedRouters, approvedRoutersFile } from './uploads/approved-routers.ts';
import { DescriptorFiles } from './uploads/descriptor-files.ts';
import { type KeyPins, keyPinFile, openingLines } from './uploads/key-pins.ts';
import { type SignedConsensus, signedConsensus } from './voting/consensus-desk.ts';

/** An authority's files in the data directory, all in C tor's formats. A failed write is logged and not fatal. */
export class AuthorityFiles {
  readonly descriptors: DescriptorFiles;
  /** Where the journal is read into. */
  pins: KeyPins | undefined;
  readonly #store: DataStore;
  readonly #logger: Logger;
  readonly #version: string;
  readonly #running = new Set<Promise<void>>();
  #nextSharedRandom: string | undefined;

  constructor(deps: { readonly store: DataStore; readonly logger: Logger }, version: string) {
    this.#store = deps.store;
    this.#logger = deps.logger;
    this.#version = version;
    this.descriptors = new DescriptorFiles(deps.store);
  }

  /** Waits for a write in the background, and tells of its failure. */
  save(writing: Promise<void>): void {
    const done = writing
      .catch((error: unknown) => this.#logger.warn('fs', `Cannot write a file: ${TorError.from(error).message}`))
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** Resolves when all writes are done. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #saveText(name: string, text: string): void {
    this.save(this.#store.write(name, fromLatin1(text)));
  }

  /** The consensus that we have computed, without signatures. */
  saveMyConsensus(flavor: string, unsigned: string): void {
    this.#saveText(`my-consensus-${flavor}`, unsigned);
  }

  /** Enough have signed it: the transparency log may have it. */
  exportConsensus(flavor: string): void {
    this.save(this.#store.rename(`my-consensus-${flavor}`, `consensus-transparency-${flavor}`));
  }

  async #readText(name: string): Promise<string | undefined> {
    const bytes = await this.#store.read(name);
    return bytes === undefined ? undefined : latin1(bytes);
  }

  async loadConsensus(): Promise<SignedConsensus | undefined> {
    const text = await this.#readText('cached-consensus');
    if (text === undefined) return undefined;
    try {
      return signedConsensus(text);
    } catch (error) {
      this.#logger.warn('dir', `Cannot use cached-consensus: ${TorError.from(error).message}`);
      return undefined;
    }
  }

  async loadCertificates(): Promise<readonly AuthorityCertificate[]> {
    return parseAuthorityCertificates((await this.#readText('cached-certs')) ?? '').documents;
  }

  async loadApproved(): Promise<ApprovedRouters> {
    const text = await this.#readText(approvedRoutersFile);
    return ApprovedRouters.parse(text ?? '', (message) => this.#logger.warn('config', message));
  }

  async loadPins(nowMs: number): Promise<void> {
    const text = await this.#readText(keyPinFile);
    if (text !== undefined) {
      const report = this.pins?.load(text);
      if (report !== undefined) {
        this.#logger.info(
          'dirserv',
          `Loaded ${report.entries} entries from keypin journal. Found ${report.corrupt} corrupt lines (ignored), ` +
            `${report.duplicates} duplicates (harmless), and ${report.conflicts} conflicts (resolved in favor of more ` +
            'recent entry).',
        );
      }
    }
    await this.#store.append(keyPinFile, openingLines(nowMs));
  }

  addPin(line: string): void {
    this.save(this.#store.append(keyPinFile, line));
  }

  async loadStability(history: RouterHistory, nowMs: number): Promise<void> {
    const text = await this.#readText(stabilityFile);
    if (text !== undefined && !loadStability(history, text, Math.floor(nowMs / 1000))) {
      this.#logger.warn('hist', 'Unrecognized format in mtbf history file. Skipping.');
    }
  }

  saveStability(history: RouterHistory, nowMs: number): Promise<void> {
    return this.#store.write(stabilityFile, formatStability(history, Math.floor(nowMs / 1000)));
  }

  async loadSharedRandom(nowMs: number): Promise<SharedRandomSaved | undefined> {
    const text = await this.#readText(sharedRandomFile);
    return text === undefined ? undefined : parseSharedRandomState(text, nowMs);
  }

  /** Of changes that follow each other at once only the last is written. */
  saveSharedRandom(saved: SharedRandomSaved, nowMs: number): void {
    const local = new Date(nowMs - new Date(nowMs).getTimezoneOffset() * 60_000);
    const idle = this.#nextSharedRandom === undefined;
    this.#nextSharedRandom = formatSharedRandomState(saved, this.#version, formatIsoTime(local.getTime()));
    if (!idle) return;
    this.save(
      Promise.resolve().then(() => {
        const text = this.#nextSharedRandom ?? '';
        this.#nextSharedRandom = undefined;
        return this.#store.write(sharedRandomFile, text);
      }),
    );
  }

  saveVotes(votes: readonly Vote[]): void {
    this.#saveText('v3-status-votes', votes.map(({ text }) => text).join(''));
  }
}
