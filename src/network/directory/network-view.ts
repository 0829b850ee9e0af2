import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import { type Deferred, deferred } from '../../base/util/index.ts';
import type { Consensus } from '../../wire/netdoc/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { GuardManager } from '../guard/index.ts';
import { type DescriptorLookup, type NetDir, NetDirBuilder, type NetDirOptions } from '../netdir/index.ts';
import type { BootstrapProgress } from './progress.ts';

export interface NetworkViewDeps {
  readonly circuits: Pick<CircuitManager, 'setNetDir'>;
  readonly guards?: Pick<GuardManager, 'setNetDir' | 'missingDescriptors' | 'usableBridges'> | undefined;
  readonly lookup: DescriptorLookup;
  readonly progress: BootstrapProgress;
  readonly logger?: Logger | undefined;
  readonly onNetDir: (netdir: NetDir) => void;
  readonly onEnough: (enough: boolean, reason: string) => void;
}

/** The newest snapshot, and whether enough is known to build circuits. spec: path-spec 2.1.1 */
export class NetworkView {
  readonly #deps: NetworkViewDeps;
  readonly #options: NetDirOptions | undefined;
  #builder: { readonly consensus: Consensus; readonly builder: NetDirBuilder } | undefined;
  #netdir: NetDir | undefined;
  #enough = false;
  #wasEnough = false;
  #ready = newReady();

  constructor(deps: NetworkViewDeps, options: NetDirOptions | undefined) {
    this.#deps = deps;
    this.#options = options;
  }

  get netdir(): NetDir | undefined {
    return this.#netdir;
  }

  get enough(): boolean {
    return this.#enough;
  }

  /** Rejects with ABORTED. */
  async whenReady(signal: AbortSignal | undefined): Promise<NetDir> {
    if (this.#enough && this.#netdir !== undefined) return this.#netdir;
    if (signal === undefined) return await this.#ready.promise;
    if (signal.aborted) throw TorError.from(signal.reason, 'ABORTED');
    const aborted = deferred<never>();
    const onAbort = (): void => aborted.reject(TorError.from(signal.reason, 'ABORTED'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#ready.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  stop(): void {
    this.#enough = false;
    this.#ready.reject(new TorError('ABORTED'));
  }

  /** There is no consensus that may be used. */
  clear(reason: string): void {
    this.#netdir = undefined;
    this.#deps.guards?.setNetDir(undefined);
    this.#setEnough(false, reason);
  }

  /** Makes a new snapshot of what is known and tells everybody. */
  publish(consensus: Consensus): void {
    if (this.#builder?.consensus !== consensus) this.#builder = { consensus, builder: new NetDirBuilder(consensus) };
    const netdir = this.#builder.builder.build(this.#deps.lookup, this.#options);
    this.#netdir = netdir;
    this.#deps.guards?.setNetDir(netdir);
    this.#deps.onNetDir(netdir);
    this.judge();
  }

  /** Whether it is enough; also to be called when something about guards changed. */
  judge(): void {
    const netdir = this.#netdir;
    if (netdir === undefined) return;
    const bridgeUsable = (this.#deps.guards?.usableBridges() ?? 0) > 0;
    const status = netdir.enoughDirInfo({ bridgeUsable });
    if (!status.enough) {
      this.#deps.progress.reach('requesting_descriptors');
      const share = status.pathFraction / status.threshold;
      if (status.usableDescriptors > 0) {
        this.#deps.progress.reach('loading_descriptors', 50 + Math.floor(share * 24));
      }
    }
    const missing = status.enough ? this.#deps.guards?.missingDescriptors() : status.reason;
    this.#setEnough(missing === undefined, missing ?? '');
  }

  #setEnough(enough: boolean, reason: string): void {
    const had = this.#enough;
    this.#enough = enough;
    this.#deps.circuits.setNetDir(enough ? this.#netdir : undefined);
    if (enough && this.#netdir !== undefined) this.#ready.resolve(this.#netdir);
    if (enough === had) {
      if (!enough && this.#netdir !== undefined) this.#deps.logger?.info('dir', reason);
      return;
    }
    if (enough) this.#gained();
    else this.#lost(reason);
    this.#deps.onEnough(enough, reason);
  }

  #gained(): void {
    // Loud only when it comes back: the first time the bootstrap phases tell it.
    const severity = this.#wasEnough ? 'notice' : 'info';
    this.#deps.logger?.log(severity, 'dir', 'We now have enough directory information to build circuits.');
    this.#wasEnough = true;
    this.#deps.progress.reach('enough_dirinfo');
  }

  #lost(reason: string): void {
    this.#ready = newReady();
    this.#deps.logger?.notice(
      'dir',
      `Our directory information is no longer up-to-date enough to build circuits: ${reason}`,
    );
  }
}

/** Nobody may be waiting when it is rejected. */
function newReady(): Deferred<NetDir> {
  const ready = deferred<NetDir>();
  ready.promise.catch(() => undefined);
  return ready;
}
