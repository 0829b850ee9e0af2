/**
 * The relays of a consensus as columns of numbers and bytes: eight thousand of them in a few arrays, with strings and
 * lists that repeat kept once.
 */
import type { IpBytes } from '../../../base/ip/index.ts';
import { emptyProtover, type Protover } from '../../protover/index.ts';
import { parsePortSummary, tryProtover } from '../meta/fields.ts';
import { splitWords } from '../meta/tokenizer.ts';
import type { AddressPort, PortSummary } from '../meta/types.ts';
import { parseIsoTime } from '../meta/values.ts';
import type { RouterStatus } from './types.ts';

export interface RelayRow {
  readonly nickname: string;
  readonly rsaId: Uint8Array;
  readonly publishedMs: number;
  readonly address: IpBytes;
  readonly orPort: number;
  readonly dirPort: number;
  readonly ipv6: AddressPort | undefined;
  readonly flags: readonly string[];
  readonly version: string;
  readonly protover: Protover;
  readonly bandwidth: number | undefined;
  readonly unmeasured: boolean;
  readonly guardFraction: number | undefined;
  readonly descriptorDigest: Uint8Array | undefined;
  readonly policy: string | undefined;
}

/** Keeps one copy of each text, and of what is made of it. */
class Interned<T> {
  readonly #seen = new Map<string, T>();
  readonly #make: (text: string) => T;

  constructor(make: (text: string) => T) {
    this.#make = make;
  }

  of(text: string): T {
    let value = this.#seen.get(text);
    if (value === undefined) {
      value = this.#make(text);
      this.#seen.set(text, value);
    }
    return value;
  }
}

/** What the lines of many relays have in common. */
export class SharedLines {
  readonly flags = new Interned<readonly string[]>((line) => splitWords(line));
  readonly versions = new Interned<string>((line) => line);
  /** Null for a list that cannot be read. */
  readonly protovers = new Interned<Protover | null>((line) => tryProtover(line) ?? null);
  readonly policies = new Interned<PortSummary | null>((line) => parsePortSummary(line) ?? null);
  #lastDate = '';
  #lastTime = '';
  #lastMs: number | undefined;

  /** Many relays have the time of the relay before them; microdesc consensuses have one for all. */
  readonly timeOf = (date: string, time: string): number | undefined => {
    if (date === this.#lastDate && time === this.#lastTime) return this.#lastMs;
    this.#lastMs = parseIsoTime(`${date} ${time}`);
    this.#lastDate = date;
    this.#lastTime = time;
    return this.#lastMs;
  };
}

export class RelayColumns {
  readonly length: number;
  readonly #shared: SharedLines;
  readonly #digestLength: number;
  readonly #nicknames: string[];
  readonly #ids: Uint8Array;
  readonly #digests: Uint8Array;
  readonly #addresses: Uint8Array;
  readonly #ports: Uint16Array;
  readonly #published: Float64Array;
  readonly #bandwidth: Float64Array;
  readonly #guardFraction: Int8Array;
  readonly #unmeasured: Uint8Array;
  readonly #flags: (readonly string[])[];
  readonly #versions: string[];
  readonly #protovers: Protover[];
  readonly #ipv6 = new Map<number, AddressPort>();
  readonly #policies: (string | undefined)[];

  constructor(rows: number, digestLength: 20 | 32, shared: SharedLines) {
    this.length = rows;
    this.#shared = shared;
    this.#digestLength = digestLength;
    this.#nicknames = new Array(rows);
    this.#ids = new Uint8Array(20 * rows);
    this.#digests = new Uint8Array(digestLength * rows);
    this.#addresses = new Uint8Array(4 * rows);
    this.#ports = new Uint16Array(2 * rows);
    this.#published = new Float64Array(rows);
    this.#bandwidth = new Float64Array(rows);
    this.#guardFraction = new Int8Array(rows);
    this.#unmeasured = new Uint8Array(rows);
    this.#flags = new Array(rows);
    this.#versions = new Array(rows);
    this.#protovers = new Array(rows);
    this.#policies = [];
  }

  set(at: number, row: RelayRow): void {
    this.#nicknames[at] = row.nickname;
    this.#ids.set(row.rsaId, 20 * at);
    if (row.descriptorDigest !== undefined) this.#digests.set(row.descriptorDigest, this.#digestLength * at);
    this.#addresses.set(row.address, 4 * at);
    this.#ports[2 * at] = row.orPort;
    this.#ports[2 * at + 1] = row.dirPort;
    this.#published[at] = row.publishedMs;
    this.#bandwidth[at] = row.bandwidth ?? Number.NaN;
    this.#guardFraction[at] = row.guardFraction ?? -1;
    this.#unmeasured[at] = row.unmeasured ? 1 : 0;
    this.#flags[at] = row.flags;
    this.#versions[at] = row.version;
    this.#protovers[at] = row.protover;
    if (row.ipv6 !== undefined) this.#ipv6.set(at, row.ipv6);
    if (row.policy !== undefined) this.#policies[at] = row.policy;
  }

  nickname = (at: number): string => this.#nicknames[at] as string;
  rsaId = (at: number): Uint8Array => this.#ids.subarray(20 * at, 20 * at + 20);
  published = (at: number): number => this.#published[at] as number;
  address = (at: number): IpBytes => this.#addresses.subarray(4 * at, 4 * at + 4);
  orPort = (at: number): number => this.#ports[2 * at] as number;
  dirPort = (at: number): number => this.#ports[2 * at + 1] as number;
  ipv6 = (at: number): AddressPort | undefined => this.#ipv6.get(at);
  flags = (at: number): readonly string[] => this.#flags[at] as readonly string[];
  version = (at: number): string => this.#versions[at] as string;
  protover = (at: number): Protover => this.#protovers[at] ?? emptyProtover;
  unmeasured = (at: number): boolean => this.#unmeasured[at] === 1;

  digest(at: number): Uint8Array {
    return this.#digests.subarray(this.#digestLength * at, this.#digestLength * (at + 1));
  }

  bandwidth(at: number): number | undefined {
    const value = this.#bandwidth[at] as number;
    return Number.isNaN(value) ? undefined : value;
  }

  guardFraction(at: number): number | undefined {
    const value = this.#guardFraction[at] as number;
    return value < 0 ? undefined : value;
  }

  policy(at: number): PortSummary | undefined {
    const line = this.#policies[at];
    return line === undefined ? undefined : (this.#shared.policies.of(line) ?? undefined);
  }
}

/** One relay: a place in the columns. The bytes it hands out are views: do not write to them. */
export class ColumnRelay implements RouterStatus {
  readonly #columns: RelayColumns;
  readonly #at: number;

  constructor(columns: RelayColumns, at: number) {
    this.#columns = columns;
    this.#at = at;
  }

  get nickname(): string {
    return this.#columns.nickname(this.#at);
  }
  get rsaId(): Uint8Array {
    return this.#columns.rsaId(this.#at);
  }
  get publishedMs(): number {
    return this.#columns.published(this.#at);
  }
  get address(): IpBytes {
    return this.#columns.address(this.#at);
  }
  get orPort(): number {
    return this.#columns.orPort(this.#at);
  }
  get dirPort(): number {
    return this.#columns.dirPort(this.#at);
  }
  get ipv6(): AddressPort | undefined {
    return this.#columns.ipv6(this.#at);
  }
  get flags(): readonly string[] {
    return this.#columns.flags(this.#at);
  }
  get version(): string {
    return this.#columns.version(this.#at);
  }
  get protover(): Protover {
    return this.#columns.protover(this.#at);
  }
  get bandwidth(): number | undefined {
    return this.#columns.bandwidth(this.#at);
  }
  get unmeasured(): boolean {
    return this.#columns.unmeasured(this.#at);
  }
  get guardFraction(): number | undefined {
    return this.#columns.guardFraction(this.#at);
  }
  get descriptorDigest(): Uint8Array {
    return this.#columns.digest(this.#at);
  }
  get policy(): PortSummary | undefined {
    return this.#columns.policy(this.#at);
  }
}
