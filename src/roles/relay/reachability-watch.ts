import { isInternalIp, unmapIp } from '../../base/ip/index.ts';
import type { LinkChannel } from '../../protocol/channel/index.ts';
import { type AddressFamily, familyOf, type OwnAddresses } from './own-addresses.ts';

export interface ReachabilityOptions {
  /** AssumeReachable. */
  readonly assume: boolean;
  /** AssumeReachableIPv6 1. */
  readonly assumeIpv6: boolean;
  /** ExtendAllowPrivateAddresses: a peer on a private address counts too. */
  readonly trustLocal: boolean;
}

/**
 * Whether our ORPorts can be reached: a CREATE cell on a link that somebody else opened, to an address that we publish,
 * proves it. C tor onionskin_answer(), selftest.c
 */
export class ReachabilityWatch {
  #options: ReachabilityOptions;
  readonly #reached = new Set<AddressFamily>();

  constructor(options: ReachabilityOptions) {
    this.#options = options;
  }

  setOptions(options: ReachabilityOptions): void {
    this.#options = options;
  }

  /** A CREATE was answered on this link. The family, when it is the first to prove it. */
  note(channel: LinkChannel, addresses: OwnAddresses): AddressFamily | undefined {
    if (channel.role === 'initiator') return undefined;
    const peer = channel.peerAddress;
    const seen = channel.result?.ownAddressSeen;
    if (peer === undefined || seen === undefined) return undefined;
    if (isInternalIp(peer) && !this.#options.trustLocal) return undefined;
    const own = unmapIp(seen);
    const family = familyOf(own);
    if (this.#reached.has(family) || !addresses.isOurs(own) || familyOf(unmapIp(peer)) !== family) return undefined;
    this.#reached.add(family);
    return family;
  }

  isReachable(family: AddressFamily): boolean {
    const { assume, assumeIpv6 } = this.#options;
    return assume || (family === 6 && assumeIpv6) || this.#reached.has(family);
  }

  /** Somebody proved it; nothing is assumed. */
  isProven(family: AddressFamily): boolean {
    return this.#reached.has(family);
  }

  /** Our address changed: what was proven is so no more. */
  reset(): void {
    this.#reached.clear();
  }
}
