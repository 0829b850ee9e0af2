import { type IpBytes, parseIpv4 } from '../../../base/ip/index.ts';

const arpa4 = '.in-addr.arpa';
const arpa6 = '.ip6.arpa';

/** The address that a lower-case name such as 1.0.0.127.in-addr.arpa stands for, or why it is none. */
export function parseReverseName(name: string): IpBytes | 'malformed' | 'not reverse' {
  if (name.endsWith(arpa4)) {
    const ip = parseIpv4(name.slice(0, -arpa4.length));
    return ip === undefined ? 'malformed' : ip.reverse();
  }
  if (!name.endsWith(arpa6)) return 'not reverse';
  const nibbles = name.slice(0, -arpa6.length);
  if (!/^[0-9a-f](?:\.[0-9a-f]){31}$/.test(nibbles)) return 'malformed';
  const digits = nibbles.split('.').reverse().join('');
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
