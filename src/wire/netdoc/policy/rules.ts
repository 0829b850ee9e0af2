import { formatIp, type IpBytes, parseIp, parseIpv4 } from '../../../base/ip/index.ts';
import { parseInteger } from '../meta/values.ts';
import type { PolicyAddress, PolicyRule } from './types.ts';

type Net = Extract<PolicyAddress, { readonly kind: 'net' }>;

const net = (text: string, bits: number): Net => ({ kind: 'net', address: parseIp(text) ?? new Uint8Array(4), bits });

/** What `private` stands for, in C tor's order. Rejecting exactly one of these does not count in a summary. */
export const privateNets: readonly Net[] = [
  net('0.0.0.0', 8),
  net('169.254.0.0', 16),
  net('127.0.0.0', 8),
  net('192.168.0.0', 16),
  net('10.0.0.0', 8),
  net('172.16.0.0', 12),
  net('::', 8),
  net('fc00::', 7),
  net('fe80::', 10),
  net('fec0::', 10),
  net('ff00::', 8),
  net('::', 127),
];

/** `private` rules as one rule for each of its networks; the others as they are. */
export const expandPrivate = (rules: readonly PolicyRule[]): PolicyRule[] =>
  rules.flatMap((rule) =>
    rule.address.kind === 'private' ? privateNets.map((address) => ({ ...rule, address })) : [rule],
  );

/**
 * What follows `accept` or `reject` in a descriptor: `*:80`, `10.0.0.0/8:*`, `private:1-1023`. Undefined when it
 * cannot be read. `*` means IPv4, and IPv6 may not stand there, as in C tor. spec: dir-spec 2.1.3
 */
export function parseDescriptorRule(accept: boolean, text: string): PolicyRule | undefined {
  const colon = text.indexOf(':');
  const pattern = colon === -1 ? text : text.slice(0, colon);
  const ports = parsePorts(colon === -1 ? '*' : text.slice(colon + 1));
  const address = parsePattern(pattern);
  return ports === undefined || address === undefined ? undefined : { accept, address, ...ports };
}

function parsePattern(text: string): PolicyAddress | undefined {
  if (text === '*') return { kind: 'any4' };
  if (text === 'private') return { kind: 'private' };
  const [quad = '', mask, more] = text.split('/', 3);
  const address = parseIpv4(quad);
  if (address === undefined || more !== undefined) return undefined;
  const bits = mask === undefined ? 32 : (parseInteger(mask, 0, 32) ?? maskBits(mask));
  return bits === undefined ? undefined : { kind: 'net', address, bits };
}

/** The length of a prefix written as a mask, 255.255.0.0. */
function maskBits(text: string): number | undefined {
  const mask = parseIpv4(text);
  if (mask === undefined) return undefined;
  const word = new DataView(mask.buffer, mask.byteOffset, 4).getUint32(0);
  const bits = Math.clz32(~word >>> 0);
  return (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0) === word ? bits : undefined;
}

function parsePorts(text: string): Pick<PolicyRule, 'lowPort' | 'highPort'> | undefined {
  if (text === '*' || text === '') return { lowPort: 1, highPort: 65535 };
  const [low = '', high = low, more] = text.split('-', 3);
  const lowPort = parseInteger(low, 1, 65535);
  const highPort = parseInteger(high, 1, 65535);
  if (lowPort === undefined || highPort === undefined || more !== undefined || lowPort > highPort) return undefined;
  return { lowPort, highPort };
}

/** A line of a descriptor; undefined for a rule about IPv6, which descriptors leave out. */
export function formatDescriptorRule(rule: PolicyRule): string | undefined {
  const address = formatPattern(rule.address);
  return address === undefined ? undefined : `${rule.accept ? 'accept' : 'reject'} ${address}:${formatPorts(rule)}\n`;
}

function formatPattern(address: PolicyAddress): string | undefined {
  if (address.kind === 'private') return 'private';
  if (address.kind === 'any' || address.kind === 'any4') return '*';
  if (address.kind === 'any6' || address.address.length === 16) return undefined;
  if (address.bits === 0) return '*';
  return `${formatIp(address.address)}${address.bits === 32 ? '' : `/${address.bits}`}`;
}

function formatPorts({ lowPort, highPort }: PolicyRule): string {
  if (lowPort <= 1 && highPort === 65535) return '*';
  return lowPort === highPort ? `${lowPort}` : `${lowPort}-${highPort}`;
}

const zeros = { 4: new Uint8Array(4), 6: new Uint8Array(16) } as const;

/** A rule's prefix as one family sees it; undefined when it says nothing about that family. */
export function prefixFor(
  { address }: PolicyRule,
  family: 4 | 6,
): { readonly address: IpBytes; readonly bits: number } | undefined {
  if (address.kind === 'net') return (address.address.length === 4) === (family === 4) ? address : undefined;
  if (address.kind === 'private') return undefined;
  const other = family === 4 ? 'any6' : 'any4';
  return address.kind === other ? undefined : { address: zeros[family], bits: 0 };
}
