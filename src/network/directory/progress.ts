import type { Logger } from '../../base/log/index.ts';
import type { BootstrapPhase, BootstrapStatus } from './types.ts';

/** C tor's phases in order. spec: control-spec 5.5 */
export const bootstrapPhases = [
  { percent: 0, tag: 'starting', summary: 'Starting' },
  { percent: 1, tag: 'conn_pt', summary: 'Connecting to pluggable transport' },
  { percent: 2, tag: 'conn_done_pt', summary: 'Connected to pluggable transport' },
  { percent: 3, tag: 'conn_proxy', summary: 'Connecting to proxy' },
  { percent: 4, tag: 'conn_done_proxy', summary: 'Connected to proxy' },
  { percent: 5, tag: 'conn', summary: 'Connecting to a relay' },
  { percent: 10, tag: 'conn_done', summary: 'Connected to a relay' },
  { percent: 14, tag: 'handshake', summary: 'Handshaking with a relay' },
  { percent: 15, tag: 'handshake_done', summary: 'Handshake with a relay done' },
  { percent: 20, tag: 'onehop_create', summary: 'Establishing an encrypted directory connection' },
  { percent: 25, tag: 'requesting_status', summary: 'Asking for networkstatus consensus' },
  { percent: 30, tag: 'loading_status', summary: 'Loading networkstatus consensus' },
  { percent: 40, tag: 'loading_keys', summary: 'Loading authority key certs' },
  { percent: 45, tag: 'requesting_descriptors', summary: 'Asking for relay descriptors' },
  { percent: 50, tag: 'loading_descriptors', summary: 'Loading relay descriptors' },
  { percent: 75, tag: 'enough_dirinfo', summary: 'Loaded enough directory info to build circuits' },
  { percent: 76, tag: 'ap_conn_pt', summary: 'Connecting to pluggable transport to build circuits' },
  { percent: 77, tag: 'ap_conn_done_pt', summary: 'Connected to pluggable transport to build circuits' },
  { percent: 78, tag: 'ap_conn_proxy', summary: 'Connecting to proxy to build circuits' },
  { percent: 79, tag: 'ap_conn_done_proxy', summary: 'Connected to proxy to build circuits' },
  { percent: 80, tag: 'ap_conn', summary: 'Connecting to a relay to build circuits' },
  { percent: 85, tag: 'ap_conn_done', summary: 'Connected to a relay to build circuits' },
  { percent: 89, tag: 'ap_handshake', summary: 'Finishing handshake with a relay to build circuits' },
  { percent: 90, tag: 'ap_handshake_done', summary: 'Handshake finished with a relay to build circuits' },
  { percent: 95, tag: 'circuit_create', summary: 'Establishing a Tor circuit' },
  { percent: 100, tag: 'done', summary: 'Done' },
] as const satisfies readonly BootstrapPhase[];
export type BootstrapTag = (typeof bootstrapPhases)[number]['tag'];

const byTag = new Map<string, BootstrapPhase>(bootstrapPhases.map((phase) => [phase.tag, phase]));

/** Phases that C tor holds back until the first link is open: they may come from caches. */
const held = new Set(['requesting_descriptors', 'loading_descriptors', 'enough_dirinfo']);

const noticeStepPercent = 5;
const problemsBeforeWarning = 10;

export interface BootstrapProblemOptions {
  /** Worth a warning at once. */
  readonly warn?: boolean;
  readonly hostId?: string;
  readonly hostAddress?: string;
}

/** How far bootstrap got; only forward, told in C tor's words. */
export class BootstrapProgress {
  readonly #logger: Logger | undefined;
  readonly #emit: (status: BootstrapStatus) => void;
  #status: BootstrapStatus = bootstrapPhases[0];
  #noticedPercent = 0;
  #problems = 0;
  #linkSeen = false;
  #heldBack: { readonly tag: BootstrapTag; readonly percent: number } | undefined;

  constructor(logger: Logger | undefined, emit: (status: BootstrapStatus) => void) {
    this.#logger = logger;
    this.#emit = emit;
  }

  get status(): BootstrapStatus {
    return this.#status;
  }

  /** The first line, before anything happened. */
  start(): void {
    this.#tell(bootstrapPhases[0], 'notice');
  }

  /** A phase begins, or goes on to `percent` within itself. */
  reach(tag: BootstrapTag, percent?: number): void {
    const phase = byTag.get(tag);
    if (phase === undefined) return;
    const reached = Math.max(percent ?? 0, phase.percent);
    if (held.has(tag) && !this.#linkSeen) {
      if (reached >= (this.#heldBack?.percent ?? 0)) this.#heldBack = { tag, percent: reached };
      return;
    }
    if (reached <= this.#status.percent) return;
    const within = this.#status.tag === tag;
    const severity = within && reached < this.#noticedPercent + noticeStepPercent ? 'info' : 'notice';
    this.#problems = 0;
    this.#tell({ percent: reached, tag, summary: phase.summary }, severity);
  }

  /** A link is open: what caches already gave may be told. */
  linkOpened(): void {
    this.reach('handshake_done');
    if (this.#linkSeen) return;
    this.#linkSeen = true;
    if (this.#heldBack !== undefined) this.reach(this.#heldBack.tag, this.#heldBack.percent);
  }

  /** Something went wrong on the way; the tenth time in one phase it is worth a warning. */
  problem(warning: string, reason: string, options: BootstrapProblemOptions = {}): void {
    if (this.#status.percent === 100) return;
    this.#problems++;
    const recommendation = options.warn === true || this.#problems >= problemsBeforeWarning ? 'warn' : 'ignore';
    const { percent, tag, summary } = this.#status;
    const { hostId = '?', hostAddress = '?' } = options;
    const count = this.#problems;
    this.#status = { percent, tag, summary, warning, reason, count, recommendation, hostId, hostAddress };
    this.#logger?.log(
      recommendation === 'warn' ? 'warn' : 'info',
      'control',
      `Problem bootstrapping. Stuck at ${percent}% (${tag}): ${summary}. (${warning}; ${reason}; count ` +
        `${count}; recommendation ${recommendation}; host ${hostId} at ${hostAddress})`,
    );
    this.#emit(this.#status);
  }

  #tell(status: BootstrapPhase, severity: 'info' | 'notice'): void {
    this.#status = status;
    if (severity === 'notice') this.#noticedPercent = status.percent;
    this.#logger?.log(severity, 'control', `Bootstrapped ${status.percent}% (${status.tag}): ${status.summary}`);
    this.#emit(status);
  }
}

export const isBootstrapTag = (tag: string): tag is BootstrapTag => byTag.has(tag);
