import { parseIp } from '../../src/base/ip/index.ts';
import type { DnsBackend, DnsError, DnsOutcome } from '../../src/roles/exit/index.ts';
import { type ExitConfig, exitConfig } from '../../src/roles/exit/index.ts';
import { TorOptions } from '../../src/wire/torrc/index.ts';

/** The exit's configuration of torrc lines. */
export function exitConfigOf(lines: readonly string[]): ExitConfig {
  const assigned = lines.map((line) => {
    const [key = '', ...value] = line.split(' ');
    return { key, value: value.join(' '), command: 'set' as const };
  });
  return exitConfig(TorOptions.defaults().assign(assigned), []);
}

type Answer = {
  readonly addresses?: readonly string[];
  readonly hostname?: string;
  readonly error?: DnsError;
  readonly ttlSec?: number;
};

/** Name servers made of a table; keys are `name 4`, `name 6` and reverse names. What is not there does not exist. */
export class TableDns implements DnsBackend {
  readonly asked: string[] = [];
  readonly table: Map<string, Answer>;
  /** Answers wait until it is released. */
  held: Promise<void> | undefined;
  /** For names that are not in the table. */
  invented: string | undefined;

  constructor(table: Readonly<Record<string, Answer>> = {}) {
    this.table = new Map(Object.entries(table));
  }

  async lookup(name: string, family: 4 | 6): Promise<DnsOutcome<readonly Uint8Array[]>> {
    this.asked.push(`${name} ${family}`);
    await this.held;
    const answer =
      this.table.get(`${name} ${family}`) ?? (this.invented === undefined ? {} : { addresses: [this.invented] });
    const ttlSec = answer.ttlSec ?? 0;
    if (answer.addresses === undefined) return { ok: false, error: answer.error ?? 'notexist', ttlSec };
    return { ok: true, value: answer.addresses.map((text) => parseIp(text) ?? new Uint8Array(4)), ttlSec };
  }

  async reverse(name: string): Promise<DnsOutcome<string>> {
    this.asked.push(name);
    await this.held;
    const answer = this.table.get(name);
    const ttlSec = answer?.ttlSec ?? 0;
    if (answer?.hostname === undefined) return { ok: false, error: answer?.error ?? 'notexist', ttlSec };
    return { ok: true, value: answer.hostname, ttlSec };
  }
}
