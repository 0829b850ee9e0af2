import { base32 } from '../../base/bytes/index.ts';
import { formatIpHost, type IpBytes, inPrefix, parseIp } from '../../base/ip/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';

/** Where a mapping comes from; it decides when the mapping is used and who may replace it. */
export type MappingSource = 'torrc' | 'controller' | 'automap' | 'track-exit' | 'dns';

export interface Mapping {
  readonly from: string;
  readonly to: string;
  readonly source: MappingSource;
  /** Undefined: for ever. */
  readonly expiresMs: number | undefined;
  /** `*.from`: every name below it. */
  readonly fromWildcard: boolean;
  /** `*.to`: only the end of the name is replaced. */
  readonly toWildcard: boolean;
}

export interface VirtualNetwork {
  readonly ip: IpBytes;
  readonly bits: number;
}

export interface AddressMapOptions {
  readonly virtualIpv4: VirtualNetwork;
  readonly virtualIpv6: VirtualNetwork;
  /** Entries that come from names applications ask for; the oldest goes when there are more. */
  readonly maxTransient?: number;
}

export interface AddressMapEvents {
  /** ADDRMAP. spec: control-spec 4.1.7 */
  mapped: { readonly from: string; readonly to: string; readonly expiresMs: number | undefined };
}

export interface Rewritten {
  readonly address: string;
  readonly changed: boolean;
  readonly expiresMs: number | undefined;
  /** Who made the address end in `.exit`. */
  readonly exitSource: MappingSource | undefined;
}

type VirtualKind = 'ipv4' | 'ipv6' | 'hostname';

const maxRewrites = 16;
const virtualAttempts = 1000;
const defaultMaxTransient = 65536;

/**
 * What addresses applications ask for become: MapAddress lines, controllers' mappings, virtual addresses handed out for
 * names, tracked exits, and (when a port asks for it) answers of exits. spec: manual page, MapAddress
 */
export class AddressMap {
  readonly events = new Emitter<AddressMapEvents>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #mappings = new Map<string, Mapping>();
  /** From a name to the virtual addresses that stand for it. */
  readonly #virtual = new Map<string, Partial<Record<VirtualKind, string>>>();
  #options: AddressMapOptions;
  #transient = 0;

  constructor(deps: { readonly clock: Clock; readonly random: Random }, options: AddressMapOptions) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#options = options;
  }

  /** Mappings are kept; virtual addresses outside the new networks are dropped. */
  configure(options: AddressMapOptions): void {
    this.#options = options;
    this.#removeWhere((mapping) => mapping.source === 'automap' && !this.isVirtual(mapping.from));
  }

  get size(): number {
    return this.#mappings.size;
  }

  /** `MapAddress` and `MAPADDRESS`: wildcards are understood. Returns why it is refused, or undefined. */
  map(from: string, to: string, source: 'torrc' | 'controller', expiresMs?: number): string | undefined {
    if (from === '*' || to === '*') return "can't remap from or to *";
    const fromWildcard = from.startsWith('*.');
    const toWildcard = to.startsWith('*.');
    if (toWildcard && !fromWildcard) {
      return "can only use wildcard (i.e. '*.') if 'from' address uses wildcard also";
    }
    const target = toWildcard ? to.slice(2) : to;
    if (parseIp(target) === undefined && !/^[A-Za-z0-9._-]*$/.test(target)) return 'destination is invalid';
    this.#register({
      from: (fromWildcard ? from.slice(2) : from).toLowerCase(),
      to: target.toLowerCase(),
      source,
      expiresMs,
      fromWildcard,
      toWildcard,
    });
    return undefined;
  }

  /** A name's address as an exit told it, or the exit that serves a tracked host; an older mapping stays. */
  remember(from: string, to: string, source: 'dns' | 'track-exit', expiresMs: number): void {
    const known = this.#live(from.toLowerCase());
    if (known !== undefined) return;
    this.#register({ from: from.toLowerCase(), to, source, expiresMs, fromWildcard: false, toWildcard: false });
  }

  /** Puts off the expiry of a tracked exit that is used again. */
  touch(from: string, expiresMs: number): void {
    const known = this.#live(from.toLowerCase());
    if (known?.source === 'track-exit') this.#mappings.set(known.from, { ...known, expiresMs });
  }

  /** The address that stands for `name`, the same each time; undefined when the network is full. */
  virtualAddress(name: string, kind: VirtualKind, source: 'automap' | 'controller' = 'automap'): string | undefined {
    const target = name.toLowerCase();
    const entry = this.#virtual.get(target) ?? {};
    const known = entry[kind];
    if (known !== undefined && this.#live(known)?.to === target) return known;
    const address = this.#freshVirtual(kind);
    if (address === undefined) return undefined;
    this.#virtual.set(target, { ...entry, [kind]: address });
    this.#register({ from: address, to: target, source, expiresMs: undefined, fromWildcard: false, toWildcard: false });
    return address;
  }

  /** True for an address of the virtual networks, mapped or not, and for `.virtual` names. */
  isVirtual(address: string): boolean {
    if (address.toLowerCase().endsWith('.virtual')) return true;
    const ip = parseIp(address);
    if (ip === undefined) return false;
    const network = ip.length === 4 ? this.#options.virtualIpv4 : this.#options.virtualIpv6;
    return inPrefix(ip, network.ip, network.bits);
  }

  has(address: string): boolean {
    return this.#live(address.toLowerCase()) !== undefined;
  }

  /** Follows mappings of these sources, at most 16 steps. */
  rewrite(address: string, sources: ReadonlySet<MappingSource>): Rewritten {
    let current = address;
    let expiresMs: number | undefined;
    let exitSource: MappingSource | undefined;
    for (let steps = 0; steps < maxRewrites; steps++) {
      const match = this.#match(current);
      const done = { address: current, changed: steps > 0, expiresMs, exitSource };
      if (match === undefined || !sources.has(match.mapping.source)) return done;
      current = match.result;
      const { mapping } = match;
      if (mapping.expiresMs !== undefined) expiresMs = Math.min(expiresMs ?? mapping.expiresMs, mapping.expiresMs);
      if (current.endsWith('.exit') && !address.endsWith('.exit')) exitSource ??= mapping.source;
    }
    return { address: current, changed: true, expiresMs, exitSource };
  }

  /** Drops what `MapAddress` lines made, before they are read again. */
  clearConfigured(): void {
    this.#removeWhere((mapping) => mapping.source === 'torrc');
  }

  /** CLEARDNSCACHE, NEWNYM: everything that would expire. */
  clearTransient(): void {
    this.#removeWhere((mapping) => mapping.expiresMs !== undefined);
  }

  clearTrackedExit(exit: string): void {
    const suffix = `.${exit.toLowerCase()}.exit`;
    this.#removeWhere((mapping) => mapping.source === 'track-exit' && mapping.to.toLowerCase().endsWith(suffix));
  }

  clearAutomaps(keep: (name: string) => boolean): void {
    this.#removeWhere((mapping) => mapping.source === 'automap' && !keep(mapping.to));
  }

  /** Drops what has expired. */
  expire(): void {
    const now = this.#clock.now();
    this.#removeWhere((mapping) => mapping.expiresMs !== undefined && mapping.expiresMs <= now);
  }

  list(): Mapping[] {
    this.expire();
    return [...this.#mappings.values()];
  }

  #live(from: string): Mapping | undefined {
    const mapping = this.#mappings.get(from);
    if (mapping?.expiresMs === undefined || mapping.expiresMs > this.#clock.now()) return mapping;
    this.#remove(mapping);
    return undefined;
  }

  #match(address: string): { mapping: Mapping; result: string } | undefined {
    const exact = this.#live(address);
    if (exact !== undefined) {
      // `*.example.com` to `example.com`, asked for `example.com`: it is there already.
      const arrived = exact.fromWildcard && !exact.toWildcard && exact.to === address;
      return arrived ? undefined : { mapping: exact, result: exact.to };
    }
    for (let dot = address.indexOf('.'); dot !== -1; dot = address.indexOf('.', dot + 1)) {
      const mapping = this.#live(address.slice(dot + 1));
      if (mapping?.fromWildcard !== true) continue;
      const result = mapping.toWildcard ? `${address.slice(0, dot)}.${mapping.to}` : mapping.to;
      return { mapping, result };
    }
    return undefined;
  }

  #register(mapping: Mapping): void {
    const known = this.#mappings.get(mapping.from);
    if (known !== undefined) this.#remove(known);
    if (mapping.from === mapping.to && mapping.fromWildcard === mapping.toWildcard) return;
    this.#mappings.set(mapping.from, mapping);
    if (isTransient(mapping)) {
      this.#transient++;
      this.#dropOldest();
    }
    this.events.emit('mapped', { from: mapping.from, to: mapping.to, expiresMs: mapping.expiresMs });
  }

  #dropOldest(): void {
    const limit = this.#options.maxTransient ?? defaultMaxTransient;
    if (this.#transient <= limit) return;
    for (const mapping of this.#mappings.values()) {
      if (!isTransient(mapping)) continue;
      this.#remove(mapping);
      return;
    }
  }

  #remove(mapping: Mapping): void {
    if (!this.#mappings.delete(mapping.from)) return;
    if (isTransient(mapping)) this.#transient--;
    const names = this.#virtual.get(mapping.to);
    if (names === undefined) return;
    const left = Object.entries(names).filter(([, address]) => address !== mapping.from);
    if (left.length === 0) this.#virtual.delete(mapping.to);
    else this.#virtual.set(mapping.to, Object.fromEntries(left));
  }

  #removeWhere(test: (mapping: Mapping) => boolean): void {
    for (const mapping of [...this.#mappings.values()]) if (test(mapping)) this.#remove(mapping);
  }

  #freshVirtual(kind: VirtualKind): string | undefined {
    for (let attempt = 0; attempt < virtualAttempts; attempt++) {
      const address = this.#randomVirtual(kind);
      if (address !== undefined && !this.#mappings.has(address)) return address;
    }
    return undefined;
  }

  #randomVirtual(kind: VirtualKind): string | undefined {
    if (kind === 'hostname') return `${base32(this.#random.bytes(10))}.virtual`;
    const network = kind === 'ipv4' ? this.#options.virtualIpv4 : this.#options.virtualIpv6;
    const ip = this.#random.bytes(network.ip.length);
    for (let i = 0; i < ip.length; i++) {
      const fixed = Math.min(8, Math.max(0, network.bits - 8 * i));
      const mask = (0xff00 >>> fixed) & 0xff;
      ip[i] = ((network.ip[i] as number) & mask) | ((ip[i] as number) & ~mask & 0xff);
    }
    // Addresses ending in .0 and .255 look like networks and broadcasts to some applications.
    if (kind === 'ipv4' && (ip[3] === 0 || ip[3] === 255)) return undefined;
    return formatIpHost(ip);
  }
}

const isTransient = (mapping: Mapping): boolean => mapping.expiresMs !== undefined || mapping.source === 'automap';
