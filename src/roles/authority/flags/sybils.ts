import { compareBytes, latin1 } from '../../../base/bytes/index.ts';
import type { KnownRelay } from '../uploads/router-store.ts';

export interface SybilRules {
  /** AuthDirMaxServersPerAddr; 0: no limit. */
  readonly maxPerAddress: number;
  readonly isAuthority: (rsaId: Uint8Array) => boolean;
  /** Measured or advertised, kilobytes a second. */
  readonly bandwidthKb: (relay: KnownRelay) => number;
}

/** Relays that share an IPv4 or an IPv6 address with more others than allowed; the most useful stay. */
export function findSybils(relays: readonly KnownRelay[], rules: SybilRules): ReadonlySet<KnownRelay> {
  const sybils = new Set<KnownRelay>();
  if (rules.maxPerAddress <= 0) return sybils;
  const byAddress = new Map<string, KnownRelay[]>();
  const note = (address: Uint8Array | undefined, relay: KnownRelay): void => {
    if (address === undefined) return;
    const key = latin1(address);
    const list = byAddress.get(key);
    if (list === undefined) byAddress.set(key, [relay]);
    else list.push(relay);
  };
  for (const relay of relays) {
    note(relay.descriptor.address, relay);
    note(relay.descriptor.ipv6?.address, relay);
  }
  for (const list of byAddress.values()) {
    if (list.length <= rules.maxPerAddress) continue;
    list.sort((a, b) => byUsefulness(a, b, rules));
    for (const relay of list.slice(rules.maxPerAddress)) sybils.add(relay);
  }
  return sybils;
}

function byUsefulness(a: KnownRelay, b: KnownRelay, rules: SybilRules): number {
  const authority = Number(rules.isAuthority(b.descriptor.rsaId)) - Number(rules.isAuthority(a.descriptor.rsaId));
  return (
    authority ||
    Number(b.running) - Number(a.running) ||
    rules.bandwidthKb(b) - rules.bandwidthKb(a) ||
    compareBytes(a.descriptor.rsaId, b.descriptor.rsaId)
  );
}
