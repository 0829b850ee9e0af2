import type { Logger } from '../../base/log/index.ts';
import type { Clock, Timers } from '../../base/runtime/index.ts';
import type { TorDirectoryManager } from '../../network/directory/index.ts';
import type { DataStore } from '../../network/storage/index.ts';
import type { RelayCircuit } from '../../protocol/circuit/index.ts';
import type { IncomingStream, StreamHandler } from '../../protocol/stream/index.ts';
import type { DirContent, DirHooks } from './content.ts';
import { DiffHistory } from './diff-history.ts';
import { DirCache, type DirCacheOptions } from './dir-cache.ts';
import { type DirPortAddress, DirServer, type DirServerOptions } from './dir-server.ts';
import { ServedContent } from './served-content.ts';

export interface DirCacheRoleDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly store: DataStore;
  /** With `isCache`. */
  readonly directory: TorDirectoryManager;
  readonly hooks?: DirHooks;
  /** What is looked for elsewhere first: an authority's own documents. */
  readonly overlay?: (base: DirContent) => DirContent;
  readonly logger?: Logger | undefined;
}

export interface DirCacheRoleOptions extends DirCacheOptions, DirServerOptions {
  /** Where the DirPort listens; none: only BEGIN_DIR. */
  readonly dirPorts?: readonly DirPortAddress[];
  /** MaxConsensusAgeForDiffs; default the consensus' parameter. */
  readonly maxDiffAgeMs?: number;
}

/** A directory cache: serves what the directory manager keeps, over BEGIN_DIR and DirPorts. */
export class DirCacheRole {
  readonly #deps: DirCacheRoleDeps;
  readonly #options: DirCacheRoleOptions;
  readonly #history: DiffHistory;
  readonly #content: ServedContent;
  readonly #cache: DirCache;
  readonly #server: DirServer;
  #off: (() => void) | undefined;

  constructor(deps: DirCacheRoleDeps, options: DirCacheRoleOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    const { directory } = deps;
    this.#history = new DiffHistory(
      { ...deps, onDiff: (diff) => this.#cache.prepare(diff) },
      {
        maxAgeMs: () =>
          options.maxDiffAgeMs ??
          (directory.netdir?.params.get('max-consensus-age-to-cache-for-diff') ?? 8192) * 3_600_000,
      },
    );
    this.#content = new ServedContent({ documents: directory, diffs: this.#history });
    const content = deps.overlay?.(this.#content) ?? this.#content;
    this.#cache = new DirCache({ ...deps, content, hooks: deps.hooks ?? {} }, options);
    this.#server = new DirServer({ ...deps, cache: this.#cache }, options);
  }

  get openExchanges(): number {
    return this.#server.openExchanges;
  }

  /** Opens the DirPorts and takes over what is there. Resolves with where they listen. Rejects with LISTEN_FAILED. */
  async start(): Promise<readonly DirPortAddress[]> {
    await this.#history.load();
    this.#off = this.#deps.directory.events.on('consensus', ({ flavor }) => this.#note(flavor));
    for (const flavor of ['ns', 'microdesc'] as const) this.#note(flavor);
    const bound: DirPortAddress[] = [];
    for (const address of this.#options.dirPorts ?? []) bound.push(await this.#server.listen(address));
    return bound;
  }

  /** BEGIN_DIR: the relay's `services.directory`. */
  accept(circuit: RelayCircuit, stream: IncomingStream): StreamHandler | number {
    return this.#server.accept(circuit, stream);
  }

  async stop(): Promise<void> {
    this.#off?.();
    await this.#server.close();
    await this.#history.stop();
  }

  #note(flavor: 'ns' | 'microdesc'): void {
    const consensus = this.#content.consensus(flavor);
    if (consensus === undefined) return;
    this.#cache.prepare(consensus.text);
    this.#history.add(consensus);
  }
}
