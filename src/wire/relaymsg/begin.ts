/** A request for a TCP stream. spec: tor-spec 6.2 */
export interface Begin {
  /** Host name, dotted IPv4, or IPv6 without brackets; empty for onion services. */
  readonly address: string;
  readonly port: number;
  /** See `BeginFlag`. */
  readonly flags: number;
}

export const BeginFlag = { IPV6_OK: 1, IPV4_NOT_OK: 2, IPV6_PREFERRED: 4 } as const;
