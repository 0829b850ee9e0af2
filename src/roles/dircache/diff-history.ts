import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { base16Upper, fromLatin1, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import { sha3_256 } from '../../crypto/primitives/index.ts';
import type { DataStore } from '../../network/storage/index.ts';
import { type ConsensusFlavor, makeConsensusDiff } from '../../wire/netdoc/index.ts';
import type { ServedConsensus } from './content.ts';
import { encodeLabeledFile, parseLabeledFile } from './labeled-file.ts';

export interface DiffHistoryDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly store: DataStore;
  readonly logger?: Logger | undefined;
  /** A diff is there: it may be compressed ahead. */
  readonly onDiff?: (diff: string) => void;
}

export interface DiffHistoryOptions {
  /** max-consensus-age-to-cache-for-diff or MaxConsensusAgeForDiffs. */
  readonly maxAgeMs: () => number;
  /** Old consensuses of one flavour; default 72, three days of the public network. */
  readonly maxEntries?: number;
}

interface Entry {
  readonly flavor: ConsensusFlavor;
  /** Of the signed part, upper-case hex. */
  readonly sha3: string;
  readonly validAfterMs: number;
  /** In `diff-cache/`. */
  readonly file: string;
}

const folder = 'diff-cache';
const maxFileBytes = 16 * 1024 * 1024;
const maxConsensusBytes = 64 * 1024 * 1024;
const defaultMaxEntries = 72;
/** Between two diffs: a diff costs a tenth of a second of the only thread. */
const pauseMs = 50;

/**
 * Past consensuses, on disk in C tor's form, and the diffs from each of them to the current one. Diffs are made one by
 * one behind the scenes, newest first; who asks earlier gets the whole consensus. spec: dir-spec 4.5; C tor consdiffmgr.c
 */
export class DiffHistory {
  readonly #deps: DiffHistoryDeps;
  readonly #options: DiffHistoryOptions;
  #entries: Entry[] = [];
  readonly #current = new Map<ConsensusFlavor, ServedConsensus>();
  /** By flavour and `sha3` of the older one. */
  readonly #diffs = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(deps: DiffHistoryDeps, options: DiffHistoryOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  find(flavor: ConsensusFlavor, fromSha3: string): string | undefined {
    return this.#diffs.get(keyOf(flavor, fromSha3));
  }

  /** Finds what a former run left. A file that is none of ours is removed. */
  async load(): Promise<void> {
    for (const name of await this.#deps.store.list(folder)) {
      const file = `${folder}/${name}`;
      const content = await this.#deps.store.read(file, { maxBytes: maxFileBytes }).catch(() => undefined);
      const entry = content === undefined ? undefined : entryOf(file, content);
      if (entry === undefined) await this.#deps.store.remove(file);
      else this.#entries.push(entry);
    }
    await this.#removeOld();
  }

  /** A new consensus; diffs to it are made from now on. */
  add(consensus: ServedConsensus): void {
    const { flavor } = consensus;
    if (this.#current.get(flavor)?.sha3 === consensus.sha3) return;
    this.#current.set(flavor, consensus);
    for (const key of this.#diffs.keys()) if (key.startsWith(`${flavor} `)) this.#diffs.delete(key);
    this.#work = this.#work
      .then(() => this.#renew(consensus))
      .catch((error: unknown) => {
        this.#deps.logger?.warn('consdiff', `Couldn't make consensus diffs: ${TorError.from(error).message}`);
      });
  }

  /** Resolves when nothing is left to do. */
  settled(): Promise<void> {
    return this.#work;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#wake?.();
    await this.#work;
  }

  async #renew(consensus: ServedConsensus): Promise<void> {
    await this.#keep(consensus);
    await this.#removeOld();
    const older = this.#entries
      .filter((entry) => entry.flavor === consensus.flavor && entry.sha3 !== consensus.sha3)
      .sort((a, b) => b.validAfterMs - a.validAfterMs);
    for (const entry of older) {
      if (this.#stopped || this.#current.get(consensus.flavor) !== consensus) return;
      await this.#makeDiff(entry, consensus);
      await this.#pause();
    }
  }

  async #makeDiff(entry: Entry, to: ServedConsensus): Promise<void> {
    try {
      const content = await this.#deps.store.read(entry.file, { maxBytes: maxFileBytes });
      const file = content === undefined ? undefined : parseLabeledFile(content);
      if (file === undefined) throw new TorError('STORAGE_FAILED', `${entry.file} is gone or damaged`);
      const from = await promisify(inflate)(file.content, { maxOutputLength: maxConsensusBytes });
      const diff = makeConsensusDiff(latin1(from), to.text);
      this.#diffs.set(keyOf(entry.flavor, entry.sha3), diff);
      this.#deps.onDiff?.(diff);
    } catch (error) {
      this.#deps.logger?.info('consdiff', `No diff from ${entry.file}: ${TorError.from(error).message}`);
      this.#entries = this.#entries.filter((each) => each !== entry);
      await this.#deps.store.remove(entry.file);
    }
  }

  async #keep(consensus: ServedConsensus): Promise<void> {
    const { flavor, sha3, validAfterMs, text } = consensus;
    if (this.#entries.some((entry) => entry.flavor === flavor && entry.sha3 === sha3)) return;
    const plain = fromLatin1(text);
    const content: Uint8Array = await promisify(deflate)(plain);
    const labels = new Map([
      ['consensus-signatories', consensus.signers.join(',')],
      ['consensus-valid-after', iso(validAfterMs)],
      ['consensus-fresh-until', iso(consensus.freshUntilMs)],
      ['consensus-valid-until', iso(consensus.validUntilMs)],
      ['document-type', 'consensus'],
      ['consensus-flavor', flavor],
      ['compression', 'deflate'],
      ['sha3-digest', base16Upper(sha3_256(content))],
      ['sha3-digest-uncompressed', base16Upper(sha3_256(plain))],
      ['sha3-digest-as-signed', sha3],
    ]);
    const file = this.#freeName();
    await this.#deps.store.write(file, encodeLabeledFile({ labels, content }));
    this.#entries.push({ flavor, sha3, validAfterMs, file });
  }

  #freeName(): string {
    const taken = new Set(this.#entries.map(({ file }) => file));
    let number = 1000;
    while (taken.has(`${folder}/${number}`)) number++;
    return `${folder}/${number}`;
  }

  async #removeOld(): Promise<void> {
    const cutoffMs = this.#deps.clock.now() - this.#options.maxAgeMs();
    const maxEntries = this.#options.maxEntries ?? defaultMaxEntries;
    const kept: Entry[] = [];
    for (const entry of this.#entries.sort((a, b) => b.validAfterMs - a.validAfterMs)) {
      const count = kept.filter(({ flavor }) => flavor === entry.flavor).length;
      if (entry.validAfterMs >= cutoffMs && count < maxEntries) kept.push(entry);
      else await this.#deps.store.remove(entry.file);
    }
    this.#entries = kept;
  }

  #pause(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#deps.timers.after(pauseMs, resolve, { background: true });
    });
  }
}

const keyOf = (flavor: ConsensusFlavor, sha3: string): string => `${flavor} ${sha3}`;
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** Undefined for anything but a consensus in our compression: C tor's ready-made diffs are made anew. */
function entryOf(file: string, content: Uint8Array): Entry | undefined {
  const labels = parseLabeledFile(content)?.labels;
  const flavor = labels?.get('consensus-flavor');
  const sha3 = labels?.get('sha3-digest-as-signed');
  const validAfterMs = Date.parse(`${labels?.get('consensus-valid-after') ?? ''}Z`);
  if (labels?.get('document-type') !== 'consensus' || labels.get('compression') !== 'deflate') return undefined;
  if (flavor !== 'ns' && flavor !== 'microdesc') return undefined;
  if (sha3 === undefined || !/^[0-9A-F]{64}$/.test(sha3) || Number.isNaN(validAfterMs)) return undefined;
  return { flavor, sha3, validAfterMs, file };
}
