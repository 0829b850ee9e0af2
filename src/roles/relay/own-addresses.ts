import { bytesEqual } from '../../base/bytes/index.ts';
import { type IpBytes, isInternalIp, unmapIp } from '../../base/ip/index.ts';
import { literalAddress, type OrPort } from './config.ts';

export type AddressFamily = 4 | 6;
export type AddressMethod = 'CONFIGURED' | 'CONFIGURED_ORPORT' | 'INTERFACE' | 'RESOLVED' | 'SUGGESTED';

export interface FoundAddress {
  readonly address: IpBytes;
  readonly method: AddressMethod;
}

/** What the machine knows of itself: interfaces and names. */
export interface HostAddresses {
  /** Addresses of the interfaces that are up. */
  interfaces(): readonly IpBytes[];
  /** Addresses of a host name; of this machine's own name when it is undefined. */
  resolve(hostName: string | undefined): Promise<readonly IpBytes[]>;
}

export interface OwnAddressesOptions {
  /** `Address` lines. */
  readonly configured: readonly string[];
  readonly orPorts: readonly OrPort[];
  readonly disableIpv6: boolean;
  /** Internal addresses may be published when they were written down: networks with authorities of their own. */
  readonly ownAuthorities: boolean;
}

/**
 * Where the world finds us: `Address`, an address on an ORPort line, the interface, the host name, and last what
 * authorities tell us, in this order. spec: proposal 312; C tor resolve_addr.c, relay_find_addr.c
 */
export class OwnAddresses {
  readonly #host: HostAddresses;
  #options: OwnAddressesOptions;
  readonly #found = new Map<AddressFamily, FoundAddress>();
  readonly #suggested = new Map<AddressFamily, IpBytes>();

  constructor(host: HostAddresses, options: OwnAddressesOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** What was found last; the suggestion of an authority when nothing else is known. */
  get(family: AddressFamily): FoundAddress | undefined {
    const found = this.#found.get(family);
    if (found !== undefined) return found;
    const suggested = this.#wanted(family) ? this.#suggested.get(family) : undefined;
    return suggested === undefined ? undefined : { address: suggested, method: 'SUGGESTED' };
  }

  /** Both families, for NETINFO. */
  get all(): IpBytes[] {
    return ([4, 6] as const).flatMap((family) => this.get(family)?.address ?? []);
  }

  isOurs(address: IpBytes): boolean {
    return this.all.some((own) => bytesEqual(own, address));
  }

  /** The address was written down by the operator. */
  isConfigured(family: AddressFamily): boolean {
    const method = this.get(family)?.method;
    return method === 'CONFIGURED' || method === 'CONFIGURED_ORPORT';
  }

  /** Takes effect with the next `refresh()`. */
  setOptions(options: OwnAddressesOptions): void {
    this.#options = options;
  }

  /** Looks again. True when an address changed. */
  async refresh(): Promise<boolean> {
    const before = this.all;
    for (const family of [4, 6] as const) {
      const found = await this.#find(family);
      if (found === undefined) this.#found.delete(family);
      else this.#found.set(family, found);
    }
    const after = this.all;
    return before.length !== after.length || before.some((address, i) => !bytesEqual(address, after[i] ?? address));
  }

  /** An authority at `from` says that we are at `address`. True when it was believed and is news. */
  suggest(address: IpBytes, from: IpBytes): boolean {
    const seen = unmapIp(address);
    if (isInternalIp(seen) || bytesEqual(seen, from)) return false;
    const family: AddressFamily = seen.length === 4 ? 4 : 6;
    const before = this.#suggested.get(family);
    this.#suggested.set(family, seen.slice());
    return this.get(family)?.method === 'SUGGESTED' && (before === undefined || !bytesEqual(before, seen));
  }

  /** Nothing is looked for unless an ORPort of the family is advertised. */
  #wanted(family: AddressFamily): boolean {
    if (family === 6 && this.#options.disableIpv6) return false;
    return this.#options.orPorts.some(({ advertise, address }) => advertise && familyOf(address) === family);
  }

  async #find(family: AddressFamily): Promise<FoundAddress | undefined> {
    if (!this.#wanted(family)) return undefined;
    const configured = await this.#configured(family);
    // A line of the other family alone leaves this one to the other ways.
    if (configured !== undefined) return configured;
    const port = this.#options.orPorts.find(
      ({ advertise, explicit, address }) => advertise && explicit && familyOf(address) === family && !isAny(address),
    );
    if (port !== undefined && this.#usable(port.address, true)) {
      return { address: port.address, method: 'CONFIGURED_ORPORT' };
    }
    const own = this.#host.interfaces().find((address) => familyOf(address) === family && this.#usable(address, false));
    if (own !== undefined) return { address: own, method: 'INTERFACE' };
    const named = (await this.#host.resolve(undefined)).find((address) => familyOf(address) === family);
    if (named !== undefined && this.#usable(named, false)) return { address: named, method: 'RESOLVED' };
    return undefined;
  }

  async #configured(family: AddressFamily): Promise<FoundAddress | undefined> {
    for (const line of this.#options.configured) {
      const literal = literalAddress(line);
      const candidates = literal === undefined ? await this.#host.resolve(line) : [literal];
      const found = candidates.find((address) => familyOf(address) === family);
      if (found !== undefined && this.#usable(found, true)) return { address: found, method: 'CONFIGURED' };
    }
    return undefined;
  }

  #usable(address: IpBytes, explicit: boolean): boolean {
    return !isInternalIp(address) || (explicit && this.#options.ownAuthorities);
  }
}

export const familyOf = (address: IpBytes): AddressFamily => (address.length === 4 ? 4 : 6);

const isAny = (address: IpBytes): boolean => address.every((byte) => byte === 0);
