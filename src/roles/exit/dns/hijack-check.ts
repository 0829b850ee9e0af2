import { formatIp, type IpBytes } from '../../../base/ip/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { Random, Timer, Timers } from '../../../base/runtime/index.ts';
import type { DnsBackend } from './types.ts';

export interface HijackCheckDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly backend: DnsBackend;
  readonly log?: Logger | undefined;
  /** Our name servers lie so much that this relay must not be an exit. */
  readonly onBroken: () => void;
}

const suffixes = [
  ['.invalid', 2],
  ['.test', 2],
  ['', 8],
  ['.com', 8],
  ['.org', 8],
  ['.net', 8],
] as const;
const rounds = 2;
const maxLabel = 16;
/** Addresses counted; a name server that invents a new one each time is not caught this way, by C tor neither. */
const maxCounted = 4096;
const testDelayMs = 30_000;
const hourMs = 3_600_000;
const letters = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Finds out whether name servers answer for names that do not exist, and whether they give the same answer for names
 * that do. C tor dns_launch_correctness_checks().
 */
export class HijackCheck {
  readonly #deps: HijackCheckDeps;
  readonly #testAddresses: readonly string[];
  readonly #counts = new Map<string, number>();
  readonly #invented = new Set<string>();
  readonly #redirected = new Set<string>();
  #requests = 0;
  #broken = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(deps: HijackCheckDeps, options: { readonly testAddresses: readonly string[] }) {
    this.#deps = deps;
    this.#testAddresses = options.testAddresses;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** An address that we saw in answers for names that do not exist. */
  isHijacked(ip: IpBytes): boolean {
    return this.#invented.size > 0 && this.#invented.has(formatIp(ip));
  }

  /** Checks in one to three minutes, then twice a day or a little less. */
  start(): void {
    this.#after(60_000 + this.#deps.random.below(120_000), () => void this.#repeat());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #after(delayMs: number, callback: () => void): void {
    if (this.#stopped) return;
    this.#timer = this.#deps.timers.after(delayMs, callback, { background: true });
  }

  async #repeat(): Promise<void> {
    await this.checkInvented();
    this.#after(testDelayMs, () => {
      void this.checkTestAddresses();
      this.#after(12 * hourMs + this.#deps.random.below(12 * hourMs), () => void this.#repeat());
    });
  }

  /** Asks for names that hardly exist. */
  async checkInvented(): Promise<void> {
    const asked: Promise<void>[] = [];
    for (const family of [4, 6] as const) {
      for (let round = 0; round < rounds; round++) {
        for (const [suffix, minLength] of suffixes) asked.push(this.#ask(this.#label(minLength) + suffix, family));
      }
    }
    await Promise.all(asked);
  }

  async #ask(name: string, family: 4 | 6): Promise<void> {
    const outcome = await this.#deps.backend.lookup(name, family);
    this.#requests++;
    if (!outcome.ok) return;
    for (const ip of outcome.value) this.#count(formatIp(ip));
  }

  #count(address: string): void {
    const count = (this.#counts.get(address) ?? 0) + 1;
    if (count > 1 || this.#counts.size < maxCounted) this.#counts.set(address, count);
    if (count <= 5 || this.#requests <= 10 || this.#invented.has(address)) return;
    this.#invented.add(address);
    this.#deps.log?.notice(
      'edge',
      `Your DNS provider has given "${address}" as an answer for ${count} different invalid addresses. Apparently they ` +
        `are hijacking DNS failures. I'll try to correct for this by treating future occurrences of "${address}" as ` +
        `'not found'.`,
    );
  }

  #label(minLength: number): string {
    const length = minLength + this.#deps.random.below(maxLabel - minLength + 1);
    return Array.from({ length }, () => letters[this.#deps.random.below(letters.length)]).join('');
  }

  /** Asks for names that do exist: when most lead to an invented address there is no use in this name server. */
  async checkTestAddresses(): Promise<void> {
    const names = this.#testAddresses.flatMap((name) => [[name, 4] as const, [name, 6] as const]);
    await Promise.all(
      names.map(async ([name, family]) => {
        const outcome = await this.#deps.backend.lookup(name, family);
        const [ip] = outcome.ok ? outcome.value : [];
        if (ip !== undefined && this.isHijacked(ip)) this.#redirected.add(name.toLowerCase());
      }),
    );
    if (this.#broken || this.#redirected.size <= this.#testAddresses.length / 2) return;
    this.#broken = true;
    this.#deps.log?.notice(
      'edge',
      `Your DNS provider tried to redirect ${this.#redirected.size} test addresses to a junk address. I'm going to stop ` +
        'being an exit node for now, since our DNS seems so broken.',
    );
    this.#deps.onBroken();
  }
}
