/** One answer of RESOLVED. spec: tor-spec 6.4 */
export type ResolvedAnswer =
  | { readonly kind: 'hostname'; readonly hostname: string; readonly ttlSec: number }
  | { readonly kind: 'ipv4' | 'ipv6'; readonly address: Uint8Array; readonly ttlSec: number }
  | { readonly kind: 'error'; readonly transient: boolean; readonly ttlSec: number };
