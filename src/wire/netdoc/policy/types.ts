import type { IpBytes } from '../../../base/ip/index.ts';

/** What addresses a rule is about. */
export type PolicyAddress =
  | { readonly kind: 'any' }
  | { readonly kind: 'any4' }
  | { readonly kind: 'any6' }
  | { readonly kind: 'private' }
  | { readonly kind: 'net'; readonly address: IpBytes; readonly bits: number };

/** One `accept` or `reject` line. */
export interface PolicyRule {
  readonly accept: boolean;
  readonly address: PolicyAddress;
  readonly lowPort: number;
  readonly highPort: number;
}
