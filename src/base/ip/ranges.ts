import type { IpBytes } from './text.ts';
import { parseIp } from './text.ts';

/** True when the first `bits` bits agree; addresses of different families never match. */
export function inPrefix(ip: IpBytes, prefix: IpBytes, bits: number): boolean {
  if (ip.length !== prefix.length) return false;
  const whole = bits >>> 3;
  for (let i = 0; i < whole; i++) if (ip[i] !== prefix[i]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  return (((ip[whole] as number) ^ (prefix[whole] as number)) & (0xff00 >>> rest) & 0xff) === 0;
}

const prefix = (text: string, bits: number): readonly [IpBytes, number] => [parseIp(text) ?? new Uint8Array(0), bits];

const internalPrefixes: readonly (readonly [IpBytes, number])[] = [
  prefix('10.0.0.0', 8),
  prefix('0.0.0.0', 8),
  prefix('127.0.0.0', 8),
  prefix('100.64.0.0', 10),
  prefix('169.254.0.0', 16),
  prefix('172.16.0.0', 12),
  prefix('192.168.0.0', 16),
  prefix('fc00::', 7),
  prefix('fe80::', 10),
  prefix('fec0::', 10),
  prefix('::', 127),
];
const v4Mapped = prefix('::ffff:0:0', 96);
const carrierGrade = prefix('100.64.0.0', 10);

/** The IPv4 address inside `::ffff:a.b.c.d`, or the address itself. */
export function unmapIp(ip: IpBytes): IpBytes {
  return ip.length === 16 && inPrefix(ip, ...v4Mapped) ? ip.subarray(12) : ip;
}

/**
 * True for an address that is reserved for local networks. An address to listen on counts as public when it may be
 * reached from outside although it is not routable itself: the unspecified address and 100.64.0.0/10.
 */
export function isInternalIp(ip: IpBytes, options: { readonly forListening?: boolean } = {}): boolean {
  const bare = unmapIp(ip);
  if (options.forListening === true && (bare.every((byte) => byte === 0) || inPrefix(bare, ...carrierGrade)))
    return false;
  return internalPrefixes.some(([network, bits]) => inPrefix(bare, network, bits));
}

export function isLoopbackIp(ip: IpBytes): boolean {
  const bare = unmapIp(ip);
  if (bare.length === 4) return bare[0] === 127;
  return bare.every((byte, i) => byte === (i === 15 ? 1 : 0));
}
