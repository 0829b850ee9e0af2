import type { Clock, Random, Timer, Timers } from '../../base/runtime/index.ts';
import { PaddingCommand, type PaddingNegotiate } from '../../wire/cell/index.ts';
import type { ChannelParams } from './params.ts';

export interface NetflowPaddingDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface NetflowPaddingHooks {
  /** Monotonic time of the last cell in or out. */
  lastTransferMs(): number;
  /** Nothing is queued: only then padding is worth sending. */
  idle(): boolean;
  sendPadding(): void;
  sendNegotiate(message: PaddingNegotiate): void;
}

/** How much a channel was used: padding hides circuits, so a channel without any needs none. */
export type ChannelUsage = 'none' | 'circuits' | 'traffic';

/** The longest sleep between two looks at the channel; shorter than any silence that asks for padding. */
const lookEveryMs = 1000;

/**
 * Sends PADDING into silences, so that a router's flow records do not split. Each silence gets its own random length:
 * the larger of two uniform samples. spec: padding-spec 2
 */
export class NetflowPadding {
  readonly #deps: NetflowPaddingDeps;
  readonly #hooks: NetflowPaddingHooks;
  readonly #look = (): void => this.#wake();
  #params: ChannelParams;
  /** The link can negotiate padding and nobody turned it off. */
  #enabled: boolean;
  /** A client is at one end; relays pad among themselves only when told. */
  readonly #clientLink: boolean;
  #usage: ChannelUsage = 'none';
  /** What was negotiated, 0 when nothing. */
  #lowMs = 0;
  #highMs = 0;
  #timer: Timer | undefined;
  /** The silence that is being timed: when it began, and when it shall end. */
  #silenceFromMs = -1;
  #dueMs = 0;
  #stopped = false;

  constructor(
    deps: NetflowPaddingDeps,
    hooks: NetflowPaddingHooks,
    options: { readonly params: ChannelParams; readonly linkProtocol: number; readonly clientLink: boolean },
  ) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.#params = options.params;
    this.#enabled = options.linkProtocol >= 5;
    this.#clientLink = options.clientLink;
  }

  get usage(): ChannelUsage {
    return this.#usage;
  }

  /** An initiator tells the peer at once when it wants less padding than usual. spec: padding-spec 2.5 */
  negotiate(): void {
    const { connectionPadding, reducedPadding } = this.#params;
    if (!this.#enabled && connectionPadding !== true) return;
    if (connectionPadding !== false && !reducedPadding) return;
    if (this.#enabled) this.#hooks.sendNegotiate({ command: PaddingCommand.STOP, timeoutLowMs: 0, timeoutHighMs: 0 });
    if (connectionPadding === false) {
      this.#enabled = false;
      return;
    }
    this.#lowMs = this.#params.reducedPaddingLowMs;
    this.#highMs = this.#params.reducedPaddingHighMs;
  }

  /** PADDING_NEGOTIATE came from a client. Its times can only make padding rarer. */
  negotiated(message: PaddingNegotiate): void {
    this.#enabled = message.command === PaddingCommand.START;
    this.#lowMs = Math.max(this.#params.paddingLowMs, message.timeoutLowMs);
    this.#highMs = Math.max(this.#lowMs, message.timeoutHighMs);
    this.#silenceFromMs = -1;
    this.#arm();
  }

  setParams(params: ChannelParams): void {
    this.#params = params;
    this.#arm();
  }

  /** Usage only grows. */
  noteUsage(usage: ChannelUsage): void {
    if (usage === 'none' || this.#usage === 'traffic' || usage === this.#usage) return;
    this.#usage = usage;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wanted(): boolean {
    const params = this.#params;
    if (this.#stopped || this.#usage === 'none') return false;
    if (this.#usage === 'circuits' && !params.padBeforeUsage) return false;
    if (!this.#enabled && params.connectionPadding !== true) return false;
    if (params.paddingLowMs === 0 && params.paddingHighMs === 0) return false;
    return this.#clientLink || params.padRelays;
  }

  #arm(): void {
    if (this.#timer === undefined && this.#wanted()) this.#timer = this.#sleep(lookEveryMs);
  }

  #sleep(delayMs: number): Timer {
    return this.#deps.timers.after(Math.min(delayMs, lookEveryMs), this.#look, { background: true });
  }

  #wake(): void {
    this.#timer = undefined;
    if (!this.#wanted()) return;
    const nowMs = this.#deps.clock.monotonic();
    const last = this.#hooks.lastTransferMs();
    if (!this.#hooks.idle()) {
      this.#silenceFromMs = -1;
      this.#timer = this.#sleep(lookEveryMs);
      return;
    }
    if (last !== this.#silenceFromMs) {
      this.#silenceFromMs = last;
      this.#dueMs = last + this.#silenceMs();
    }
    if (nowMs < this.#dueMs) {
      this.#timer = this.#sleep(this.#dueMs - nowMs);
      return;
    }
    this.#silenceFromMs = -1;
    this.#hooks.sendPadding();
    this.#timer = this.#sleep(lookEveryMs);
  }

  #silenceMs(): number {
    const low = Math.max(this.#params.paddingLowMs, this.#lowMs);
    const high = Math.max(this.#params.paddingHighMs, this.#highMs);
    if (low >= high) return low;
    return low + Math.max(this.#deps.random.below(high - low), this.#deps.random.below(high - low));
  }
}
