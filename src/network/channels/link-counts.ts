import type { IpBytes } from '../../base/ip/index.ts';

type Families = Record<'ipv4' | 'ipv6', number>;

/** Links since the start, by who began them and family, for MetricsPort. */
export class LinkCounts {
  readonly initiated: Families = { ipv4: 0, ipv6: 0 };
  readonly received: Families = { ipv4: 0, ipv6: 0 };
  /** Connections of others that were refused before TLS. */
  readonly rejected: Families = { ipv4: 0, ipv6: 0 };
  /** DESTROY cells that came over links which are closed now. */
  destroysIn = 0;

  count(what: 'initiated' | 'received' | 'rejected', address: IpBytes): void {
    this[what][address.length === 4 ? 'ipv4' : 'ipv6']++;
  }
}
