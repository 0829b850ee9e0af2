import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { CertificateName } from '../../wire/netdoc/index.ts';
import { type CertificateStore, certificateNames } from './certificates.ts';
import type { DirFetcher } from './fetcher.ts';
import type { DirSource, DirSources } from './sources.ts';

export interface CertificateDownloadsDeps {
  readonly store: CertificateStore;
  readonly sources: DirSources;
  readonly fetcher: DirFetcher;
  readonly logger?: Logger | undefined;
  readonly onConnected: () => void;
  /** Certificates came: what waited for them may be looked at again. */
  readonly onArrived: (source: DirSource) => void;
}

/** Asks for certificates that a consensus needs, first where the consensus came from. C tor authcert.c */
export class CertificateDownloads {
  readonly #deps: CertificateDownloadsDeps;
  readonly #abort = new AbortController();

  constructor(deps: CertificateDownloadsDeps) {
    this.#deps = deps;
  }

  update(missing: readonly CertificateName[], hint?: DirSource): void {
    const { identities, keys } = certificateNames(this.#deps.store.wanted(missing));
    this.#launch('fp', identities, hint);
    this.#launch('fp-sk', keys, hint);
  }

  abort(): void {
    this.#abort.abort(new TorError('ABORTED'));
  }

  #launch(kind: 'fp' | 'fp-sk', names: readonly string[], hint: DirSource | undefined): void {
    if (names.length === 0) return;
    this.#deps.store.noteAsked(names);
    void this.#fetch(`/tor/keys/${kind}/${names.join('+')}`, names, hint).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      this.#deps.logger?.info('dir', `Couldn't get authority certificates: ${TorError.from(error).message}`);
    });
  }

  async #fetch(path: string, names: readonly string[], hint: DirSource | undefined): Promise<void> {
    const { store, sources, fetcher, onConnected, onArrived } = this.#deps;
    let source: DirSource | undefined;
    let added = 0;
    try {
      source = hint === undefined ? sources.pick('certificate', 'any') : sources.again(hint);
      const { signal } = this.#abort;
      const response = await fetcher.ask(source, { method: 'GET', path, signal, onConnected });
      if (response.status !== 200) throw new TorError('DIR_STATUS', `${response.status} ${response.reason}`);
      added = await store.addDownloaded(response.body);
    } finally {
      store.noteAnswered(names);
    }
    if (added > 0) onArrived(source);
  }
}
