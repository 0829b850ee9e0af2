import { type IpBytes, inPrefix, parseIp } from '../../base/ip/index.ts';

/** `ADDR[/BITS | /MASK][:PORT[-PORT]]` with `*`, `*4` and `*6`, as in an exit policy. */
export interface AddressPattern {
  /** Undefined for any address of either family. */
  readonly prefix: IpBytes | undefined;
  readonly bits: number;
  readonly portLow: number;
  readonly portHigh: number;
}

/** Undefined when it cannot be read. */
export function parseAddressPattern(text: string): AddressPattern | undefined {
  const match =
    /^(\*[46]?|\[[0-9A-Fa-f:.]+\]|[0-9.]+|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*)(?:\/([0-9.]+))?(?::([0-9*-]+))?$/.exec(text);
  if (match === null) return undefined;
  const [, host, mask, ports] = match as unknown as [string, string, string | undefined, string | undefined];
  const range = ports === undefined || ports === '*' ? { low: 1, high: 65535 } : parsePorts(ports);
  if (range === undefined) return undefined;
  const where = parseHost(host, mask);
  return where === undefined ? undefined : { ...where, portLow: range.low, portHigh: range.high };
}

function parseHost(host: string, mask: string | undefined): { prefix: IpBytes | undefined; bits: number } | undefined {
  if (host.startsWith('*')) {
    if (mask !== undefined) return undefined;
    if (host === '*') return { prefix: undefined, bits: 0 };
    return { prefix: new Uint8Array(host === '*4' ? 4 : 16), bits: 0 };
  }
  const prefix = parseIp(host);
  if (prefix === undefined) return undefined;
  const bits = mask === undefined ? prefix.length * 8 : maskBits(mask, prefix.length);
  return bits === undefined ? undefined : { prefix, bits };
}

function maskBits(mask: string, length: number): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= length * 8 ? Number(mask) : undefined;
  const quad = length === 4 ? parseIp(mask) : undefined;
  if (quad === undefined) return undefined;
  const binary = [...quad].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const ones = /^(1*)0*$/.exec(binary);
  return ones === null ? undefined : (ones[1] as string).length;
}

function parsePorts(text: string): { low: number; high: number } | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const low = Number(match[1]);
  const high = match[2] === undefined ? low : Number(match[2]);
  return low >= 1 && high <= 65535 && low <= high ? { low, high } : undefined;
}

export function matchesPattern(pattern: AddressPattern, address: IpBytes, port: number): boolean {
  if (port < pattern.portLow || port > pattern.portHigh) return false;
  return pattern.prefix === undefined || inPrefix(address, pattern.prefix, pattern.bits);
}
