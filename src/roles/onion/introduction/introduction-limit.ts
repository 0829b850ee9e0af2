import type { IntroDosParams } from '../../../wire/relaymsg/index.ts';

/** The DoS defence that the consensus asks for when a service does not say. */
export interface IntroDosDefaults {
  readonly enabled: boolean;
  readonly ratePerSec: number;
  readonly burstPerSec: number;
}

const maxValue = 0x7fffffff;

/** What a service asks for, as C tor takes it: values that make no sense turn the defence off. spec: proposal 305 */
function explicitRules({ ratePerSec, burstPerSec }: IntroDosParams): IntroDosDefaults {
  const inRange = ratePerSec > 0 && burstPerSec > 0 && ratePerSec <= maxValue && burstPerSec <= maxValue;
  return { enabled: inRange && ratePerSec <= burstPerSec, ratePerSec, burstPerSec };
}

/**
 * How many introductions reach one service: its own wish, or what the consensus says at the time. C tor's arithmetic
 * (hs_dos.c), which clients see: whole seconds, and the last token lets nothing pass, so that a burst of 5 is 4.
 */
export class IntroductionLimit {
  readonly #asked: IntroDosDefaults | undefined;
  #tokens: number;
  #lastSec: number;

  constructor(asked: IntroDosParams | undefined, defaults: IntroDosDefaults, nowMs: number) {
    this.#asked = asked === undefined ? undefined : explicitRules(asked);
    this.#tokens = (this.#asked ?? defaults).burstPerSec;
    this.#lastSec = Math.floor(nowMs / 1000);
  }

  /** Whether one more may pass; says so of it. */
  pass(defaults: IntroDosDefaults, nowMs: number): boolean {
    const { enabled, ratePerSec, burstPerSec } = this.#asked ?? defaults;
    if (!enabled) return true;
    const nowSec = Math.floor(nowMs / 1000);
    const refilled = this.#tokens + Math.max(0, nowSec - this.#lastSec) * ratePerSec;
    this.#lastSec = nowSec;
    this.#tokens = Math.max(0, Math.min(burstPerSec, refilled) - 1);
    return this.#tokens > 0;
  }
}
