import { domainToASCII } from 'node:url';
import { TorError } from '../../base/errors/index.ts';
import { parseIp } from '../../base/ip/index.ts';
import { parseOnionAddress } from '../../roles/onion/index.ts';

/** What fits into a BEGIN cell and into a SOCKS request. */
const maxHostLength = 255;
const maxTimerMs = 2 ** 31 - 1;

const refuse = (message: string): never => {
  throw new TorError('OPTION_INVALID', message);
};

/** A whole number in a range. Throws OPTION_INVALID. */
export function checkNumber(name: string, value: unknown, [min, max]: readonly [number, number]): number {
  const found = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof found !== 'number' || !Number.isInteger(found) || found < min || found > max) {
    return refuse(`${name} is a whole number from ${min} to ${max}, not ${told(value)}`);
  }
  return found;
}

export const checkPort = (name: string, value: unknown): number => checkNumber(name, value, [1, 65535]);

/** How long a timer may wait; Infinity is as long as it can. Throws OPTION_INVALID. */
export function checkTimeout(value: number): number {
  if (typeof value !== 'number' || !(value > 0)) {
    return refuse(`timeoutMs is a number of milliseconds above 0, not ${told(value)}`);
  }
  return Math.min(value, maxTimerMs);
}

/**
 * A host as it goes into a request: names of other scripts in Punycode, IPv6 addresses without brackets. Throws
 * OPTION_INVALID; ONION_ADDRESS_INVALID tells what is wrong with an address of a service.
 */
export function checkHost(host: unknown): string {
  if (typeof host !== 'string' || host === '') return refuse(`a host is a name or an address, not ${told(host)}`);
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (parseIp(bare) !== undefined) return bare;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything beyond ASCII
  const name = /^[\x00-\x7f]*$/.test(host) ? host : domainToASCII(host);
  if (name === '') return refuse(`${told(host)} cannot be a host name`);
  if (name.length > maxHostLength) return refuse(`a host name has at most ${maxHostLength} characters`);
  if (/\.onion\.?$/i.test(name) && !/\.petname\.onion\.?$/i.test(name)) parseOnionAddress(name);
  return name;
}

/** What was given, for a message. */
export function told(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
