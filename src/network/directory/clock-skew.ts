import type { Logger } from '../../base/log/index.ts';

export interface ClockSkew {
  /** Positive when our clock seems to be ahead. */
  readonly skewMs: number;
  /** As in CLOCK_SKEW: `DIRSERV`, `OR`, `CONSENSUS`, with `:address:port` where one is known. */
  readonly source: string;
  /** An authority says so, or the consensus. */
  readonly trusted: boolean;
}

export interface ClockSkewDeps {
  readonly logger?: Logger | undefined;
  readonly onSkew: (skew: ClockSkew, warning: string) => void;
}

const directoryToleranceMs = 30 * 60_000;
const linkToleranceMs = 3600_000;
const earlyConsensusMs = 60_000;

/** Compares our clock with what others say and tells when it is far off, in C tor's words. */
export class ClockSkewWatch {
  readonly #deps: ClockSkewDeps;

  constructor(deps: ClockSkewDeps) {
    this.#deps = deps;
  }

  /** A directory's Date header, against when we asked. */
  noteDate(skewMs: number, from: { readonly fingerprint: string; readonly trusted: boolean }): void {
    if (Math.abs(skewMs) <= directoryToleranceMs) return;
    this.#tell({ skewMs, source: `DIRSERV:$${from.fingerprint}`, trusted: from.trusted }, 'directory', 'DIRSERV');
  }

  /** A relay's NETINFO. */
  noteLink(skewMs: number, endpoint: string, trusted: boolean): void {
    if (Math.abs(skewMs) <= linkToleranceMs) return;
    this.#tell({ skewMs, source: `OR:${endpoint}`, trusted }, 'NETINFO cell', 'OR');
  }

  /** No majority of authorities can have signed this before its time: our clock is slow. */
  noteConsensus(
    consensus: { readonly flavor: string; readonly validAfterMs: number; readonly distDelaySec: number },
    nowMs: number,
  ): void {
    if (nowMs >= consensus.validAfterMs - consensus.distDelaySec * 1000 - earlyConsensusMs) return;
    const skewMs = nowMs - consensus.validAfterMs;
    const time = new Date(consensus.validAfterMs).toISOString().slice(0, 19).replace('T', ' ');
    this.#deps.logger?.warn(
      'general',
      `Our clock is ${describeInterval(skewMs)} behind the time published in the consensus network status document ` +
        `(${time} UTC).  Tor needs an accurate clock to work correctly. Please check your time and date settings!`,
    );
    this.#tell({ skewMs, source: 'CONSENSUS', trusted: true }, `${consensus.flavor} flavor consensus`, 'CONSENSUS');
  }

  #tell(skew: ClockSkew, received: string, kind: string): void {
    const [ours, theirs] = skew.skewMs > 0 ? ['ahead', 'behind'] : ['behind', 'ahead'];
    const orLying = skew.trusted ? '' : ', or they are sending us the wrong time';
    this.#deps.logger?.log(
      skew.trusted ? 'warn' : 'info',
      'general',
      `Received ${received} with skewed time (${skew.source}): It seems that our clock is ${ours} by ` +
        `${describeInterval(skew.skewMs)}, or that theirs is ${theirs}${orLying}. Tor requires an accurate clock to ` +
        'work: please check your time, timezone, and date settings.',
    );
    this.#deps.onSkew(skew, `Clock skew ${Math.round(skew.skewMs / 1000)} in ${received} from ${kind}`);
  }
}

/** "3 days, 2 hours, 5 minutes", as C tor's format_time_interval. */
export function describeInterval(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} days, ${hours} hours, ${minutes} minutes`;
  if (hours > 0) return `${hours} hours, ${minutes} minutes`;
  if (minutes > 0) return `${minutes} minutes, ${seconds % 60} seconds`;
  return `${seconds} seconds`;
}
