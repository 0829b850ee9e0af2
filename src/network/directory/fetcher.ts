import { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Timers } from '../../base/runtime/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { ClockSkewWatch } from './clock-skew.ts';
import { dirRequest, formatDirHost } from './dir-stream.ts';
import { parseHttpDate } from './http-request.ts';
import type { DirSource, DirSources } from './sources.ts';
import type { DirRequest, DirResponse } from './types.ts';

export interface DirFetcherDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly circuits: Pick<CircuitManager, 'circuitTo'>;
  readonly sources: DirSources;
  readonly skew: ClockSkewWatch;
  readonly logger?: Logger | undefined;
}

export interface DirFetcherOptions {
  /** TestingDirConnectionMaxStall; default 5 minutes. */
  readonly stallTimeoutMs?: number | undefined;
}

/** A directory is named by its ORPort, even where only the DirPort would speak plain HTTP. */
function hostOf({ target }: DirSource): { host?: string } {
  const [first] = 'addresses' in target ? target.addresses : [];
  return first === undefined ? {} : { host: formatDirHost(first.address, first.port) };
}

/** Asks one directory through a circuit of one hop, and tells guards, servers and the clock watch how it went. */
export class DirFetcher {
  readonly #deps: DirFetcherDeps;
  readonly #options: DirFetcherOptions;

  constructor(deps: DirFetcherDeps, options: DirFetcherOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Resolves with any status but 503. Rejects with DIR_*, STREAM_FAILED, CIRCUIT_*, TIMEOUT, ABORTED. */
  async ask(source: DirSource, request: DirRequest): Promise<DirResponse> {
    const { sources, circuits } = this.#deps;
    const { signal } = request;
    try {
      const circuit = await circuits.circuitTo('dir', source.target, signal === undefined ? {} : { signal });
      const stallTimeoutMs = this.#options.stallTimeoutMs;
      const response = await dirRequest(this.#deps, circuit, {
        ...(stallTimeoutMs === undefined ? {} : { stallTimeoutMs }),
        ...hostOf(source),
        ...request,
      });
      sources.noteAnswer(source, response.status);
      this.#noteDate(source, response);
      if (response.status === 503) {
        throw new TorError('DIR_STATUS', 'the directory is busy', { facts: { status: 503, answered: true } });
      }
      return response;
    } catch (thrown) {
      const error = TorError.from(thrown);
      if (signal?.aborted === true) sources.cancel(source);
      else if (error.facts.answered !== true) sources.noteFailure(source);
      throw error;
    }
  }

  #noteDate(source: DirSource, response: DirResponse): void {
    const date = response.headers.get('date');
    const dateMs = date === undefined ? undefined : parseHttpDate(date);
    if (dateMs !== undefined) this.#deps.skew.noteDate(response.sentMs - dateMs, source);
  }
}
