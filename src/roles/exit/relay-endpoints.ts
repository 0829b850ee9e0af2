import { formatIpPort, type IpBytes } from '../../base/ip/index.ts';
import type { NetDir } from '../../network/netdir/index.ts';

export interface Endpoint {
  readonly address: IpBytes;
  readonly port: number;
}

/** Every address and port at which the network itself can be reached: no stream may lead back into it. */
export class RelayEndpoints {
  readonly #fixed: readonly Endpoint[];
  #of: NetDir | undefined;
  #keys: ReadonlySet<string> = new Set();

  /** `fixed`: directory authorities, which stand in no consensus. */
  constructor(fixed: readonly Endpoint[]) {
    this.#fixed = fixed;
  }

  has(netdir: NetDir | undefined, address: IpBytes, port: number): boolean {
    if (netdir === undefined) return false;
    if (this.#of !== netdir) {
      this.#of = netdir;
      this.#keys = this.#collect(netdir);
    }
    return this.#keys.has(formatIpPort(address, port));
  }

  #collect(netdir: NetDir): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const { address, port } of this.#fixed) keys.add(formatIpPort(address, port));
    for (const { addresses, dirPort } of netdir.relays) {
      for (const { address, port } of addresses) {
        keys.add(formatIpPort(address, port));
        if (dirPort !== 0) keys.add(formatIpPort(address, dirPort));
      }
    }
    return keys;
  }
}
