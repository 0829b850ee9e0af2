import { hkdfSync } from 'node:crypto';
import { concatBytes } from '../../base/bytes/index.ts';
import { sha1 } from './digest.ts';

/** RFC 5869 with SHA-256. At most 8160 bytes. */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ikm, salt, info, length));
}

/** KDF-TOR: SHA1(K0 | 00) | SHA1(K0 | 01) | ... spec: tor-spec 5.2.1 */
export function kdfTor(k0: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0, at = 0; at < length; i++, at += 20) {
    out.set(sha1(concatBytes(k0, Uint8Array.of(i))).subarray(0, length - at), at);
  }
  return out;
}
