import { TorError } from '../../base/errors/index.ts';
import { type IpBytes, inPrefix, isInternalIp, parseIpv4, parseIpv6 } from '../../base/ip/index.ts';

/** One rule of a policy such as `SocksPolicy` or `DirPolicy`. */
export interface AddressRule {
  readonly accept: boolean;
  /** Undefined: every address of the families that `families` names. */
  readonly prefix: { readonly ip: IpBytes; readonly bits: number } | 'private' | undefined;
  readonly families: 'both' | 'ipv4' | 'ipv6';
  readonly minPort: number;
  readonly maxPort: number;
}

/**
 * Reads lines of `accept|reject[6] address[/mask][:port]`, with commas between rules. An address is `*`, `*4`, `*6`,
 * `private`, or an IP address. `accept6` and `reject6` before anything but IPv6 are passed over, as in C tor, and told to
 * `warn`. Throws TORRC_VALUE. spec: manual page, ExitPolicy
 */
export function parseAddressPolicy(lines: readonly string[], warn?: (message: string) => void): AddressRule[] {
  return lines
    .flatMap((line) => line.split(','))
    .flatMap((text) => (text.trim() === '' ? [] : (parseRule(text.trim(), warn) ?? [])));
}

function parseRule(text: string, warn?: (message: string) => void): AddressRule | undefined {
  const match = /^(accept6|reject6|accept|reject)\s+(.+)$/i.exec(text);
  const bad = (): never => {
    throw new TorError('TORRC_VALUE', `Malformed policy '${text}'.  Discarding entire policy list.`);
  };
  if (match === null) return bad();
  const verb = (match[1] as string).toLowerCase();
  const only6 = verb.endsWith('6');
  const { host, ports } = splitPorts((match[2] as string).trim());
  const range = parsePortRange(ports);
  if (range === undefined) return bad();
  const passOver = (): undefined => {
    warn?.(
      `IPv4 address '${(match[2] as string).trim()}' with accept6/reject6 field type in exit policy. Ignoring, but ` +
        'continuing to parse rules. (Use accept/reject with IPv4 addresses.)',
    );
  };
  const base = { accept: verb.startsWith('accept'), ...range };
  const any = /^\*([46])?$/.exec(host);
  if (any !== null) {
    if (only6 && any[1] === '4') return passOver();
    const families = only6 || any[1] === '6' ? 'ipv6' : any[1] === '4' ? 'ipv4' : 'both';
    return { ...base, prefix: undefined, families };
  }
  if (host.toLowerCase() === 'private') return { ...base, prefix: 'private', families: only6 ? 'ipv6' : 'both' };
  const prefix = parsePrefix(host);
  if (prefix === undefined) return bad();
  if (only6 && prefix.ip.length === 4) return passOver();
  return { ...base, prefix, families: prefix.ip.length === 4 ? 'ipv4' : 'ipv6' };
}

function splitPorts(text: string): { host: string; ports: string } {
  const close = text.lastIndexOf(']');
  const colon = text.lastIndexOf(':');
  const bareIpv6 = close === -1 && text.indexOf(':') !== colon;
  if (colon === -1 || colon < close || bareIpv6) return { host: text, ports: '*' };
  return { host: text.slice(0, colon), ports: text.slice(colon + 1) };
}

function parsePortRange(text: string): { minPort: number; maxPort: number } | undefined {
  if (text === '*') return { minPort: 1, maxPort: 65535 };
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const minPort = Number(match[1]);
  const maxPort = match[2] === undefined ? minPort : Number(match[2]);
  return minPort < 1 || maxPort > 65535 || minPort > maxPort ? undefined : { minPort, maxPort };
}

function parsePrefix(text: string): { ip: IpBytes; bits: number } | undefined {
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  const ip = host.startsWith('[') ? parseIpv6(host.replace(/^\[|\]$/g, '')) : (parseIpv4(host) ?? parseIpv6(host));
  if (ip === undefined) return undefined;
  if (slash === -1) return { ip, bits: ip.length * 8 };
  const bits = maskBits(text.slice(slash + 1), ip.length);
  return bits === undefined ? undefined : { ip, bits };
}

function maskBits(text: string, length: number): number | undefined {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text) <= length * 8 ? Number(text) : undefined;
  const mask = length === 4 ? parseIpv4(text) : undefined;
  if (mask === undefined) return undefined;
  const digits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(digits) ? digits.replace(/0/g, '').length : undefined;
}

/** The first rule that matches decides; no rule matching means accepted. */
export function policyAccepts(rules: readonly AddressRule[], ip: IpBytes, port: number): boolean {
  for (const rule of rules) {
    if (port < rule.minPort || port > rule.maxPort) continue;
    if (rule.families !== 'both' && (rule.families === 'ipv4') !== (ip.length === 4)) continue;
    const matches =
      rule.prefix === undefined ||
      (rule.prefix === 'private' ? isInternalIp(ip) : inPrefix(ip, rule.prefix.ip, rule.prefix.bits));
    if (matches) return rule.accept;
  }
  return true;
}
