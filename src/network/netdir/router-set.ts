import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import { type AddressPattern, matchesPattern, parseAddressPattern } from './address-pattern.ts';
import { type GeoIp, unknownCountry } from './geoip.ts';
import { parseRelayName } from './names.ts';
import type { Relay } from './relay.ts';

/** Without a geoip table no country matches. */
export interface CountryLookup {
  readonly geoip: GeoIp | undefined;
}

/**
 * A set of relays as options name them: fingerprints, nicknames, `{cc}` country codes and address patterns, with commas
 * between. Used by EntryNodes, ExitNodes, ExcludeNodes, ExcludeExitNodes, MiddleNodes, HSLayer2Nodes and NodeFamily.
 */
export class RouterSet {
  readonly #items: readonly string[];
  readonly #fingerprints = new Set<string>();
  readonly #nicknames = new Set<string>();
  readonly #countries = new Set<string>();
  readonly #patterns: AddressPattern[] = [];
  readonly #geoip: GeoIp | undefined;
  readonly #memo = new WeakMap<Relay, boolean>();

  private constructor(items: readonly string[], geoip: GeoIp | undefined) {
    this.#items = items;
    this.#geoip = geoip;
    for (const item of items) this.#add(item);
  }

  /** Throws BAD_ROUTERSET. */
  static parse(text: string, lookup: CountryLookup = { geoip: undefined }): RouterSet {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    return new RouterSet(items, lookup.geoip);
  }

  /** Relays by fingerprint alone: the sets that the program itself makes. */
  static ofIds(rsaIds: readonly Uint8Array[]): RouterSet {
    return new RouterSet(rsaIds.map(base16Upper), undefined);
  }

  #add(item: string): void {
    const name = parseRelayName(item);
    const country = /^\{([^{}]{2})\}/.exec(item);
    if (name?.kind === 'fingerprint') this.#fingerprints.add(name.fingerprint);
    else if (name !== undefined) this.#nicknames.add(name.nickname.toLowerCase());
    else if (country !== null) this.#countries.add((country[1] as string).toLowerCase());
    else {
      const pattern = /[.:*]/.test(item) ? parseAddressPattern(item) : undefined;
      if (pattern === undefined) throw new TorError('BAD_ROUTERSET', `cannot read "${item}" in a list of relays`);
      this.#patterns.push(pattern);
    }
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  get size(): number {
    return this.#items.length;
  }

  /** True when only names and fingerprints are in it. */
  get isList(): boolean {
    return this.#countries.size === 0 && this.#patterns.length === 0;
  }

  get needsGeoip(): boolean {
    return this.#countries.size > 0;
  }

  /** Every item of both; undefined stands for the empty set. */
  static union(a: RouterSet | undefined, b: RouterSet | undefined): RouterSet | undefined {
    if (a === undefined || b === undefined) return a ?? b;
    return new RouterSet([...a.#items, ...b.#items], a.#geoip ?? b.#geoip);
  }

  /**
   * `GeoIPExcludeUnknown`: adds relays of no known country, always or (`auto`) when the set names a country. Without a
   * geoip table nothing is added.
   */
  withUnknownCountries(when: 'always' | 'auto'): RouterSet {
    if (this.#geoip === undefined || (when === 'auto' && this.#countries.size === 0)) return this;
    const add = [unknownCountry, 'a1'].filter((code) => !this.#countries.has(code) && this.#geoip?.knows(code));
    return new RouterSet([...this.#items, ...add.map((code) => `{${code}}`)], this.#geoip);
  }

  has(relay: Relay): boolean {
    let known = this.#memo.get(relay);
    if (known === undefined) {
      known = this.#find(relay);
      this.#memo.set(relay, known);
    }
    return known;
  }

  #find(relay: Relay): boolean {
    if (this.#fingerprints.has(relay.fingerprint) || this.#nicknames.has(relay.nicknameLower)) return true;
    // A relay of the consensus is judged by its IPv4 address alone, as in C tor; a bridge by all it has.
    const addresses = relay.isBridge ? relay.addresses : relay.addresses.slice(0, 1);
    return addresses.some(({ address, port }) => this.hasAddress(address, port));
  }

  /** By address and country alone: for bridges before their descriptor is known, and for directory servers. */
  hasAddress(address: IpBytes, port: number): boolean {
    if (this.#patterns.some((pattern) => matchesPattern(pattern, address, port))) return true;
    if (this.#countries.size === 0 || this.#geoip === undefined) return false;
    return this.#countries.has(this.#geoip.countryOf(address));
  }

  hasId(rsaId: Uint8Array): boolean {
    return this.#fingerprints.has(base16Upper(rsaId));
  }

  /** Reads back to the same set. */
  toString(): string {
    return this.#items.join(',');
  }
}
