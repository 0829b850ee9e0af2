import { timingSafeEqual } from 'node:crypto';

/** Compares in a time that tells only the lengths. */
export function secretEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
