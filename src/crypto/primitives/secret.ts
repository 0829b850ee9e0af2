import { timingSafeEqual } from 'node:crypto';

/** Constant-time comparison for secrets, MACs and digests that prove something. */
export const secretEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
