import type { Random } from '../../base/runtime/index.ts';

export interface InternalNeeds {
  readonly uptime: boolean;
  readonly capacity: boolean;
}

export interface PredictedNeedsOptions {
  /** CircuitsAvailableTimeout; undefined for nf_conntimeout_clients, which `defaultTimeoutMs` tells. */
  readonly timeoutMs?: number | undefined;
  readonly defaultTimeoutMs: () => number;
}

/**
 * What was asked for lately, so that circuits for it are kept ready: ports, and internal circuits of onion services.
 * Seeded with port 443, as in C tor. spec: path-spec 2.1.1
 */
export class PredictedNeeds {
  readonly #random: Random;
  readonly #options: PredictedNeedsOptions;
  readonly #ports = new Map<number, number>();
  /** When an internal circuit was last wanted, and with which needs. C tor begins by pretending that all were. */
  #internalMs: number | undefined;
  #uptimeMs = Number.NEGATIVE_INFINITY;
  #timeoutMs = 0;
  #lastMs = 0;

  constructor(random: Random, options: PredictedNeedsOptions, nowMs: number) {
    this.#random = random;
    this.#options = options;
    this.notePort(443, nowMs);
  }

  notePort(port: number, nowMs: number): void {
    if (port === 0) return;
    if (!this.#ports.has(port)) this.#rerollWhenIdle(nowMs);
    this.#lastMs = nowMs;
    this.#ports.set(port, nowMs);
  }

  noteInternal(needs: InternalNeeds, nowMs: number): void {
    this.#rerollWhenIdle(nowMs);
    this.#lastMs = nowMs;
    this.#internalMs = nowMs;
    if (needs.uptime) this.#uptimeMs = nowMs;
  }

  /** Ports asked for within the time; forgets the others. */
  ports(nowMs: number): number[] {
    for (const [port, timeMs] of this.#ports) if (timeMs + this.#timeoutMs < nowMs) this.#ports.delete(port);
    return [...this.#ports.keys()];
  }

  /** Undefined when no internal circuit was wanted lately. */
  internal(nowMs: number): InternalNeeds | undefined {
    if (this.#internalMs === undefined) {
      this.#internalMs = nowMs;
      this.#uptimeMs = nowMs;
    }
    if (this.#internalMs + this.#timeoutMs < nowMs) return undefined;
    return { uptime: this.#uptimeMs + this.#timeoutMs >= nowMs, capacity: true };
  }

  /** How long an unused circuit may wait; 0 when nothing is predicted any more. */
  remainingMs(nowMs: number): number {
    const waitedMs = nowMs - this.#lastMs;
    if (waitedMs < 0) {
      this.#lastMs = nowMs;
      return this.#timeoutMs;
    }
    return Math.max(0, this.#timeoutMs - waitedMs);
  }

  #any(nowMs: number): boolean {
    return this.#ports.size > 0 || (this.#internalMs ?? Number.NEGATIVE_INFINITY) + this.#timeoutMs >= nowMs;
  }

  #rerollWhenIdle(nowMs: number): void {
    if (this.#any(nowMs)) return;
    const baseMs = this.#options.timeoutMs ?? this.#options.defaultTimeoutMs();
    this.#timeoutMs = baseMs + this.#random.unit() * baseMs;
  }
}
