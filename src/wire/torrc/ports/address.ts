import { type IpBytes, parseIp, parseIpv4, parseIpv6 } from '../../../base/ip/index.ts';
import { readQuoted } from '../quoting.ts';

/** Finds the address of a host name; without one only `localhost` is known. */
export type HostLookup = (name: string) => IpBytes | undefined;

export interface AddressPart {
  /** The address, without `unix:` and quotes. */
  readonly text: string;
  readonly unix: boolean;
  /** What follows: the flags. */
  readonly rest: string;
}

/** Splits the first word of a port line from its flags. A unix path with blanks is quoted: `unix:"/a b"`. */
export function splitAddress(line: string): AddressPart | undefined {
  const text = line.trimStart();
  if (text.startsWith('unix:"')) {
    const quoted = readQuoted(text, 'unix:'.length);
    if (quoted === undefined || quoted.value.includes('\0')) return undefined;
    return { text: quoted.value, unix: true, rest: text.slice(quoted.end).trimStart() };
  }
  const unix = text.startsWith('unix:');
  const bare = unix ? text.slice('unix:'.length) : text;
  const end = bare.search(/\s/);
  if (end === -1) return { text: bare, unix, rest: '' };
  return { text: bare.slice(0, end), unix, rest: bare.slice(end).trimStart() };
}

/** `address`, `address:port`, with IPv6 in brackets when a port follows. The port is 0 when there is none. */
export function parseAddressPort(text: string, lookup?: HostLookup): { ip: IpBytes; port: number } | undefined {
  const v6 = parseIpv6(text);
  if (v6 !== undefined) return { ip: v6, port: 0 };
  const colon = text.lastIndexOf(':');
  const hasPort = colon !== -1 && !text.endsWith(']');
  const host = hasPort ? text.slice(0, colon) : text;
  const port = hasPort ? parsePort(text.slice(colon + 1), 1) : 0;
  const ip = resolveHost(host, lookup);
  return port === undefined || ip === undefined ? undefined : { ip, port };
}

export function parsePort(text: string, min: number): number | undefined {
  const port = /^\s*\+?[0-9]{1,10}$/.test(text) ? Number(text) : -1;
  return port >= min && port <= 65535 ? port : undefined;
}

function resolveHost(host: string, lookup?: HostLookup): IpBytes | undefined {
  const ip = host.startsWith('[') ? parseIp(host) : parseIpv4(host);
  if (ip !== undefined) return ip;
  return lookup?.(host) ?? (host.toLowerCase() === 'localhost' ? Uint8Array.of(127, 0, 0, 1) : undefined);
}
