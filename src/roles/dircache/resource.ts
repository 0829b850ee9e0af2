import { base16Upper, base64Unpadded, fromBase16, fromBase64 } from '../../base/bytes/index.ts';

/**
 * The digests of a path such as `AB..+CD..`, sorted, each once; what is none is left out, as in C tor
 * (dir_split_resource_into_fingerprints).
 */
export function hexDigests(resource: string): Uint8Array[] {
  const names = resource.split('+').filter((part) => /^[0-9a-fA-F]{40}$/.test(part));
  return [...new Set(names.map((name) => name.toUpperCase()))].sort().map(fromBase16);
}

/** Microdescriptor digests: 43 characters of base64 each, with `-` between. */
export function base64Digests(resource: string): Uint8Array[] {
  const names = resource.split('-').filter((part) => /^[A-Za-z0-9+/]{43}$/.test(part));
  const digests = new Map<string, Uint8Array>();
  for (const name of names) {
    const digest = decode(name);
    if (digest !== undefined) digests.set(base16Upper(digest), digest);
  }
  return [...digests].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, digest]) => digest);
}

/** Undefined when the last character carries bits that no 32 bytes have. */
function decode(name: string): Uint8Array | undefined {
  try {
    const digest = fromBase64(name);
    return base64Unpadded(digest) === name ? digest : undefined;
  } catch {
    return undefined;
  }
}

/** `fp-sk` pairs: identity, `-`, signing key. */
export function digestPairs(resource: string): (readonly [Uint8Array, Uint8Array])[] {
  const names = resource.split('+').filter((part) => /^[0-9a-fA-F]{40}-[0-9a-fA-F]{40}$/.test(part));
  return [...new Set(names.map((name) => name.toUpperCase()))]
    .sort()
    .map((name) => [fromBase16(name.slice(0, 40)), fromBase16(name.slice(41))] as const);
}
