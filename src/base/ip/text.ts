/** An IP address: 4 bytes (IPv4) or 16 (IPv6), network order. */
export type IpBytes = Uint8Array;

const hexWord = /^[0-9a-fA-F]{1,4}$/;

/** Dotted quad only; leading zeros (octal to some) are refused. By hand: a consensus has thousands of them. */
export function parseIpv4(text: string): IpBytes | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  const out = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? 46 : text.charCodeAt(at);
    if (code === 46) {
      if (digits === 0 || value > 255 || part === 4) return undefined;
      out[part++] = value;
      digits = 0;
      value = 0;
    } else {
      if (code < 48 || code > 57 || digits === 3 || (digits === 1 && value === 0)) return undefined;
      value = 10 * value + code - 48;
      digits++;
    }
  }
  return part === 4 ? out : undefined;
}

/** RFC 4291 text without brackets and without a zone. */
export function parseIpv6(text: string): IpBytes | undefined {
  if (text.length < 2 || text.length > 45) return undefined;
  const gap = text.indexOf('::');
  if (gap !== -1 && text.indexOf('::', gap + 1) !== -1) return undefined;
  const head = words(gap === -1 ? text : text.slice(0, gap), gap === -1);
  const tail = gap === -1 ? [] : words(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const count = head.length + tail.length;
  if (gap === -1 ? count !== 8 : count > 7) return undefined;
  const all = [...head, ...new Array<number>(8 - count).fill(0), ...tail];
  const out = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    out[2 * i] = (all[i] as number) >>> 8;
    out[2 * i + 1] = (all[i] as number) & 0xff;
  }
  return out;
}

function words(text: string, quadAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (hexWord.test(part)) {
      out.push(Number.parseInt(part, 16));
      continue;
    }
    const quad = quadAllowed && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (quad === undefined) return undefined;
    out.push(((quad[0] as number) << 8) | (quad[1] as number), ((quad[2] as number) << 8) | (quad[3] as number));
  }
  return out;
}

/** Either family; IPv6 may stand in brackets. */
export function parseIp(text: string): IpBytes | undefined {
  if (text.startsWith('[') && text.endsWith(']')) return parseIpv6(text.slice(1, -1));
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** RFC 5952 text; an IPv4 address mapped or embedded in IPv6 ends in a dotted quad, as inet_ntop writes it. */
export function formatIp(ip: IpBytes): string {
  if (ip.length === 4) return ip.join('.');
  const w: number[] = [];
  for (let i = 0; i < 16; i += 2) w.push(((ip[i] as number) << 8) | (ip[i + 1] as number));
  if (w.slice(0, 5).every((word) => word === 0)) {
    const quad = ip.subarray(12).join('.');
    if (w[5] === 0xffff) return `::ffff:${quad}`;
    if (w[5] === 0 && w[6] !== 0 && w[7] !== 0) return `::${quad}`;
  }
  const { start, length } = longestZeroRun(w);
  if (length < 2) return w.map((word) => word.toString(16)).join(':');
  const hex = (part: number[]): string => part.map((word) => word.toString(16)).join(':');
  return `${hex(w.slice(0, start))}::${hex(w.slice(start + length))}`;
}

function longestZeroRun(w: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < w.length; i++) {
    let end = i;
    while (end < w.length && w[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = Math.max(i, end);
  }
  return best;
}

/** As `formatIp`, with brackets round IPv6: the form that stands before `:port`. */
export function formatIpHost(ip: IpBytes): string {
  return ip.length === 4 ? formatIp(ip) : `[${formatIp(ip)}]`;
}

/** `address:port`, IPv6 in brackets. */
export function formatIpPort(ip: IpBytes, port: number): string {
  return `${formatIpHost(ip)}:${port}`;
}
