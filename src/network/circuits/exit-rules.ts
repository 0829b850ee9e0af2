import { type IpBytes, isInternalIp, isLoopbackIp, parseIp } from '../../base/ip/index.ts';
import { BeginFlag } from '../../wire/relaymsg/index.ts';
import type { Relay } from '../netdir/index.ts';
import type { PortNeed } from '../path/index.ts';
import type { ManagedCircuit } from './managed-circuit.ts';

/** What a stream asks of the last hop of its circuit. */
export interface ExitNeed {
  readonly kind: 'connect' | 'resolve';
  /** The address, when the destination is one and not a name. */
  readonly ip: IpBytes | undefined;
  readonly port: number;
  /** Only an IPv6 answer is of use, or the destination is IPv6. */
  readonly ipv6: boolean;
  /** Fingerprint of the only exit to use. */
  readonly exit: string | undefined;
}

export function connectNeed(host: string, port: number, flags: number, exit: string | undefined): ExitNeed {
  const ip = parseIp(host);
  const ipv6 = ip === undefined ? (flags & BeginFlag.IPV4_NOT_OK) !== 0 : ip.length === 16;
  return { kind: 'connect', ip, port, ipv6, exit };
}

export const resolveNeed: ExitNeed = { kind: 'resolve', ip: undefined, port: 0, ipv6: false, exit: undefined };

export interface ExitRulesOptions {
  /** ClientRejectInternalAddresses. */
  readonly rejectInternalAddresses: boolean;
  /** ExcludeExitNodes and ExcludeNodes: false for an exit that must not be used. */
  readonly mayExit?: (relay: Relay) => boolean;
}

/** Which exit serves which stream, with what exits have taught us by refusing. */
export class ExitRules {
  readonly #options: ExitRulesOptions;
  /** Exits that refused what their policy allows: not used as exits until the next consensus. */
  readonly #refusing = new Set<string>();

  constructor(options: ExitRulesOptions) {
    this.#options = options;
  }

  /** A new consensus: exits may have changed their minds. */
  forget(): void {
    this.#refusing.clear();
  }

  get refusing(): ReadonlySet<string> {
    return this.#refusing;
  }

  allows(relay: Relay, need: ExitNeed): boolean {
    if (need.exit !== undefined && need.exit !== relay.fingerprint) return false;
    if (this.#options.mayExit?.(relay) === false || this.#refusing.has(relay.fingerprint)) return false;
    if (need.kind === 'resolve') {
      return need.exit !== undefined || !(relay.policy4.rejectsAll && relay.policy6.rejectsAll);
    }
    if (need.ip !== undefined && this.isForbidden(need.ip)) return false;
    return (need.ipv6 ? relay.policy6 : relay.policy4).allows(need.port);
  }

  allowsOn(managed: ManagedCircuit, relay: Relay | undefined, need: ExitNeed): boolean {
    if (relay === undefined || !this.allows(relay, need)) return false;
    return need.ip === undefined || !managed.refuses(need.ip);
  }

  /** An address that no exit may be asked for, and that no exit may claim to have reached. */
  isForbidden(ip: IpBytes): boolean {
    return this.#options.rejectInternalAddresses && (isInternalIp(ip) || isLoopbackIp(ip));
  }

  /**
   * An exit refused by its policy. As in C tor: without an address it is not used as an exit any more; with one, this
   * circuit is not used for that address.
   */
  noteRefused(managed: ManagedCircuit, address: IpBytes | undefined): void {
    if (address !== undefined) managed.refusedAddresses.push(address.slice());
    else if (managed.exit !== undefined) this.#refusing.add(managed.exit.fingerprint);
  }

  /** It hibernates or has no room. */
  noteUnavailable(managed: ManagedCircuit): void {
    if (managed.exit !== undefined) this.#refusing.add(managed.exit.fingerprint);
  }
}

export const portNeed = (need: ExitNeed): PortNeed[] =>
  need.kind === 'resolve' ? [] : [{ port: need.port, ...(need.ipv6 ? { ipv6: true } : {}) }];
