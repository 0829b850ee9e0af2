import type { Random } from '../../../base/runtime/index.ts';

const shortSec = 5 * 60;
const longSec = 60 * 60;
const fuzzSec = 4 * 60;

/** Told with addresses that were never looked up. */
export const literalTtlSec = 30 * 60;

/** In every RESOLVED: a changing one would tell what is in our cache. */
export const resolvedTtlSec = 60;

/** Two values only, so that lifetimes in our cache do not tell one name from another. C tor clip_dns_ttl(). */
export const clipDnsTtl = (ttlSec: number): number => (ttlSec < shortSec ? shortSec : longSec);

/** The clipped lifetime, some minutes more or less: nobody learns when a name was asked for. C tor clip_dns_fuzzy_ttl(). */
export const fuzzyDnsTtl = (ttlSec: number, random: Random): number =>
  clipDnsTtl(ttlSec) + random.below(1 + 2 * fuzzSec) - fuzzSec;
