import { type IpBytes, parseIpv4, parseIpv6 } from '../../base/ip/index.ts';
import { splitList } from './values.ts';

/** One entry of a list of relays, as in `ExitNodes`. */
export type RouterSetItem =
  | { readonly kind: 'fingerprint'; readonly fingerprint: string }
  | { readonly kind: 'nickname'; readonly nickname: string }
  | { readonly kind: 'country'; readonly code: string }
  | { readonly kind: 'address'; readonly prefix: IpBytes; readonly bits: number }
  | { readonly kind: 'any-address' };

const fingerprint = /^\$?([0-9a-fA-F]{40})(?:[=~][A-Za-z0-9]{1,19})?$/;
const nickname = /^[A-Za-z0-9]{1,19}$/;
const country = /^\{([A-Za-z]{2}|\?\?)\}$/;

/** Parses a comma-separated list; undefined when an entry is malformed: C tor then drops the whole list. */
export function parseRouterSet(text: string): RouterSetItem[] | undefined {
  const out: RouterSetItem[] = [];
  for (const entry of splitList(text)) {
    const item = parseRouterSetItem(entry);
    if (item === undefined) return undefined;
    out.push(item);
  }
  return out;
}

export function parseRouterSetItem(text: string): RouterSetItem | undefined {
  const byFingerprint = fingerprint.exec(text);
  if (byFingerprint !== null) return { kind: 'fingerprint', fingerprint: (byFingerprint[1] as string).toUpperCase() };
  if (nickname.test(text)) return { kind: 'nickname', nickname: text };
  const byCountry = country.exec(text);
  if (byCountry !== null) return { kind: 'country', code: (byCountry[1] as string).toLowerCase() };
  return parseAddressPattern(text);
}

/** `address`, `address/bits`, `address/mask` or `*`, each with an optional `:*`; ports mean nothing here. */
function parseAddressPattern(text: string): RouterSetItem | undefined {
  const bare = /:\*$/.test(text) && !text.endsWith('::*') ? text.slice(0, -2) : text;
  if (bare === '*') return { kind: 'any-address' };
  const slash = bare.indexOf('/');
  const host = slash === -1 ? bare : bare.slice(0, slash);
  const inBrackets = host.startsWith('[') && host.endsWith(']');
  const prefix = inBrackets ? parseIpv6(host.slice(1, -1)) : (parseIpv4(host) ?? parseIpv6(host));
  if (prefix === undefined) return undefined;
  const bits = slash === -1 ? prefix.length * 8 : maskBits(bare.slice(slash + 1), prefix.length);
  return bits === undefined ? undefined : { kind: 'address', prefix, bits };
}

function maskBits(text: string, addressLength: number): number | undefined {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text) <= addressLength * 8 ? Number(text) : undefined;
  const mask = addressLength === 4 ? parseIpv4(text) : undefined;
  if (mask === undefined) return undefined;
  const digits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(digits) ? digits.replace(/0/g, '').length : undefined;
}
