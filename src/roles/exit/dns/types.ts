import type { IpBytes } from '../../../base/ip/index.ts';

/** How one question to the name servers ended. */
export type DnsOutcome<T> =
  | { readonly ok: true; readonly value: T; readonly ttlSec: number }
  | { readonly ok: false; readonly error: DnsError; readonly ttlSec: number };

/** Names that MetricsPort uses, as C tor's. */
export type DnsError =
  | 'format'
  | 'serverfailed'
  | 'notexist'
  | 'notimpl'
  | 'refused'
  | 'truncated'
  | 'unknown'
  | 'tor_timeout'
  | 'shutdown'
  | 'cancel'
  | 'nodata';

export const isTransient = (error: DnsError): boolean =>
  error === 'serverfailed' || error === 'truncated' || error === 'tor_timeout';

/** Asks name servers. Never rejects. Names are lower case, without a final dot's meaning changed. */
export interface DnsBackend {
  lookup(name: string, family: 4 | 6): Promise<DnsOutcome<readonly IpBytes[]>>;
  reverse(name: string): Promise<DnsOutcome<string>>;
  close?(): void;
}

/** What is known of a name once all questions are answered. `undefined`: not asked for. */
export interface NameRecord {
  readonly ipv4: DnsOutcome<IpBytes> | undefined;
  readonly ipv6: DnsOutcome<IpBytes> | undefined;
  readonly hostname: DnsOutcome<string> | undefined;
}
