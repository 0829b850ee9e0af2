import { TorError } from '../../base/errors/index.ts';
import { formatIp, parseIp, parseIpv4 } from '../../base/ip/index.ts';
import type { DirAuthority, FallbackDir } from './types.ts';

/**
 * A `DirAuthority` line's value: [nickname] [flags] IPv4:dirport fingerprint (spaces allowed within).
 * Throws BAD_DIR_SERVER. Unknown flags are let pass, as in C tor. spec: manual page, DirAuthority
 */
export function parseDirAuthority(line: string): DirAuthority {
  const items = words(line);
  const nickname = /^[0-9A-Za-z]{1,19}$/.test(items[0] ?? '') ? (items.shift() as string) : '';
  const flags: string[] = [];
  while (items[0] !== undefined && !/^[0-9]/.test(items[0])) flags.push(items.shift() as string);
  const [addressPort, ...fingerprintParts] = items;
  if (addressPort === undefined || fingerprintParts.length === 0) throw bad(line, 'address and fingerprint are needed');
  const { address, port } = splitAddressPort(line, addressPort);
  if (parseIpv4(address) === undefined) throw bad(line, 'the address must be IPv4');
  const v3Ident = flagValue(flags, 'v3ident=');
  const ipv6 = flagValue(flags, 'ipv6=');
  const endpoints = flags.flatMap((flag) => endpointOf(line, flag));
  return {
    nickname: nickname === '' ? address : nickname,
    address,
    dirPort: port,
    orPort: portOf(line, flagValue(flags, 'orport=') ?? '0', 0),
    ...(ipv6 === undefined ? {} : { ipv6: ipv6OrPort(line, ipv6) }),
    fingerprint: hexDigest(line, fingerprintParts.join('')),
    ...(v3Ident === undefined ? {} : { v3Ident: hexDigest(line, v3Ident) }),
    bridge: flags.some((flag) => flag.toLowerCase() === 'bridge'),
    weight: weightOf(flagValue(flags, 'weight=')),
    ...(endpoints.length === 0 ? {} : { endpoints }),
  };
}

/** A `FallbackDir` line's value: address[:dirport] orport= id= [ipv6=] [weight=]. Throws BAD_DIR_SERVER. */
export function parseFallbackDir(line: string): FallbackDir {
  const items = words(line);
  const [place, ...more] = items.filter((item) => !item.includes('='));
  if (place === undefined || more.length > 0) throw bad(line, 'exactly one address is needed');
  const orPort = flagValue(items, 'orport=');
  const id = flagValue(items, 'id=');
  if (orPort === undefined || id === undefined) throw bad(line, 'orport= and id= are needed');
  const { address } = splitAddressPort(line, place);
  const ip = parseIp(address);
  if (ip === undefined) throw bad(line, 'the address is not an IP address');
  const ipv6 = flagValue(items, 'ipv6=');
  return {
    address: formatIp(ip),
    orPort: portOf(line, orPort, 1),
    ...(ipv6 === undefined ? {} : { ipv6: ipv6OrPort(line, ipv6) }),
    fingerprint: hexDigest(line, id),
    weight: weightOf(flagValue(items, 'weight=')),
  };
}

/** The shipped lists: each file is a JSON array of lines. Throws BAD_DIR_SERVER. */
export function parseServerList<T>(json: string, parseLine: (line: string) => T): T[] {
  const lines: unknown = JSON.parse(json);
  if (!Array.isArray(lines)) throw bad('', 'a list of directory servers must be a JSON array');
  return lines.map((line) => parseLine(String(line)));
}

/** Where the shipped lists lie, from the sources as from the built package. */
export function shippedServerLists(): { readonly authorities: URL; readonly fallbacks: URL } {
  return {
    authorities: new URL('../../../data/authorities.json', import.meta.url),
    fallbacks: new URL('../../../data/fallbacks.json', import.meta.url),
  };
}

const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== '');

const bad = (line: string, why: string): TorError =>
  new TorError('BAD_DIR_SERVER', `directory server line: ${why}`, { facts: { line } });

function flagValue(flags: readonly string[], prefix: string): string | undefined {
  return flags.find((flag) => flag.toLowerCase().startsWith(prefix))?.slice(prefix.length);
}

function splitAddressPort(line: string, text: string): { address: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  if (address === undefined) throw bad(line, 'the address cannot be read');
  return { address, port: match?.[3] === undefined ? 0 : portOf(line, match[3], 1) };
}

function portOf(line: string, text: string, minimum: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < minimum || port > 65535) throw bad(line, `bad port ${text}`);
  return port;
}

function ipv6OrPort(line: string, text: string): { address: string; orPort: number } {
  const { address, port } = splitAddressPort(line, text);
  const ip = parseIp(address);
  if (ip?.length !== 16 || port === 0) throw bad(line, 'ipv6= must be [address]:port');
  return { address: formatIp(ip), orPort: port };
}

function endpointOf(line: string, flag: string): NonNullable<DirAuthority['endpoints']>[number][] {
  if (!/^(upload|download|vote)=/i.test(flag)) return [];
  const match = /^(upload|download|vote)=http:\/\/([^/]+)\/?$/i.exec(flag);
  if (match === null) throw bad(line, `${flag} must be http://address:port/`);
  const { address, port } = splitAddressPort(line, match[2] as string);
  return [{ usage: (match[1] as string).toLowerCase() as 'upload' | 'download' | 'vote', address, dirPort: port }];
}

function hexDigest(line: string, text: string): string {
  if (!/^[0-9a-fA-F]{40}$/.test(text)) throw bad(line, 'a fingerprint has 40 hexadecimal digits');
  return text.toUpperCase();
}

function weightOf(text: string | undefined): number {
  const weight = text === undefined ? 1 : Number(text);
  return Number.isFinite(weight) && weight >= 0 ? weight : 1;
}
