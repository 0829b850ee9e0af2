import { type IpBytes, parseIp, parseIpv4 } from '../../../base/ip/index.ts';
import type { AddressPort } from './types.ts';

const isoTime = /^(\d{4,10})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})$/;

/** `YYYY-MM-DD HH:MM:SS` in UTC as milliseconds; undefined when it is no such time. */
export function parseIsoTime(text: string): number | undefined {
  const match = isoTime.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `YYYY-MM-DD HH:MM:SS` in UTC; parts of a second are left out. */
export const formatIsoTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const decimal = /^[+-]?\d{1,20}$/;

/** A decimal integer within limits, read as C's strtol does; undefined when it is none. */
export function parseInteger(text: string, min: number, max: number): number | undefined {
  const value = plainNumber(text) ?? (decimal.test(text) ? Number(text) : Number.NaN);
  return value >= min && value <= max ? value : undefined;
}

/** Up to nine digits and nothing else, which is nearly all there is. */
function plainNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 9) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return value;
}

const hex40 = /^[0-9a-fA-F]{40}$/;
const hex64 = /^[0-9a-fA-F]{64}$/;

const unhex = (text: string): Uint8Array => {
  const bytes = Buffer.from(text, 'hex');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
};

/** 20 bytes in hexadecimal. */
export const parseHex20 = (text: string): Uint8Array | undefined => (hex40.test(text) ? unhex(text) : undefined);
/** 32 bytes in hexadecimal. */
export const parseHex32 = (text: string): Uint8Array | undefined => (hex64.test(text) ? unhex(text) : undefined);

/** The value of each Latin-1 character as a base64 digit, 64 for none. */
const base64Digits = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(String.fromCharCode(code));
  return digit === -1 ? 64 : digit;
});

/** Base64 as C tor reads it: white space is skipped, everything from the first `=` on is left out. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const padding = text.indexOf('=');
  const end = padding === -1 ? text.length : padding;
  let digits = 0;
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 256 && (base64Digits[code] as number) < 64) digits++;
    else if (code !== 32 && code !== 10 && code !== 9 && code !== 13) return undefined;
  }
  if (digits % 4 === 1) return undefined;
  // The platform's decoder skips white space too.
  const bytes = Buffer.from(text.slice(0, end), 'base64');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Base64 of exactly `length` bytes, with or without padding. */
export function decodeBase64Of(text: string, length: number): Uint8Array | undefined {
  const out = new Uint8Array(length);
  return decodeBase64Into(text, out, 0, length) ? out : undefined;
}

/**
 * As `decodeBase64Of`, into a place of a larger block. By hand: for the tens of thousands of short digests in a
 * consensus this is several times faster than the platform's decoder.
 */
export function decodeBase64Into(text: string, out: Uint8Array, at: number, length: number): boolean {
  const chars = Math.ceil((length * 8) / 6);
  if (text.length < chars || (text.length > chars && text.charCodeAt(chars) !== 61)) return false;
  let value = 0;
  let bits = 0;
  let to = at;
  for (let i = 0; i < chars; i++) {
    const code = text.charCodeAt(i);
    const digit = code < 256 ? (base64Digits[code] as number) : 64;
    if (digit === 64) return false;
    value = ((value << 6) | digit) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[to++] = (value >>> bits) & 0xff;
    }
  }
  return true;
}

/** Lines of 64 characters, each with its line end, padded. */
export function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  let out = '';
  for (let at = 0; at < text.length; at += 64) out += `${text.slice(at, at + 64)}\n`;
  return out;
}

/** An object between BEGIN and END lines. */
export const formatObject = (type: string, bytes: Uint8Array): string =>
  `-----BEGIN ${type}-----\n${base64Lines(bytes)}-----END ${type}-----\n`;

const nickname = /^[A-Za-z0-9]{1,19}$/;
const hexName = /^\$?[0-9a-fA-F]{40}(?:[=~][A-Za-z0-9]{1,19})?$/;

export const isNickname = (text: string): boolean => nickname.test(text);
/** A fingerprint, with `$` before it and `=nickname` or `~nickname` after it when one likes. */
export const isHexName = (text: string): boolean => hexName.test(text);
export const isNicknameOrHex = (text: string): boolean => (text.startsWith('$') ? isHexName(text) : isNickname(text));

/** A dotted quad. */
export const parseQuad = (text: string): IpBytes | undefined => parseIpv4(text);

/** `address:port`, IPv6 in brackets. */
export function parseAddressPort(text: string): AddressPort | undefined {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return undefined;
  const host = text.slice(0, colon);
  if (host.includes(':') && !host.startsWith('[')) return undefined;
  const address = parseIp(host);
  const port = parseInteger(text.slice(colon + 1), 0, 65535);
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** The first usable IPv6 address and port of several lines; the others say nothing to C tor. */
export function firstIpv6(lines: Iterable<string>): AddressPort | undefined {
  for (const line of lines) {
    const found = parseAddressPort(line);
    if (found !== undefined && found.address.length === 16 && found.port !== 0) return found;
  }
  return undefined;
}
