import { compareBytes } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { type IpBytes, parseIpv6, unmapIp } from '../../base/ip/index.ts';

/** The code of an address that is in no range. */
export const unknownCountry = '??';

interface Range6 {
  readonly low: IpBytes;
  readonly high: IpBytes;
  readonly country: string;
}

const form4 = /^"?(\d{1,10})"?,"?(\d{1,10})"?,"?([^",\s]{2})/;
const maxBadLines = 10;

/**
 * Addresses to countries, from the files that Tor ships (`geoip`, `geoip6`): lines `LOW,HIGH,CC` with IPv4 as numbers
 * and IPv6 as text. Codes are lower case.
 */
export class GeoIp {
  readonly #low4: Uint32Array;
  readonly #high4: Uint32Array;
  readonly #country4: readonly string[];
  readonly #ranges6: readonly Range6[];
  readonly #known: ReadonlySet<string>;

  /** Throws BAD_GEOIP when hardly a line can be read; a few bad lines are passed over, as in C tor. */
  constructor(geoip: string | undefined, geoip6: string | undefined) {
    const ranges4 = parseLines(geoip ?? '', parse4).sort((a, b) => a.low - b.low);
    this.#low4 = Uint32Array.from(ranges4, (range) => range.low);
    this.#high4 = Uint32Array.from(ranges4, (range) => range.high);
    this.#country4 = ranges4.map((range) => range.country);
    this.#ranges6 = parseLines(geoip6 ?? '', parse6).sort((a, b) => compareBytes(a.low, b.low));
    this.#known = new Set([unknownCountry, ...this.#country4, ...this.#ranges6.map((range) => range.country)]);
  }

  /** Whether any range, or the lack of one, has this code. */
  knows(country: string): boolean {
    return this.#known.has(country.toLowerCase());
  }

  /** Two letters in lower case, or `??`. */
  countryOf(ip: IpBytes): string {
    const bare = unmapIp(ip);
    return bare.length === 4 ? this.#find4(bare) : this.#find6(bare);
  }

  #find4(ip: IpBytes): string {
    const [a, b, c, d] = ip as Uint8Array & [number, number, number, number];
    const value = ((a * 256 + b) * 256 + c) * 256 + d;
    const at = lastAtOrBefore(this.#low4.length, (i) => (this.#low4[i] as number) <= value);
    if (at < 0 || value > (this.#high4[at] as number)) return unknownCountry;
    return this.#country4[at] as string;
  }

  #find6(ip: IpBytes): string {
    const at = lastAtOrBefore(this.#ranges6.length, (i) => compareBytes((this.#ranges6[i] as Range6).low, ip) <= 0);
    const range = this.#ranges6[at];
    return range !== undefined && compareBytes(ip, range.high) <= 0 ? range.country : unknownCountry;
  }
}

function lastAtOrBefore(count: number, isAtOrBefore: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAtOrBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function parseLines<T>(text: string, parse: (line: string) => T | undefined): T[] {
  const ranges: T[] = [];
  let bad = 0;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const range = parse(line);
    if (range !== undefined) ranges.push(range);
    else bad++;
  }
  if (bad > maxBadLines && bad > ranges.length)
    throw new TorError('BAD_GEOIP', undefined, { facts: { badLines: bad } });
  return ranges;
}

function parse4(line: string): { low: number; high: number; country: string } | undefined {
  const match = form4.exec(line);
  if (match === null) return undefined;
  const [low, high] = [Number(match[1]), Number(match[2])];
  return low <= high && high <= 0xffffffff ? { low, high, country: (match[3] as string).toLowerCase() } : undefined;
}

function parse6(line: string): Range6 | undefined {
  const [lowText, highText, country, extra] = line.split(',');
  const low = parseIpv6(lowText ?? '');
  const high = parseIpv6(highText ?? '');
  if (low === undefined || high === undefined || country?.length !== 2 || extra !== undefined) return undefined;
  return compareBytes(low, high) <= 0 ? { low, high, country: country.toLowerCase() } : undefined;
}
