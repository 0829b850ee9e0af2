import * as zlib from 'node:zlib';

/** Names as in Content-Encoding. */
export type Encoding = 'x-zstd' | 'deflate' | 'gzip' | 'identity';

/** C tor's order, without LZMA, which Node.js does not have. */
const preference: readonly Encoding[] = ['x-zstd', 'deflate', 'gzip', 'identity'];

const supported = (encoding: Encoding): boolean =>
  encoding !== 'x-zstd' || typeof Reflect.get(zlib, 'createZstdCompress') === 'function';

/** What the asker takes: the header's list, deflate for a path that ends in `.z`, always the plain document. */
export function acceptedEncodings(header: string | undefined, compressedPath: boolean): ReadonlySet<Encoding> {
  const names = new Set((header ?? '').split(',').map((name) => name.trim()));
  if (names.has('x-gzip')) names.add('gzip');
  if (compressedPath) names.add('deflate');
  names.add('identity');
  return new Set(preference.filter((encoding) => names.has(encoding) && supported(encoding)));
}

export function bestEncoding(accepted: ReadonlySet<Encoding>): Encoding {
  return preference.find((encoding) => accepted.has(encoding)) ?? 'identity';
}
